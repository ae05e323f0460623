// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of processes put together (--by comm, cgroup, user): a row a group. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/strings.h"
#include "base/units.h"
#include "model/groups.h"
#include "report/table_parts.h"

struct style {
	bool bytes;
	bool any_alive;
	bool any_major;
};

static void add_columns(struct grid *grid, enum report_by by, const struct style *style)
{
	static const char *const headers[] = {
		[BY_COMM] = "COMM", [BY_CGROUP] = "CGROUP", [BY_USER] = "USER"};

	grid__add_column(grid, headers[by], GRID_FLEX);
	grid__add_column(grid, "PROCESSES", GRID_RIGHT);
	grid__add_column(grid, "GROWTH", GRID_RIGHT);
	if (style->any_alive)
		grid__add_column(grid, "RSS END", GRID_RIGHT);
	grid__add_column(grid, "HIGHEST PEAK", GRID_RIGHT);
	grid__add_column(grid, "OF PID", GRID_RIGHT);
	grid__add_column(grid, "GAINED", GRID_RIGHT);
	grid__add_column(grid, "RETURNED", GRID_RIGHT);
	grid__add_column(grid, style->any_major ? "MINOR/MAJOR" : "FAULTS", GRID_RIGHT);
}

static void add_bytes(struct grid *grid, struct libscols_line *row, int64_t bytes,
		      const struct style *style)
{
	char cell[UNITS_SIZE];

	units__bytes(cell, sizeof(cell), bytes, style->bytes);
	grid__add_cell(grid, row, cell);
}

static void add_number(struct grid *grid, struct libscols_line *row, int64_t number)
{
	char cell[UNITS_SIZE];

	snprintf(cell, sizeof(cell), "%" PRId64, number);
	grid__add_cell(grid, row, cell);
}

static int add_row(struct grid *grid, enum report_by by, const struct process_group *g,
		   const struct style *style)
{
	struct libscols_line *row = grid__add_row(grid, NULL);
	char *name = process_group__name(by, g), *escaped = name ? strings__escape(name) : NULL;
	char cell[CELL_SIZE];

	free(name);
	if (!escaped)
		return -ENOMEM;
	grid__add_cell(grid, row, escaped);
	free(escaped);
	add_number(grid, row, (int64_t)g->processes);
	add_bytes(grid, row, g->growth_bytes, style);
	if (style->any_alive)
		add_bytes(grid, row, g->rss_end_bytes, style);
	add_bytes(grid, row, g->peak_rss_bytes, style);
	add_number(grid, row, g->peak_pid);
	add_bytes(grid, row, g->gained_bytes, style);
	add_bytes(grid, row, g->returned_bytes, style);
	values__print_faults(cell, &g->faults, style->any_major);
	grid__add_cell(grid, row, cell);
	return 0;
}

static int print(const struct report *report, size_t shown, const struct style *style,
		 const struct canvas *canvas)
{
	struct grid *grid = grid__new();
	int r = 0;

	add_columns(grid, report->by, style);
	for (size_t i = 0; !r && i < shown; i++)
		r = add_row(grid, report->by, &report->groups[i], style);
	if (!r)
		r = grid__print(grid, canvas);
	grid__free(grid);
	return r;
}

int table__groups(const struct report *report, const struct canvas *canvas)
{
	struct style style = {.bytes = canvas->bytes};
	size_t shown = report->groups_len;
	int r;

	if (!shown)
		return 0;
	if (report->trace.mode == TRACE_ALL && shown > TABLE_MOST_ROWS)
		shown = TABLE_MOST_ROWS;
	for (size_t i = 0; i < shown; i++) {
		const struct process_group *g = &report->groups[i];

		style.any_alive |= g->alive > 0;
		style.any_major |= g->faults.known && g->faults.major > 0;
	}
	fputc('\n', canvas->stream);
	r = print(report, shown, &style, canvas);
	if (!r)
		r = table__footnote(canvas, "HIGHEST PEAK is that of one process; what those of a "
					    "group had together at one time is not known");
	if (!r && shown < report->groups_len)
		r = table__line(canvas,
				"the %zu of %zu with the highest peak; the exports have all", shown,
				report->groups_len);
	return r;
}
