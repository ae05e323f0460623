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
#include "trace/kernel.h"
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

static void fill_accounting(struct session *s, struct accounting *accounting)
{
	bool split = s->options.kernel->counters == COUNTERS_SPLIT;

	accounting->model = kernel__counters_name(s->options.kernel->counters);
	accounting->error_bound_bytes = session__error_bound_pages(s) * s->rows.page_bytes;
	if (accounting->error_bound_bytes)
		accounting->note =
			strdup(split ? "several threads counted for themselves: one update of each "
				       "other thread may be missing from a value, or be in it twice"
				     : "several threads changed the counters at once: one update "
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

void session__losses(const struct session *s, const struct programs_counters *c,
		     struct losses *losses)
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

	return rows__of_pid(&s->rows, pid);
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
		r = session__fill_processes(s, &c, &report);
	if (r)
		goto fail;
	fill_host(s, &report.host);
	session__losses(s, &c, &report.losses);
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
