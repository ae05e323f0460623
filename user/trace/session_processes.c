// SPDX-License-Identifier: GPL-2.0-or-later
/* What the report has of processes: their rows, groups of them, and all of them together. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/groups.h"
#include "trace/kernel.h"
#include "trace/programs.h"
#include "trace/session_private.h"

/*
 * Where a thread's last fault is seen at its next one only: that of every other process may be
 * missing from the peak of all.
 */
static int64_t unseen_pages(const struct session *s)
{
	const struct kernel *kernel = s->options.kernel;
	int64_t sum = 0, most = 0;

	if (kernel->counters != COUNTERS_SPLIT || kernel->fault_end)
		return 0;
	for (const struct row *row = rows__first(&s->rows); row; row = rows__after(row)) {
		sum += row->max_step_pages;
		if (row->max_step_pages > most)
			most = row->max_step_pages;
	}
	sum += (int64_t)s->rows.left_out.sums.processes * most;
	return rows__len(&s->rows) + s->rows.left_out.sums.processes > 1 ? sum : 0;
}

int64_t session__error_bound_pages(const struct session *s)
{
	int64_t bound = s->rows.left_out.error_bound_pages;

	for (const struct row *row = rows__first(&s->rows); row; row = rows__after(row)) {
		int64_t pages = row__error_bound_pages(row);

		if (pages > bound)
			bound = pages;
	}
	return bound + unseen_pages(s);
}

/* Appends the names of operations given by number of the kernel side to *names, which has room. */
static void add_names(const struct session *s, const struct report *report, const uint32_t *ops,
		      uint32_t ops_len, char **names, size_t *len)
{
	for (uint32_t i = 0; i < ops_len; i++) {
		int64_t index = tally__index(s->tally, ops[i]);

		if (index >= 0)
			names[(*len)++] = strdup(report->operations[index].name);
	}
}

static uint32_t ops_of(uint32_t len)
{
	return len < MT_PEAK_OPS ? len : MT_PEAK_OPS;
}

static int fill_peak_operations(const struct session *s, const struct report *report,
				const struct row *row, struct process_row *p)
{
	uint32_t len = ops_of(row->peak_ops_len);

	if (!len)
		return 0;
	p->peak_operations = calloc(len, sizeof(char *));
	if (!p->peak_operations)
		return -ENOMEM;
	add_names(s, report, row->peak_ops, len, p->peak_operations, &p->peak_operations_len);
	return 0;
}

/* Of processes that were let go; of the others the records of their ends had them. */
static void set_faults(void *context, const struct mt_proc *proc)
{
	struct session *s = context;
	struct row *row = rows__find(&s->rows, proc->serial);

	if (row && row->ended && row->row.end == ROW_END_DETACH)
		row->row.faults = (struct faults){true, proc->minor, proc->major};
}

static int fill_rows(struct session *s, struct report *out)
{
	int r = 0;

	out->processes = calloc(rows__len(&s->rows) + 1, sizeof(*out->processes));
	if (!out->processes)
		return -ENOMEM;
	for (struct row *row = rows__first(&s->rows); !r && row; row = rows__after(row)) {
		struct process_row *p = &out->processes[out->processes_len];

		if (!row->ended) { /* its last record was lost: nothing is known but the begin */
			out->losses.processes++;
			continue;
		}
		out->processes_len++;
		*p = row->row;
		memset(&row->row, 0, sizeof(row->row)); /* moved */
		out->overhead.bpf_events += row->events;
		r = fill_peak_operations(s, out, row, p);
	}
	out->overhead.bpf_events += s->rows.left_out.events;
	out->processes_left_out = s->rows.left_out.sums;
	return r;
}

static int fill_groups(struct session *s, struct report *out)
{
	int r = 0;

	out->by = s->options.by;
	if (!s->rows.groups)
		return 0;
	for (size_t i = 0; !r && i < out->processes_len; i++)
		r = groups__add(s->rows.groups, &out->processes[i]);
	return r ? r : groups__take(s->rows.groups, out);
}

/* COMMAND's own end: that of the last space its process had. */
static void fill_exit(struct report *out)
{
	struct trace_info *t = &out->trace;

	if (t->mode != TRACE_COMMAND || !t->pids_len)
		return;
	for (size_t i = 0; i < out->processes_len; i++) {
		const struct process_row *p = &out->processes[i];

		if (p->pid != t->pids[0] || !p->exited)
			continue;
		t->exited = true;
		t->exit_code = p->exit_code;
		t->exit_signal = p->exit_signal;
	}
}

static int fill_tree(struct session *s, const struct programs_counters *c, struct report *out)
{
	const struct rows_left_out *left_out = &s->rows.left_out;
	struct tree *tree = &out->tree;
	size_t room = LEFT_OUT_OPS;

	tree->peak_rss_bytes = c->peak_pages * s->rows.page_bytes;
	tree->peak_at_ns = (int64_t)(c->peak_at_ns - s->start_ns);
	if (!c->peak_at_ns || tree->peak_at_ns < 0)
		tree->peak_at_ns = 0;
	tree->processes = out->processes_len + out->processes_left_out.processes;
	for (const struct row *row = rows__first(&s->rows); row; row = rows__after(row))
		room += ops_of(row->tree_ops_len);
	tree->peak_operations = calloc(room, sizeof(char *));
	if (!tree->peak_operations)
		return -ENOMEM;
	if (!c->peak_at_ns)
		return 0;
	for (const struct row *row = rows__first(&s->rows); row; row = rows__after(row))
		if (row->tree_ops_at_ns == c->peak_at_ns)
			add_names(s, out, row->tree_ops, ops_of(row->tree_ops_len),
				  tree->peak_operations, &tree->peak_operations_len);
	if (left_out->tree_ops_at_ns == c->peak_at_ns)
		add_names(s, out, left_out->tree_ops, left_out->tree_ops_len, tree->peak_operations,
			  &tree->peak_operations_len);
	return 0;
}

int session__fill_processes(struct session *s, const struct programs_counters *c,
			    struct report *out)
{
	int r;

	rows__leave_out(&s->rows);
	programs__each_process(s->programs, set_faults, s);
	r = fill_rows(s, out);
	if (!r)
		r = fill_groups(s, out);
	if (!r)
		r = fill_tree(s, c, out);
	fill_exit(out);
	return r;
}
