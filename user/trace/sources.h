/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What opens and closes windows but markers: the window specs, and the pairs of probes that stand
 * for them in the objects that the target maps.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "trace/window_spec.h"

struct links;
struct programs;
struct sources;

/* An object that is looked at. */
struct sources_object {
	int fd;
	const char *path; /* for people, and to be matched with the OBJECT of a spec */
	bool is_program;  /* what was started or attached to, not a library */
	pid_t pid;	  /* EVERY_PROCESS, or the one to probe */
};

int sources__new(struct sources **out, struct programs *programs, const struct window_spec *specs,
		 size_t specs_len);

/* Whether there is any spec of this kind: otherwise no object need be looked at. */
bool sources__any(const struct sources *sources);

/*
 * Puts the probes of every spec that means this object. 0, also when none does; otherwise what went
 * wrong with the object has been logged, and a negative errno comes back.
 */
int sources__attach(struct sources *sources, struct links *links,
		    const struct sources_object *object);

/*
 * -ENOENT, logged, when a spec has found nothing in the program, or in the file whose path it has:
 * these have been looked at by now.
 */
int sources__require(const struct sources *sources);

/* For each spec that has found nothing until now: logs why nothing of it is in the report. */
void sources__warn(const struct sources *sources);

void sources__free(struct sources *sources);
