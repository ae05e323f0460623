// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The JSON report. Written key by key, and windows one by one, so that a million of them do not
 * have to be in memory as JSON values at one time.
 */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "model/losses.h"
#include "report/json_values.h"
#include "report/renderers.h"

#define SCHEMA "memtrace.report/1"

static json_t *json_of_host(const struct host *h)
{
	json_t *j = json_object();

	json_object_set_new(j, "kernel", json_of_string(h->kernel));
	json_object_set_new(j, "arch", json_of_string(h->arch));
	json_object_set_new(j, "cpus", json_integer(h->cpus));
	json_object_set_new(j, "page_size_bytes", json_integer(h->page_size_bytes));
	json_object_set_new(j, "thp", json_of_string(h->thp));
	return j;
}

static json_t *json_of_accounting(const struct accounting *a)
{
	json_t *j = json_object();

	json_object_set_new(j, "model", json_of_string(a->model));
	json_object_set_new(j, "error_bound_bytes", json_integer(a->error_bound_bytes));
	json_object_set_new(j, "note", json_of_string(a->note));
	return j;
}

static json_t *json_of_time(int64_t seconds)
{
	time_t t = (time_t)seconds;
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&t, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(text);
}

static const char *const modes[] = {
	[TRACE_COMMAND] = "command",
	[TRACE_ATTACH] = "attach",
	[TRACE_ALL] = "all",
};

static json_t *json_of_trace(const struct trace_info *t)
{
	json_t *j = json_object(), *pids = json_array();
	bool by_signal = t->exited && t->exit_signal;

	for (size_t i = 0; i < t->pids_len; i++)
		json_array_append_new(pids, json_integer(t->pids[i]));
	json_object_set_new(j, "mode", json_string(modes[t->mode]));
	json_object_set_new(j, "command",
			    t->mode == TRACE_COMMAND ? json_of_strings(t->command, t->command_len)
						     : json_null());
	json_object_set_new(j, "pids", pids);
	json_object_set_new(j, "windows", json_of_strings(t->windows, t->windows_len));
	json_object_set_new(j, "started_at", json_of_time(t->started_at_s));
	json_object_set_new(j, "duration_ns", json_integer(t->duration_ns));
	json_object_set_new(j, "exit_code",
			    t->exited && !by_signal ? json_integer(t->exit_code) : json_null());
	json_object_set_new(j, "exit_signal",
			    by_signal ? json_integer(t->exit_signal) : json_null());
	json_object_set_new(j, "outside_processes", json_integer((json_int_t)t->outside_processes));
	return j;
}

static json_t *json_of_tree(const struct tree *t)
{
	json_t *j = json_object();

	json_object_set_new(j, "peak_rss_bytes", json_integer(t->peak_rss_bytes));
	json_object_set_new(j, "peak_at_ns", json_integer(t->peak_at_ns));
	json_object_set_new(j, "processes", json_integer((json_int_t)t->processes));
	json_object_set_new(j, "peak_operations",
			    json_of_strings(t->peak_operations, t->peak_operations_len));
	return j;
}

static json_t *json_of_left_out(const struct left_out *l)
{
	json_t *j = json_object();

	json_object_set_new(j, "processes", json_integer((json_int_t)l->processes));
	json_object_set_new(j, "highest_peak_rss_bytes", json_integer(l->peak_rss_bytes));
	json_object_set_new(j, "gained_bytes", json_integer(l->gained_bytes));
	json_object_set_new(j, "returned_bytes", json_integer(l->returned_bytes));
	return j;
}

static json_t *json_of_losses(const struct losses *losses)
{
	json_t *j = json_object();
	size_t len;
	const struct loss *table = losses__table(&len);

	for (size_t i = 0; i < len; i++)
		json_object_set_new(j, table[i].name,
				    json_integer((json_int_t)losses__value(losses, &table[i])));
	return j;
}

static json_t *json_of_overhead(const struct overhead *o)
{
	json_t *j = json_object();

	json_object_set_new(j, "attach_ns", json_integer(o->attach_ns));
	json_object_set_new(j, "bpf_time_ns",
			    o->bpf_time_ns < 0 ? json_null() : json_integer(o->bpf_time_ns));
	json_object_set_new(j, "bpf_events", json_integer((json_int_t)o->bpf_events));
	return j;
}

/* Writes one key; the value is given up. */
static int write_key(FILE *stream, const char *key, json_t *value)
{
	int r = -ENOMEM;

	if (value) {
		fprintf(stream, ",\n\"%s\": ", key);
		r = json_dumpf(value, stream, JSON_INDENT(1) | JSON_ENCODE_ANY) ? -EIO : 0;
		json_decref(value);
	}
	return r;
}

static int write_element(FILE *stream, size_t i, json_t *value)
{
	int r = -ENOMEM;

	if (value) {
		fputs(i ? ",\n " : "\n ", stream);
		r = json_dumpf(value, stream, JSON_COMPACT) ? -EIO : 0;
		json_decref(value);
	}
	return r;
}

static int write_lists(const struct report *report, bool windows, FILE *stream)
{
	int r = 0;

	fputs(",\n\"processes\": [", stream);
	for (size_t i = 0; !r && i < report->processes_len; i++)
		r = write_element(stream, i, json_of_process(&report->processes[i]));
	fputs("],\n\"groups\": [", stream);
	for (size_t i = 0; !r && i < report->groups_len; i++)
		r = write_element(stream, i, json_of_group(report->by, &report->groups[i]));
	fputs("]", stream);
	if (!r)
		r = write_key(stream, "processes_left_out",
			      json_of_left_out(&report->processes_left_out));
	if (!r)
		r = write_key(stream, "tree", json_of_tree(&report->tree));
	fputs(",\n\"operations\": [", stream);
	for (size_t i = 0; !r && i < report->operations_len; i++)
		r = write_element(
			stream, i,
			json_of_operation(&report->operations[i], false, report->by == BY_THREAD));
	fputs("],\n\"windows\": [", stream);
	for (size_t i = 0; !r && windows && i < report->windows_len; i++)
		r = write_element(stream, i, json_of_window(&report->windows[i], report));
	fputs("]", stream);
	return r;
}

static int render(const struct report *report, const struct render_options *options, FILE *stream)
{
	int r;

	fprintf(stream, "{\n\"schema\": \"%s\",\n\"memtrace_version\": \"%s\"", SCHEMA,
		MEMTRACE_VERSION);
	r = write_key(stream, "host", json_of_host(&report->host));
	if (!r)
		r = write_key(stream, "accounting", json_of_accounting(&report->accounting));
	if (!r)
		r = write_key(stream, "trace", json_of_trace(&report->trace));
	if (!r)
		r = write_lists(report, options->windows, stream);
	if (!r)
		r = write_key(stream, "losses", json_of_losses(&report->losses));
	if (!r)
		r = write_key(stream, "overhead", json_of_overhead(&report->overhead));
	fputs("\n}\n", stream);
	return r ? r : ferror(stream) ? -EIO : 0;
}

const struct renderer renderer_json = {.name = "json", .render = render};
