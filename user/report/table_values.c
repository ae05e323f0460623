// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/table_values.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/strings.h"
#include "base/units.h"

/* process_wide: another thread's pages may be in it, too. */
static const struct {
	const char *header;
	bool bytes, process_wide;
} columns[COLUMNS] = {
	[COLUMN_NAME] = {"OPERATION", false, false},  [COLUMN_COUNT] = {"COUNT", false, false},
	[COLUMN_GROWTH] = {"GROWTH", true, true},     [COLUMN_PEAK] = {"PEAK", true, true},
	[COLUMN_PEAK_RSS] = {"PEAK RSS", true, true}, [COLUMN_GAINED] = {"GAINED", true, true},
	[COLUMN_RETURNED] = {"RETURNED", true, true}, [COLUMN_OWN] = {"OWN", true, false},
	[COLUMN_SELF] = {"SELF", true, true},	      [COLUMN_FOREIGN] = {"FOREIGN", true, true},
	[COLUMN_ANON] = {"ANON", true, true},	      [COLUMN_FILE] = {"FILE", true, true},
	[COLUMN_SHMEM] = {"SHMEM", true, true},	      [COLUMN_SWAP] = {"SWAP", true, true},
	[COLUMN_FAULTS] = {"FAULTS", false, false},   [COLUMN_TIME] = {"TIME", false, false},
};

static void set(struct values *v, enum column column, bool known, int64_t value)
{
	v->known[column] = known;
	v->value[column] = value;
}

static void set_types(struct values *v, const int64_t *bytes)
{
	set(v, COLUMN_ANON, true, bytes[MEM_ANON]);
	set(v, COLUMN_FILE, true, bytes[MEM_FILE]);
	set(v, COLUMN_SHMEM, true, bytes[MEM_SHMEM]);
	set(v, COLUMN_SWAP, true, bytes[MEM_SWAP]);
}

static void set_faults(struct values *v, const struct faults *faults)
{
	set(v, COLUMN_FAULTS, faults->known, faults->minor);
	v->major_faults = faults->known ? faults->major : 0;
}

void values__of_operation(struct values *v, const struct operation *o)
{
	*v = (struct values){.incomplete = o->incomplete, .overlapped = o->overlapped_count > 0};
	set(v, COLUMN_COUNT, true, (int64_t)o->count);
	set(v, COLUMN_GROWTH, o->growth_bytes.count > 0, o->growth_bytes.total);
	set(v, COLUMN_PEAK, o->peak_growth_bytes.count > 0, o->peak_growth_bytes.max);
	set(v, COLUMN_PEAK_RSS, true, o->peak_rss_bytes);
	set(v, COLUMN_GAINED, true, o->gained_bytes);
	set(v, COLUMN_RETURNED, true, o->returned_bytes);
	set(v, COLUMN_OWN, true, o->own_growth_bytes);
	set(v, COLUMN_SELF, true, o->self_growth_bytes);
	set(v, COLUMN_FOREIGN, true, o->foreign_growth_bytes);
	set_types(v, o->by_type_bytes);
	set_faults(v, &o->own_faults);
	v->known[COLUMN_TIME] = o->duration_ns.count > 0;
	v->time_ns = o->duration_ns.mean;
	v->time_deviation_ns = o->duration_ns.stddev;
	v->time_spread = o->duration_ns.count > 1;
}

void values__of_window(struct values *v, const struct window_row *w)
{
	*v = (struct values){.overlapped = w->overlapped};
	set(v, COLUMN_COUNT, true, (int64_t)w->index);
	set(v, COLUMN_GROWTH, true, w->growth_bytes);
	set(v, COLUMN_PEAK, true, w->peak_growth_bytes);
	set(v, COLUMN_PEAK_RSS, true, w->rss_begin_bytes + w->peak_growth_bytes);
	set(v, COLUMN_GAINED, true, w->gained_bytes);
	set(v, COLUMN_RETURNED, true, w->returned_bytes);
	set(v, COLUMN_OWN, true, w->own_growth_bytes);
	set(v, COLUMN_SELF, true, w->self_growth_bytes);
	set(v, COLUMN_FOREIGN, true, w->foreign_growth_bytes);
	set_types(v, w->by_type_bytes);
	set_faults(v, &w->own_faults);
	v->known[COLUMN_TIME] = true;
	v->time_ns = (double)w->duration_ns;
}

