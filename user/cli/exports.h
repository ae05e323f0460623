/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of --json, --csv and their like: opened before the trace, written after it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "trace/identity.h"

struct options;
struct output;
struct render_options;
struct report;

struct exports {
	const struct options *options; /* output i is options->exports[i] */
	struct output **outputs;
	size_t len;
};

#define EXPORTS_INIT ((struct exports){.len = 0})

/* All or none. Negative errno after an error message. `options` and `user` must outlive it. */
int exports__open(struct exports *out, const struct options *options, const struct identity *user);

/* Whether one of them is standard output, where the table then has no place. */
bool exports__use_stdout(const struct exports *exports);

/* Writes what can be written, whatever becomes of the others; the first error, logged. */
int exports__write(struct exports *exports, const struct report *report,
		   const struct render_options *render);

/* Leaves no file behind that was not written. */
void exports__discard(struct exports *exports);
