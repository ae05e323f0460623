/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the table renderer, in the order in which they are printed. */
#pragma once

#include <stddef.h>

#include "model/report.h"
#include "report/render.h"
#include "report/table_grid.h"
#include "report/table_values.h"

#define TABLE_MOST_ROWS 30 /* of every process of a host, or group of them */

/* Each returns 0 or negative errno, and prints an empty line before what follows another part. */
int table__operations(const struct report *report, const struct render_options *options,
		      struct canvas *canvas);
int table__windows(const struct report *report, const struct render_options *options,
		   struct canvas *canvas);
int table__processes(const struct report *report, const struct canvas *canvas);
int table__groups(const struct report *report, const struct canvas *canvas);
int table__notes(const struct report *report, const struct canvas *canvas);

/* A line of text, broken between words on a narrow terminal. -ENOMEM. */
int table__line(const struct canvas *canvas, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The same, dimmed with colour. */
int table__footnote(const struct canvas *canvas, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* What the mark of a process-wide value means, once. */
int table__explain_overlap(struct canvas *canvas);
/* An operation in the order of the table. */
struct ordered {
	size_t operation; /* index into report.operations */
	size_t parent;	  /* its parent's place in this order, or ORDERED_ROOT */
};
#define ORDERED_ROOT ((size_t)-1)

/*
 * All operations, each after its parent and its larger siblings. values: one an operation; sort: a
 * list of columns, the later ones for ties, or NULL for the order of first begin. The caller frees
 * *out. -ENOMEM, -EINVAL for an unknown column.
 */
int order__operations(const struct report *report, const struct values *values, const char *sort,
		      struct ordered **out);
