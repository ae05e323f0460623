// SPDX-License-Identifier: GPL-2.0-or-later
/* The end of a session: letting go, and making the report of what was seen. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/log.h"
#include "marker/protocol.h"
#include "trace/mappings.h"
#include "trace/procfs.h"
#include "trace/programs.h"
#include "trace/session_private.h"
#include "trace/sources.h"

/* The bracketed word of a sysfs file with choices. */
static char *read_choice(const char *path)
{
	char line[256] = "", *begin, *end;
	FILE *file = fopen(path, "re");

	if (!file)
		return NULL;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	begin = strchr(line, '[');
	end = begin ? strchr(begin, ']') : NULL;
	return end ? strndup(begin + 1, (size_t)(end - begin - 1)) : NULL;
}

static void fill_host(struct session *s, struct host *host)
{
	struct utsname name;

	uname(&name);
	host->kernel = strdup(name.release);
	host->arch = strdup(name.machine);
	host->cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	host->page_size_bytes = (uint32_t)s->rows.page_bytes;
	host->thp = read_choice("/sys/kernel/mm/transparent_hugepage/enabled");
}

/*
 * Where threads ran on several CPUs, each of the other CPUs may have made one update whose event
 * had not come when a value was taken; a growth is the difference of two such values.
 */
static int64_t error_bound_pages(const struct session *s)
{
	int64_t bound = 0;

	for (size_t i = 0; i < s->rows.len; i++) {
		const struct row *row = &s->rows.list[i];
		int64_t pages;

		if (!row->concurrent || row->cpus < 2)
			continue;
		pages = 2 * (int64_t)(row->cpus - 1) * row->max_step_pages;
		if (pages > bound)
			bound = pages;
	}
	return bound;
}

static void fill_accounting(struct session *s, struct accounting *accounting)
{
	accounting->model = "percpu";
	accounting->error_bound_bytes = error_bound_pages(s) * s->rows.page_bytes;
	if (accounting->error_bound_bytes)
		accounting->note =
			strdup("several threads changed the counters at once: one update "
			       "of each other CPU may be missing from a value");
}

static char **copy_specs(const struct session *s)
{
	char **copy = calloc(s->options.specs_len, sizeof(*copy));

	for (size_t i = 0; copy && i < s->options.specs_len; i++)
		copy[i] = strdup(s->options.specs[i].text);
	return copy;
}

static void fill_trace(struct session *s, int64_t duration_ns, struct trace_info *trace)
{
	trace->mode = s->options.mode;
	trace->command = s->command;
	trace->command_len = s->command_len;
	s->command = NULL;
	s->command_len = 0;
	trace->pids = s->pids;
	trace->pids_len = s->pids_len;
	s->pids = NULL;
	s->pids_len = 0;
	trace->windows = copy_specs(s);
	trace->windows_len = trace->windows ? s->options.specs_len : 0;
	trace->started_at_s = s->started_at_s;
	trace->duration_ns = duration_ns;
}

/* Names of operations given by number of the kernel side. */
static char **op_names(const struct session *s, const struct report *report, const uint32_t *ops,
		       uint32_t ops_len, size_t *len)
{
	char **names = calloc(MT_PEAK_OPS, sizeof(*names));

	*len = 0;
	for (uint32_t i = 0; names && i < ops_len && i < MT_PEAK_OPS; i++) {
		int64_t index = tally__index(s->tally, ops[i]);

		if (index >= 0)
			names[(*len)++] = strdup(report->operations[index].name);
	}
	return names;
}

