// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of processes: a row an address space. Where the terminal is too narrow, what the peak
 * was made of becomes a table of its own.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/strings.h"
#include "base/units.h"
#include "report/table_parts.h"

enum part { PART_LIFE = 1, PART_PEAK = 2, PART_BOTH = 3 };

/* What depends on all rows. */
struct style {
	bool bytes;
	bool any_swap;
	bool any_major;
	int64_t least_bytes; /* of a peak to be shown */
};

static char *print_bytes(int64_t bytes, const struct style *style)
{
	char text[UNITS_SIZE];

	units__bytes(text, sizeof(text), bytes, style->bytes);
	return strdup(text);
}

static char *print_pid(const struct process_row *p, const struct style *style)
{
	char text[UNITS_SIZE];

	(void)style;
	snprintf(text, sizeof(text), "%d", p->pid);
	return strdup(text);
}

/* The command line, or the name a kernel thread or zombie has alone. */
static char *print_command(const struct process_row *p, const struct style *style)
{
	char *line = NULL, *escaped;
	size_t size;
	FILE *stream;

	(void)style;
	if (!p->command_len)
		return strings__escape(p->comm ? p->comm : "");
	stream = open_memstream(&line, &size);
	if (!stream)
		return NULL;
	for (size_t i = 0; i < p->command_len; i++)
		fprintf(stream, "%s%s", i ? " " : "", p->command[i]);
	escaped = fclose(stream) ? NULL : strings__escape(line);
	free(line);
	return escaped;
}

/* "exec→exit", "fork→exit 1", "attach→SIGSEGV" */
static char *print_life(const struct process_row *p, const struct style *style)
{
	static const char *const begins[] = {
		[ROW_BEGIN_EXEC] = "exec",
		[ROW_BEGIN_FORK] = "fork",
		[ROW_BEGIN_ATTACH] = "attach",
	};
	static const char *const ends[] = {
		[ROW_END_EXIT] = "exit",
		[ROW_END_EXEC] = "exec",
		[ROW_END_DETACH] = "detach",
	};
	const char *begin = begins[p->begin], *signal_name = NULL;
	char *text;
	int r;

	(void)style;
	if (p->exited && p->exit_signal)
		signal_name = sigabbrev_np(p->exit_signal);
	if (p->exited && signal_name)
		r = asprintf(&text, "%s→SIG%s", begin, signal_name);
	else if (p->exited && p->exit_signal)
		r = asprintf(&text, "%s→signal %d", begin, p->exit_signal);
	else if (p->exited && p->exit_code)
		r = asprintf(&text, "%s→exit %d", begin, p->exit_code);
	else
		r = asprintf(&text, "%s→%s", begin, ends[p->end]);
	return r < 0 ? NULL : text;
}

static char *print_begin(const struct process_row *p, const struct style *style)
{
	return print_bytes(p->rss_begin_bytes, style);
}

static char *print_end(const struct process_row *p, const struct style *style)
{
	return print_bytes(p->rss_end_bytes, style);
}

static char *print_peak(const struct process_row *p, const struct style *style)
{
	return print_bytes(p->peak_rss_bytes, style);
}

static char *print_anon(const struct process_row *p, const struct style *style)
{
	return print_bytes(p->peak_by_type_bytes[MEM_ANON], style);
}

static char *print_file(const struct process_row *p, const struct style *style)
{
	return print_bytes(p->peak_by_type_bytes[MEM_FILE], style);
}

static char *print_shmem(const struct process_row *p, const struct style *style)
{
	return print_bytes(p->peak_by_type_bytes[MEM_SHMEM], style);
}

static char *print_swap(const struct process_row *p, const struct style *style)
{
	return print_bytes(p->swap_peak_bytes, style);
}

static char *print_faults(const struct process_row *p, const struct style *style)
{
	char text[CELL_SIZE];

	values__print_faults(text, &p->faults, style->any_major);
	return strdup(text);
}

static char *print_open(const struct process_row *p, const struct style *style)
{
	(void)style;
	return p->peak_operations_len ? values__join(p->peak_operations, p->peak_operations_len)
				      : strdup("-");
}

