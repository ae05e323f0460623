/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Window specs of the command line (-w SPEC): what opens and closes windows. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum window_kind {
	WINDOW_MARKER,	 /* the marker library's begin and end */
	WINDOW_PYTHON,	 /* functions of a Python program */
	WINDOW_FUNCTION, /* entry and return */
	WINDOW_CALLS,	 /* two functions of the program's own */
	WINDOW_USDT,	 /* two USDT probes */
};

/* Where the operation's name comes from. */
enum window_naming { NAMING_FIXED, NAMING_STRING, NAMING_NUMBER };

#define OBJECT_ANY "*"

struct window_spec {
	enum window_kind kind;
	const char *text; /* as given */
	char *object;	  /* path, base name or OBJECT_ANY; NULL: the program */
	char *provider;	  /* WINDOW_USDT */
	char *begin;	  /* function or probe; the pattern of WINDOW_PYTHON */
	char *end;
	enum window_naming naming;
	uint32_t argument;  /* of begin, from 0 */
	const char *prefix; /* of a name that is an argument; never NULL */
	char *filter;	    /* of that argument; NULL: all */
};

/*
 * 0 when this build knows the spec, of which *out then keeps text; otherwise logs what is wrong,
 * with the nearest spec that is known, and returns -EINVAL or -ENOMEM. A preset is replaced by what
 * it stands for.
 */
int window_spec__parse(struct window_spec *out, const char *text);
void window_spec__free(struct window_spec *spec);

/*
 * The number-th form of a spec and what it means; false beyond the last.
 */
bool window_spec__form(size_t number, const char **form, const char **about);

/* Whether one of len specs is of that kind. */
bool window_spec__has(const struct window_spec *specs, size_t len, enum window_kind kind);