static int fill_processes(struct session *s, struct report *out)
{
	out->processes = calloc(s->rows.len ? s->rows.len : 1, sizeof(*out->processes));
	if (!out->processes)
		return -ENOMEM;
	for (size_t i = 0; i < s->rows.len; i++) {
		struct row *row = &s->rows.list[i];
		struct process_row *p = &out->processes[out->processes_len];

		if (!row->ended) { /* its last record was lost: nothing is known but the begin */
			out->losses.processes++;
			continue;
		}
		out->processes_len++;
		*p = row->row;
		memset(&row->row, 0, sizeof(row->row)); /* moved */
		p->peak_operations =
			op_names(s, out, row->peak_ops, row->peak_ops_len, &p->peak_operations_len);
		out->overhead.bpf_events += row->events;
		if (p->end != ROW_END_DETACH)
			continue;
		p->faults.known = programs__faults(s->programs, row->space, &p->faults.minor,
						   &p->faults.major);
	}
	return 0;
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

static void fill_tree(struct session *s, const struct programs_counters *c, struct report *out)
{
	struct tree *tree = &out->tree;

	tree->peak_rss_bytes = c->peak_pages * s->rows.page_bytes;
	tree->peak_at_ns = (int64_t)(c->peak_at_ns - s->start_ns);
	if (!c->peak_at_ns || tree->peak_at_ns < 0)
		tree->peak_at_ns = 0;
	tree->processes = out->processes_len;
	tree->peak_operations = calloc(s->rows.len * MT_PEAK_OPS + 1, sizeof(char *));
	for (size_t i = 0; tree->peak_operations && i < s->rows.len; i++) {
		const struct row *row = &s->rows.list[i];
		char **names;
		size_t len;

		if (!c->peak_at_ns || row->tree_ops_at_ns != c->peak_at_ns)
			continue;
		names = op_names(s, out, row->tree_ops, row->tree_ops_len, &len);
		for (size_t n = 0; n < len; n++)
			tree->peak_operations[tree->peak_operations_len++] = names[n];
		free(names);
	}
}

static void fill_losses(struct session *s, const struct programs_counters *c, struct losses *losses)
{
	losses->windows += c->losses[MT_LOSS_WINDOWS];
	losses->unmatched_ends += c->losses[MT_LOSS_UNMATCHED_ENDS];
	losses->names_truncated += c->losses[MT_LOSS_NAMES_TRUNCATED];
	losses->events += c->losses[MT_LOSS_EVENTS] + s->rows.unmatched + s->dropped;
	losses->table_full += c->losses[MT_LOSS_TABLE_FULL];
	losses->inexact_reads += c->losses[MT_LOSS_INEXACT_READS];
	losses->ambiguous_own += c->losses[MT_LOSS_AMBIGUOUS_OWN];
	losses->processes += c->losses[MT_LOSS_PROCESSES];
	losses->recursion_misses += programs__recursion_misses(s->programs);
}

static bool was_traced(void *context, pid_t pid)
{
	const struct session *s = context;

	for (size_t i = s->rows.len; i-- > 0;)
		if (s->rows.list[i].row.pid == pid)
			return true;
	return false;
}

int session__finish(struct session *s, struct report *out)
{
	struct report report = {0};
	struct programs_counters c;
	int64_t duration_ns;
	int r;

	ring_buffer__consume(s->rings);
	report.trace.outside_processes = probes__outside(s->probes, was_traced, s);
	if (session__wants(s, WINDOW_PYTHON) && !probes__has(s->probes, MARKER_PYTHON_PROVIDER)) {
		log__warn("-w python: no Python interpreter has loaded memtrace's agent");
		log__hint("python -I, -E and -S leave it out; so do programs that clear the "
			  "environment");
	}
	sources__warn(s->sources);
	r = programs__let_go(s->programs);
	duration_ns = session__elapsed(s);
	if (r)
		goto fail;
	ring_buffer__consume(s->rings);
	programs__counters(s->programs, &c);
	r = tally__finish(s->tally, s->programs, &report);
	if (!r)
		fill_trace(s, duration_ns, &report.trace);
	if (!r)
		r = fill_processes(s, &report);
	if (r)
		goto fail;
	fill_exit(&report);
	fill_host(s, &report.host);
	fill_tree(s, &c, &report);
	fill_losses(s, &c, &report.losses);
	if (s->mappings)
		report.losses.late_attach += mappings__lost(s->mappings);
	fill_accounting(s, &report.accounting);
	probes__take_late(s->probes, &report);
	report.overhead.attach_ns = s->attach_ns;
	report.overhead.bpf_time_ns = programs__run_time_ns(s->programs);
	*out = report;
	return 0;
fail:
	log__error("making the report: %s", strerror(-r));
	report__free(&report);
	return r;
}
