// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of operations, and what its marks mean. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/strings.h"
#include "report/table_parts.h"

/* What one table of operations is made of; the arrays are as long as report.operations. */
struct operations {
	const struct report *report;
	enum column columns[COLUMNS];
	size_t columns_len;
	struct values *values; /* by operation */
	struct ordered *order;
	struct libscols_line **rows; /* by place in the order */
	size_t shown;
	struct cell_style style;
};

static void free_operations(struct operations *t)
{
	free(t->values);
	free(t->order);
	free(t->rows);
}

static int prepare(struct operations *t, const struct report *report,
		   const struct render_options *options, const struct canvas *canvas)
{
	size_t len = report->operations_len;
	int r;

	*t = (struct operations){.report = report, .style = {.bytes = canvas->bytes}};
	r = columns__parse(options->columns, t->columns, &t->columns_len);
	if (r)
		return r;
	t->values = calloc(len, sizeof(*t->values));
	t->rows = calloc(len, sizeof(*t->rows));
	if (!t->values || !t->rows)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++)
		values__of_operation(&t->values[i], &report->operations[i]);
	r = order__operations(report, t->values, options->sort, &t->order);
	if (r)
		return r;
	t->shown = options->top && options->top < len ? options->top : len;
	for (size_t i = 0; i < t->shown; i++) {
		const struct values *v = &t->values[t->order[i].operation];

		t->style.any_overlapped |= v->overlapped;
		t->style.any_major |= v->major_faults != 0;
	}
	return 0;
}

/* "4713 worker" */
static int add_thread(struct grid *grid, struct libscols_line *row, const struct operation *o)
{
	char *name = strings__escape(o->thread ? o->thread : ""), *text;
	int r = -1;

	if (name && o->tid)
		r = asprintf(&text, "%d %s", o->tid, name);
	else if (name)
		r = asprintf(&text, "%s", *name ? name : "-");
	free(name);
	if (r < 0)
		return -ENOMEM;
	grid__add_cell(grid, row, text);
	free(text);
	return 0;
}

/* An operation's row: where the columns leave out the name, there is no tree to be placed in. */
static int add_row(struct operations *t, struct grid *grid, size_t place, bool tree)
{
	const struct ordered *o = &t->order[place];
	struct libscols_line *parent = NULL;

	if (tree && o->parent != ORDERED_ROOT)
		parent = t->rows[o->parent];
	t->rows[place] = grid__add_row(grid, parent);
	for (size_t i = 0; i < t->columns_len; i++) {
		const struct operation *operation = &t->report->operations[o->operation];
		char cell[CELL_SIZE];

		if (t->columns[i] == COLUMN_NAME) {
			char *name = strings__escape(operation->name);

			if (!name)
				return -ENOMEM;
			grid__add_cell(grid, t->rows[place], name);
			free(name);
			if (t->report->by == BY_THREAD &&
			    add_thread(grid, t->rows[place], operation))
				return -ENOMEM;
		} else {
			values__print(cell, &t->values[o->operation], t->columns[i], &t->style);
			grid__add_cell(grid, t->rows[place], cell);
		}
	}
	return 0;
}

static int print_grid(struct operations *t, const struct canvas *canvas)
{
	struct grid *grid = grid__new();
	bool tree = false;
	int r = 0;

	for (size_t i = 0; i < t->columns_len; i++) {
		values__add_column(grid, t->columns[i], &t->style, false);
		tree |= t->columns[i] == COLUMN_NAME;
		if (t->columns[i] == COLUMN_NAME && t->report->by == BY_THREAD)
			grid__add_column(grid, "THREAD", 0);
	}
	for (size_t i = 0; !r && i < t->shown; i++)
		r = add_row(t, grid, i, tree);
	if (!r)
		r = grid__print(grid, canvas);
	grid__free(grid);
	return r;
}

static bool shows(const struct operations *t, enum column column)
{
	for (size_t i = 0; i < t->columns_len; i++)
		if (t->columns[i] == column)
			return true;
	return false;
}

static int print_footnotes(const struct operations *t, struct canvas *canvas)
{
	size_t left_out = t->report->operations_len - t->shown;
	bool any_incomplete = false;
	int r = 0;

	for (size_t i = 0; i < t->shown; i++)
		any_incomplete |= t->values[t->order[i].operation].incomplete != 0;
	if (left_out)
		r = table__footnote(canvas, "%zu more operation%s not shown", left_out,
				    left_out == 1 ? "" : "s");
	if (!r && t->style.any_overlapped && values__any_process_wide(t->columns, t->columns_len))
		r = table__explain_overlap(canvas);
	if (!r && any_incomplete && shows(t, COLUMN_COUNT))
		r = table__footnote(canvas, "† incomplete: ended by exec, exit or detach; counted, "
					    "but not in growth, peak and time");
	return r;
}

/* Why there may be nothing, in one line. */
static int print_none(const struct report *report, const struct canvas *canvas)
{
	const struct trace_info *trace = &report->trace;
	char *specs = values__join(trace->windows, trace->windows_len);
	bool marker = false;
	int r;

	if (!specs)
		return -ENOMEM;
	for (size_t i = 0; i < trace->windows_len; i++)
		marker = marker || !strcmp(trace->windows[i], "marker");
	r = table__line(canvas, "no %s window was seen%s", specs,
			marker ? ": memtrace-marker(3) shows how a program marks its operations"
			       : "");
	free(specs);
	return r;
}

int table__operations(const struct report *report, const struct render_options *options,
		      struct canvas *canvas)
{
	struct operations t;
	int r;

	if (!report->operations_len)
		return print_none(report, canvas);
	r = prepare(&t, report, options, canvas);
	if (!r)
		r = print_grid(&t, canvas);
	if (!r)
		r = print_footnotes(&t, canvas);
	free_operations(&t);
	return r;
}