void values__add_column(struct grid *grid, enum column column, const struct cell_style *style,
			bool window)
{
	const char *header = columns[column].header;
	bool padded = style->any_overlapped && columns[column].process_wide;
	char text[CELL_SIZE];

	if (column == COLUMN_NAME) {
		grid__add_column(grid, header, GRID_FLEX | GRID_TREE);
		return;
	}
	if (column == COLUMN_COUNT && window)
		header = "#";
	if (column == COLUMN_FAULTS && style->any_major)
		header = "MINOR/MAJOR";
	snprintf(text, sizeof(text), "%s%s", header, padded ? " " : "");
	grid__add_column(grid, text, GRID_RIGHT);
}

bool values__any_process_wide(const enum column *list, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (columns[list[i]].process_wide)
			return true;
	return false;
}

/* "412 ± 12.1 ms": the unit once where it is the same. */
static void print_time(char cell[CELL_SIZE], const struct values *v)
{
	char mean[UNITS_SIZE], deviation[UNITS_SIZE], *unit;

	units__duration(mean, sizeof(mean), v->time_ns);
	if (!v->time_spread) {
		snprintf(cell, CELL_SIZE, "%s", mean);
		return;
	}
	units__duration(deviation, sizeof(deviation), v->time_deviation_ns);
	unit = strchr(mean, ' ');
	if (unit && strchr(deviation, ' ') && !strcmp(unit, strchr(deviation, ' ')))
		*unit = '\0';
	snprintf(cell, CELL_SIZE, "%s ± %s", mean, deviation);
}

void values__print_faults(char cell[CELL_SIZE], const struct faults *f, bool any_major)
{
	if (!f->known)
		snprintf(cell, CELL_SIZE, "-");
	else if (any_major)
		snprintf(cell, CELL_SIZE, "%" PRId64 "/%" PRId64, f->minor, f->major);
	else
		snprintf(cell, CELL_SIZE, "%" PRId64, f->minor);
}

void values__print(char cell[CELL_SIZE], const struct values *v, enum column column,
		   const struct cell_style *style)
{
	const struct faults faults = {v->known[column], v->value[column], v->major_faults};
	size_t len;

	if (!v->known[column])
		snprintf(cell, CELL_SIZE, "-");
	else if (column == COLUMN_TIME)
		print_time(cell, v);
	else if (column == COLUMN_FAULTS)
		values__print_faults(cell, &faults, style->any_major);
	else if (columns[column].bytes)
		units__bytes(cell, UNITS_SIZE, v->value[column], style->bytes);
	else if (v->incomplete)
		snprintf(cell, CELL_SIZE, "%" PRId64 " (%" PRIu64 "†)", v->value[column],
			 v->incomplete);
	else
		snprintf(cell, CELL_SIZE, "%" PRId64, v->value[column]);
	if (!style->any_overlapped || !columns[column].process_wide)
		return;
	len = strlen(cell);
	snprintf(cell + len, CELL_SIZE - len, v->overlapped && v->known[column] ? "*" : " ");
}

int values__compare(const struct values *a, const struct values *b, enum column column)
{
	int64_t x = a->value[column], y = b->value[column];

	if (a->known[column] != b->known[column])
		return a->known[column] ? -1 : 1;
	if (!a->known[column])
		return 0;
	if (column == COLUMN_TIME)
		return a->time_ns > b->time_ns ? -1 : a->time_ns < b->time_ns;
	if (column == COLUMN_FAULTS) {
		x += a->major_faults;
		y += b->major_faults;
	}
	return x > y ? -1 : x < y;
}

char *values__join(char *const *names, size_t len)
{
	char *joined = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&joined, &size);
	bool failed = !stream;

	for (size_t i = 0; !failed && i < len; i++) {
		char *name = strings__escape(names[i]);

		failed = !name || fprintf(stream, "%s%s", i ? ", " : "", name) < 0;
		free(name);
	}
	if (stream && fclose(stream))
		failed = true;
	if (failed) {
		free(joined);
		return NULL;
	}
	return joined;
}
