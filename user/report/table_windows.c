// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of single windows: in order of begin, nested ones under the window around them. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/strings.h"
#include "base/units.h"
#include "report/table_parts.h"

struct windows {
	const struct report *report;
	enum column columns[COLUMNS];
	size_t columns_len;
	const struct window_row **order; /* by id, which is the order of begin */
	struct libscols_line **rows;	 /* by place in `order` */
	struct cell_style style;
	bool several_processes;
	bool any_end; /* a window that did not just end */
};

static const char *const ends[] = {
	[WINDOW_END_END] = "end",
	[WINDOW_END_UNWOUND] = "unwound",
	[WINDOW_END_THREAD_EXIT] = "thread-exit",
	[WINDOW_END_EXEC] = "exec",
	[WINDOW_END_EXIT] = "exit",
	[WINDOW_END_DETACH] = "detach",
};

static int by_id(const void *a, const void *b)
{
	const struct window_row *x = *(const struct window_row *const *)a;
	const struct window_row *y = *(const struct window_row *const *)b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int prepare(struct windows *t, const struct report *report,
		   const struct render_options *options, const struct canvas *canvas)
{
	size_t len = report->windows_len;
	int r;

	*t = (struct windows){.report = report, .style = {.bytes = canvas->bytes}};
	r = columns__parse(options->columns, t->columns, &t->columns_len);
	if (r)
		return r;
	t->order = calloc(len, sizeof(*t->order));
	t->rows = calloc(len, sizeof(*t->rows));
	if (!t->order || !t->rows)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++) {
		const struct window_row *w = &report->windows[i];

		t->order[i] = w;
		t->style.any_overlapped |= w->overlapped;
		t->style.any_major |= w->own_faults.known && w->own_faults.major;
		t->several_processes |= w->pid != report->windows[0].pid;
		t->any_end |= w->end != WINDOW_END_END;
	}
	qsort(t->order, len, sizeof(*t->order), by_id);
	return 0;
}

/* The row of the window around it, when that window is in the list and began before. */
static struct libscols_line *parent_row(const struct windows *t, size_t place)
{
	const struct window_row key = {.id = t->order[place]->parent}, *wanted = &key;
	const struct window_row **found;

	if (!wanted->id || wanted->id >= t->order[place]->id)
		return NULL;
	found = bsearch(&wanted, t->order, place, sizeof(*t->order), by_id);
	return found ? t->rows[found - t->order] : NULL;
}

/* The columns asked for, but with the window's number, thread and begin after its name. */
static void add_columns(const struct windows *t, struct grid *grid)
{
	values__add_column(grid, COLUMN_NAME, &t->style, true);
	values__add_column(grid, COLUMN_COUNT, &t->style, true);
	if (t->several_processes)
		grid__add_column(grid, "PID", GRID_RIGHT);
	grid__add_column(grid, "TID", GRID_RIGHT);
	grid__add_column(grid, "BEGIN", GRID_RIGHT);
	for (size_t i = 0; i < t->columns_len; i++)
		if (t->columns[i] != COLUMN_NAME && t->columns[i] != COLUMN_COUNT)
			values__add_column(grid, t->columns[i], &t->style, true);
	if (t->any_end)
		grid__add_column(grid, "END", 0);
}

static void add_number(struct grid *grid, struct libscols_line *row, int64_t number)
{
	char cell[CELL_SIZE];

	snprintf(cell, sizeof(cell), "%" PRId64, number);
	grid__add_cell(grid, row, cell);
}

static int add_row(struct windows *t, struct grid *grid, size_t place)
{
	const struct window_row *w = t->order[place];
	struct libscols_line *row = grid__add_row(grid, parent_row(t, place));
	char *name = strings__escape(t->report->operations[w->operation].name);
	char cell[CELL_SIZE];
	struct values v;

	if (!name)
		return -ENOMEM;
	t->rows[place] = row;
	values__of_window(&v, w);
	grid__add_cell(grid, row, name);
	free(name);
	add_number(grid, row, (int64_t)w->index);
	if (t->several_processes)
		add_number(grid, row, w->pid);
	add_number(grid, row, w->tid);
	units__duration(cell, sizeof(cell), (double)w->begin_ns);
	grid__add_cell(grid, row, cell);
	for (size_t i = 0; i < t->columns_len; i++) {
		if (t->columns[i] == COLUMN_NAME || t->columns[i] == COLUMN_COUNT)
			continue;
		values__print(cell, &v, t->columns[i], &t->style);
		grid__add_cell(grid, row, cell);
	}
	if (t->any_end)
		grid__add_cell(grid, row, ends[w->end]);
	return 0;
}

static int print(struct windows *t, struct canvas *canvas)
{
	struct grid *grid = grid__new();
	int r = 0;

	add_columns(t, grid);
	for (size_t i = 0; !r && i < t->report->windows_len; i++)
		r = add_row(t, grid, i);
	if (!r)
		r = grid__print(grid, canvas);
	grid__free(grid);
	if (!r && t->style.any_overlapped && values__any_process_wide(t->columns, t->columns_len))
		r = table__explain_overlap(canvas);
	return r;
}

int table__windows(const struct report *report, const struct render_options *options,
		   struct canvas *canvas)
{
	struct windows t;
	int r;

	if (!options->windows || !report->windows_len)
		return 0;
	fputc('\n', canvas->stream);
	r = prepare(&t, report, options, canvas);
	if (!r)
		r = print(&t, canvas);
	free(t.order);
	free(t.rows);
	return r;
}
