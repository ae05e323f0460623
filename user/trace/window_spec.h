/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Window specs of the command line (-w SPEC): what opens and closes windows. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum window_kind {
	WINDOW_MARKER, /* the marker library's begin and end */
	WINDOW_PYTHON, /* functions of a Python program */
};

struct window_spec {
	enum window_kind kind;
	const char *text; /* as given */
	const char *name; /* within text: the pattern of WINDOW_PYTHON */
};

/*
 * 0 when this build knows the spec, of which *out then keeps pointers; otherwise logs what is
 * wrong, with the nearest spec that is known, and returns -EINVAL.
 */
int window_spec__parse(struct window_spec *out, const char *text);

/* Whether one of len specs is of that kind. */
bool window_spec__has(const struct window_spec *specs, size_t len, enum window_kind kind);
