/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ways a report can be written. A new format is a file and a line in render.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "model/report.h"

struct render_options {
	bool color;
	bool bytes;	     /* plain numbers of bytes */
	bool windows;	     /* list each window */
	const char *columns; /* checked by columns__check(); NULL: the default */
	const char *sort;    /* one column; NULL: in order of first begin */
	size_t top;	     /* operations shown; 0: all */
};

struct renderer {
	const char *name; /* "table", "json", "csv" */
	/* 0 or negative errno; a failed write shows in ferror(stream), too. */
	int (*render)(const struct report *report, const struct render_options *options,
		      FILE *stream);
};

/* NULL: there is none of that name. */
const struct renderer *render__find(const char *name);
