/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sources.c (specs and USDT probes) and sources_functions.c (functions) share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract.h"
#include "symbol/elf_functions.h"
#include "trace/links.h"
#include "trace/sources.h"

struct sources {
	struct programs *programs;
	const struct window_spec *specs;
	size_t specs_len;
	size_t *found;	/* of each spec: objects that have it */
	char **nearest; /* of each spec: a function with a similar name, or NULL */
	uint32_t len;	/* numbers given out */
	/* Of the object that is being looked at, read when the first spec asks for them. */
	struct elf_functions functions;
	bool functions_read;
	int functions_error;
};

/* libx means libx.so, libx.so.1 and libx.cpython-311.so. */
bool sources__has_base_name(const char *path, const char *name);

/* A number for one more pair of probes. -ENOSPC: there are too many. */
int sources__add(struct sources *sources, const struct window_spec *spec, enum mt_pairing pairing,
		 const char *name, uint32_t *number);

/* Takes back what was attached since the mark. */
void sources__cut(struct links *links, struct links_mark mark);

/*
 * Probe the functions of a spec of WINDOW_FUNCTION, or of WINDOW_CALLS, in an object. -ENOENT: it
 * has none; -EOPNOTSUPP: none can be probed (logged); -ENOTSUP: it is a Go program.
 */
int sources_functions__attach(struct sources *sources, struct links *links,
			      const struct place *place, const struct sources_object *object,
			      const struct window_spec *spec);
int sources_functions__attach_calls(struct sources *sources, struct links *links,
				    const struct place *place, const struct sources_object *object,
				    const struct window_spec *spec);

/*
 * Where exceptions of C++ are caught: what was thrown through ends there, at once. It is in the
 * language's library, or linked into the program.
 */
void sources_functions__attach_catch(struct sources *sources, struct links *links,
				     const struct place *place,
				     const struct sources_object *object);
