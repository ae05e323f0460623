/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an operation or a window has in each column, to be printed and to be sorted by. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "model/report.h"
#include "report/columns.h"
#include "report/table_grid.h"

#define CELL_SIZE 80 /* two durations or numbers with their units */

/* All columns but the name. */
struct values {
	bool known[COLUMNS];
	int64_t value[COLUMNS]; /* bytes, a count, or of faults the minor ones; not of time */
	int64_t major_faults;
	double time_ns; /* the mean */
	double time_deviation_ns;
	bool time_spread; /* the deviation is known */
	uint64_t incomplete;
	bool overlapped;
};

/* How the cells of a whole table look, so that its digits are in line. */
struct cell_style {
	bool bytes;
	bool any_major;	     /* faults are "minor/major" */
	bool any_overlapped; /* every process-wide value has a mark, or a space in its place */
};

void values__of_operation(struct values *out, const struct operation *operation);
void values__of_window(struct values *out, const struct window_row *window);

/* The column among the others of its table; `window`: of a list of windows. */
void values__add_column(struct grid *grid, enum column column, const struct cell_style *style,
			bool window);
/* Whether another thread's pages may be in one of these columns. */
bool values__any_process_wide(const enum column *columns, size_t len);
/* For a column other than the name. */
void values__print(char cell[CELL_SIZE], const struct values *values, enum column column,
		   const struct cell_style *style);

/* Larger first, unknown last: as qsort() wants it. Not for the name. */
int values__compare(const struct values *a, const struct values *b, enum column column);

/* "-" unless known; as minor, or minor/major. */
void values__print_faults(char cell[CELL_SIZE], const struct faults *faults, bool any_major);

/* A copy of the names, escaped, with a comma between; NULL when memory runs out. */
char *values__join(char *const *names, size_t len);
