/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --ready-file: tells a script that everything is attached and counting. */
#pragma once

#include <stdbool.h>

#include "trace/identity.h"

struct output;

struct ready {
	const char *path; /* NULL: nothing to tell, or told already */
	const struct identity *user;
	struct output *output; /* a file that is not there yet, a descriptor, a device */
	int fd; /* -1, or a file that exists: written in place, its watchers hold it */
};

#define READY_INIT ((struct ready){.fd = -1})

/*
 * Checks the path and takes away what an earlier run left in the file. `path` may be NULL.
 * Negative errno after an error message.
 */
int ready__open(struct ready *ready, const char *path, const struct identity *user);

/*
 * Writes the line. A fifo without a reader gets it later: -EAGAIN, and ready__is_pending() stays
 * true; holding the fifo open meanwhile would keep its reader from ever seeing the end of file.
 */
int ready__announce(struct ready *ready);
bool ready__is_pending(const struct ready *ready);

void ready__close(struct ready *ready);
