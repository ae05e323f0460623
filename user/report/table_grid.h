/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One table of the report: rows of text, laid out by libsmartcols. On a terminal the flexible
 * columns are cut to fit; in a file or pipe every cell is whole.
 *
 * Running out of memory is remembered, so that callers need not look at every call: later calls do
 * nothing and grid__print() returns -ENOMEM.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Where and how the report is printed. */
struct canvas {
	FILE *stream;
	size_t width; /* of the terminal; 0: no limit */
	bool color;
	bool bytes; /* plain numbers of bytes */
	bool overlap_explained;
};

enum grid_flags {
	GRID_RIGHT = 1, /* numbers */
	GRID_FLEX = 2,	/* text that may be cut */
	GRID_TREE = 4,	/* indented by the row's depth; one column at most */
};

struct grid;

/* NULL when memory runs out, which every function takes as such. */
struct grid *grid__new(void);
void grid__free(struct grid *grid);

/* Columns come before rows. The header is copied. */
void grid__add_column(struct grid *grid, const char *header, unsigned int flags);

/* parent: what an earlier call returned, or NULL. The row belongs to the grid. */
struct libscols_line;
struct libscols_line *grid__add_row(struct grid *grid, struct libscols_line *parent);

/* Fills the row's cells from left to right; the text is copied and must be printable. */
void grid__add_cell(struct grid *grid, struct libscols_line *row, const char *text);

/* Whether it fits without cutting much. */
bool grid__fits(const struct grid *grid, const struct canvas *canvas);

/* 0, -ENOMEM, or what writing failed with. */
int grid__print(struct grid *grid, const struct canvas *canvas);

/* Columns of a terminal that a text takes. */
size_t grid__text_width(const char *text);