static const struct process_column {
	const char *header;
	unsigned int flags, parts;
	char *(*print)(const struct process_row *process, const struct style *style);
} columns[] = {
	{"PID", GRID_RIGHT, PART_BOTH, print_pid},
	{"COMMAND", GRID_FLEX, PART_BOTH, print_command},
	{"BEGIN→END", 0, PART_LIFE, print_life},
	{"RSS BEGIN", GRID_RIGHT, PART_LIFE, print_begin},
	{"RSS END", GRID_RIGHT, PART_LIFE, print_end},
	{"PEAK RSS", GRID_RIGHT, PART_LIFE, print_peak},
	{"PEAK ANON", GRID_RIGHT, PART_PEAK, print_anon},
	{"FILE", GRID_RIGHT, PART_PEAK, print_file},
	{"SHMEM", GRID_RIGHT, PART_PEAK, print_shmem},
	{"PEAK SWAP", GRID_RIGHT, PART_PEAK, print_swap},
	{"FAULTS", GRID_RIGHT, PART_LIFE, print_faults},
	{"OPEN AT PEAK", GRID_FLEX, PART_PEAK, print_open},
};
#define COLUMNS_LEN (sizeof(columns) / sizeof(columns[0]))

static bool has(const struct process_column *c, enum part part, const struct style *style)
{
	return c->parts & part && (c->print != print_swap || style->any_swap);
}

static int fill(struct grid *grid, const struct report *report, enum part part,
		const struct style *style)
{
	for (size_t i = 0; i < COLUMNS_LEN; i++) {
		bool major = columns[i].print == print_faults && style->any_major;

		if (has(&columns[i], part, style))
			grid__add_column(grid, major ? "MINOR/MAJOR" : columns[i].header,
					 columns[i].flags);
	}
	for (size_t i = 0; i < report->processes_len; i++) {
		const struct process_row *p = &report->processes[i];
		struct libscols_line *row;

		if (p->hidden || p->peak_rss_bytes < style->least_bytes)
			continue;
		row = grid__add_row(grid, NULL);
		for (size_t c = 0; c < COLUMNS_LEN; c++) {
			char *text;

			if (!has(&columns[c], part, style))
				continue;
			text = columns[c].print(p, style);
			if (!text)
				return -ENOMEM;
			grid__add_cell(grid, row, text);
			free(text);
		}
	}
	return 0;
}

/* -E2BIG: the terminal is too narrow for it, unless it has to do. */
static int print_part(const struct report *report, enum part part, const struct style *style,
		      const struct canvas *canvas, bool must)
{
	struct grid *grid = grid__new();
	int r = fill(grid, report, part, style);

	if (!r && !must && !grid__fits(grid, canvas))
		r = -E2BIG;
	if (!r) {
		fputc('\n', canvas->stream);
		r = grid__print(grid, canvas);
	}
	grid__free(grid);
	return r;
}

static int compare_bytes(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x < y) - (x > y);
}

/* The nth highest peak of the rows that are shown; 0 when memory runs out. */
static int64_t nth_peak(const struct report *report, size_t nth)
{
	int64_t *peaks = calloc(report->processes_len, sizeof(*peaks)), peak;
	size_t len = 0;

	if (!peaks)
		return 0;
	for (size_t i = 0; i < report->processes_len; i++)
		if (!report->processes[i].hidden)
			peaks[len++] = report->processes[i].peak_rss_bytes;
	qsort(peaks, len, sizeof(*peaks), compare_bytes);
	peak = len < nth ? 0 : peaks[nth - 1];
	free(peaks);
	return peak;
}

/* More processes than rows are kept of. */
static int print_left_out(const struct left_out *left_out, const struct canvas *canvas)
{
	char peak[UNITS_SIZE];

	if (!left_out->processes)
		return 0;
	units__bytes(peak, sizeof(peak), left_out->peak_rss_bytes, canvas->bytes);
	return table__line(canvas,
			   "%" PRIu64 " more processes that have ended were counted and have no "
			   "row, here or in the exports: none had a peak above %s",
			   left_out->processes, peak);
}

int table__processes(const struct report *report, const struct canvas *canvas)
{
	struct style style = {.bytes = canvas->bytes};
	size_t shown = 0;
	int r;

	for (size_t i = 0; i < report->processes_len; i++) {
		const struct process_row *p = &report->processes[i];

		if (p->hidden)
			continue;
		shown++;
		style.any_swap |= p->swap_peak_bytes > 0;
		style.any_major |= p->faults.known && p->faults.major > 0;
	}
	if (!shown)
		return 0;
	if (report->trace.mode == TRACE_ALL && shown > TABLE_MOST_ROWS)
		style.least_bytes = nth_peak(report, TABLE_MOST_ROWS);
	r = print_part(report, PART_BOTH, &style, canvas, false);
	if (r == -E2BIG) {
		r = print_part(report, PART_LIFE, &style, canvas, true);
		if (!r)
			r = print_part(report, PART_PEAK, &style, canvas, true);
	}
	if (!r && style.least_bytes)
		r = table__line(canvas, "the %d of %zu with the highest peak; the exports have all",
				TABLE_MOST_ROWS, shown);
	return r ? r : print_left_out(&report->processes_left_out, canvas);
}
