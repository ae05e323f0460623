// SPDX-License-Identifier: GPL-2.0-or-later
/* Which rows are kept, and what remains of the others. */
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "model/groups.h"
#include "trace/rows.h"

#define LEAVING_MAX 1024 /* exits that are waited for; the record of an older one was lost */
#define SLACK	    8	 /* over the limit by this part before sorting is worth it */

static size_t max_rows(const struct rows *rows)
{
	return rows->max ? rows->max : ROWS_MAX;
}

static size_t bytes_of(const struct row *row)
{
	const struct process_row *p = &row->row;
	size_t bytes = sizeof(*row);

	for (size_t i = 0; i < p->command_len; i++)
		bytes += sizeof(char *) + strlen(p->command[i]) + 1;
	return bytes + (p->cgroup ? strlen(p->cgroup) + 1 : 0);
}

/* Stretches between fork and exec first, which no table shows; then the lowest peak. */
static int least_first(const void *a, const void *b)
{
	const struct row *x = *(const struct row *const *)a, *y = *(const struct row *const *)b;

	if (x->row.hidden != y->row.hidden)
		return x->row.hidden ? -1 : 1;
	if (x->row.peak_rss_bytes != y->row.peak_rss_bytes)
		return x->row.peak_rss_bytes < y->row.peak_rss_bytes ? -1 : 1;
	return x->space < y->space ? -1 : x->space > y->space;
}

/* Operations that were open when all processes together were at their peak, of which the last
 * counts. */
static void note_tree(struct rows_left_out *out, const struct row *row)
{
	if (row->tree_ops_at_ns < out->tree_ops_at_ns)
		return;
	if (row->tree_ops_at_ns > out->tree_ops_at_ns)
		out->tree_ops_len = 0;
	out->tree_ops_at_ns = row->tree_ops_at_ns;
	for (uint32_t i = 0; i < row->tree_ops_len && i < MT_PEAK_OPS; i++)
		if (out->tree_ops_len < LEFT_OUT_OPS)
			out->tree_ops[out->tree_ops_len++] = row->tree_ops[i];
}

static void leave_out(struct rows *rows, struct row *row)
{
	struct rows_left_out *out = &rows->left_out;
	const struct process_row *p = &row->row;
	int64_t bound = row__error_bound_pages(row);

	if (rows->groups && groups__add(rows->groups, p))
		rows->unmatched++;
	out->sums.processes++;
	out->sums.gained_bytes += p->gained_bytes;
	out->sums.returned_bytes += p->returned_bytes;
	if (p->peak_rss_bytes > out->sums.peak_rss_bytes)
		out->sums.peak_rss_bytes = p->peak_rss_bytes;
	if (bound > out->error_bound_pages)
		out->error_bound_pages = bound;
	out->events += row->events;
	note_tree(out, row);
	rows->settled--;
	rows->settled_bytes -= bytes_of(row);
	HASH_DELETE(by_space, rows->all, row);
	if (rows__of_pid(rows, row->pid) == row)
		HASH_DELETE(by_pid, rows->latest, row);
	row__free(row);
}

/* Until there are no more than that. Without memory for the list all stay. */
static void leave_out_to(struct rows *rows, size_t most, size_t most_bytes)
{
	struct row **list = calloc(rows->settled + 1, sizeof(*list));
	size_t len = 0;

	if (!list)
		return;
	for (struct row *row = rows__first(rows); row; row = rows__after(row))
		if (row->settled && len < rows->settled)
			list[len++] = row;
	qsort(list, len, sizeof(*list), least_first);
	for (size_t i = 0; i < len; i++) {
		if (rows->settled <= most && rows->settled_bytes <= most_bytes)
			break;
		leave_out(rows, list[i]);
	}
	free(list);
}

void rows__leave_out(struct rows *rows)
{
	if (rows->settled > max_rows(rows) || rows->settled_bytes > ROWS_MAX_BYTES)
		leave_out_to(rows, max_rows(rows), ROWS_MAX_BYTES);
}

static void add_settled(struct rows *rows, struct row *row)
{
	size_t most = max_rows(rows);

	if (row->leaving) {
		DL_DELETE(rows->leaving, row);
		rows->leaving_len--;
		row->leaving = false;
	}
	if (row->kept || row->row.end == ROW_END_DETACH)
		return;
	row->settled = true;
	rows->settled++;
	rows->settled_bytes += bytes_of(row);
	if (rows->settled > most + most / SLACK)
		leave_out_to(rows, most, ROWS_MAX_BYTES);
	else if (rows->settled_bytes > ROWS_MAX_BYTES)
		leave_out_to(rows, most, ROWS_MAX_BYTES - ROWS_MAX_BYTES / SLACK);
}

void rows__settle(struct rows *rows, struct row *row)
{
	if (!row->ended || row->settled)
		return;
	if (row->row.end != ROW_END_EXIT || row->row.exited) {
		add_settled(rows, row);
	} else if (!row->leaving) {
		row->leaving = true;
		DL_APPEND(rows->leaving, row);
		if (++rows->leaving_len > LEAVING_MAX)
			add_settled(rows, rows->leaving);
	}
}
