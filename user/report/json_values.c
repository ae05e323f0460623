// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/json_values.h"

#include <stdlib.h>

#include "base/strings.h"
#include "model/cgroup_name.h"
#include "model/groups.h"

json_t *json_of_string(const char *string)
{
	char *text;
	json_t *value;

	if (!string)
		return json_null();
	text = strings__to_utf8(string);
	value = text ? json_string(text) : NULL;
	free(text);
	return value;
}

json_t *json_of_strings(char *const *strings, size_t len)
{
	json_t *array = json_array();

	for (size_t i = 0; i < len; i++)
		json_array_append_new(array, json_of_string(strings[i]));
	return array;
}

json_t *json_of_types(const int64_t *bytes, size_t types)
{
	static const char *const names[MEM_TYPES] = {"anon", "file", "shmem", "swap"};
	json_t *object = json_object();

	for (size_t i = 0; i < types; i++)
		json_object_set_new(object, names[i], json_integer(bytes[i]));
	return object;
}

json_t *json_of_faults(const struct faults *faults)
{
	if (!faults->known)
		return json_pack("{s:n, s:n}", "minor", "major");
	return json_pack("{s:I, s:I}", "minor", (json_int_t)faults->minor, "major",
			 (json_int_t)faults->major);
}

static json_t *json_of_container(const char *cgroup)
{
	char *name = cgroup ? cgroup_name__container(cgroup) : NULL;
	json_t *value = json_of_string(name);

	free(name);
	return value;
}

static json_t *integer_or_null(bool known, int64_t value)
{
	return known ? json_integer(value) : json_null();
}

static json_t *real_or_null(bool known, double value)
{
	return known ? json_real(value) : json_null();
}

static json_t *json_of_summary(const struct summary *s, bool with_total, bool with_flags)
{
	json_t *object = json_object();
	bool known = s->count > 0;

	if (with_total)
		json_object_set_new(object, "total", json_integer(known ? s->total : 0));
	json_object_set_new(object, "min", integer_or_null(known, s->min));
	json_object_set_new(object, "mean", real_or_null(known, s->mean));
	json_object_set_new(object, "median", integer_or_null(known, s->median));
	if (with_flags || (known && !s->median_exact))
		json_object_set_new(object, "median_exact",
				    json_boolean(!known || s->median_exact));
	json_object_set_new(object, "max", integer_or_null(known, s->max));
	json_object_set_new(object, "stddev", real_or_null(s->count > 1, s->stddev));
	return object;
}

json_t *json_of_operation(const struct operation *o, bool with_flags, bool by_thread)
{
	json_t *j = json_object();

	json_object_set_new(j, "name", json_of_string(o->name));
	if (by_thread) {
		json_object_set_new(j, "tid", integer_or_null(o->tid != 0, o->tid));
		json_object_set_new(j, "thread", json_of_string(o->thread));
	}
	json_object_set_new(j, "count", json_integer((json_int_t)o->count));
	json_object_set_new(j, "incomplete", json_integer((json_int_t)o->incomplete));
	json_object_set_new(j, "overlapped_count", json_integer((json_int_t)o->overlapped_count));
	json_object_set_new(j, "growth_bytes", json_of_summary(&o->growth_bytes, true, with_flags));
	json_object_set_new(j, "peak_growth_bytes",
			    json_of_summary(&o->peak_growth_bytes, false, with_flags));
	json_object_set_new(j, "peak_rss_bytes", json_integer(o->peak_rss_bytes));
	json_object_set_new(j, "peak_by_type_bytes",
			    json_of_types(o->peak_by_type_bytes, MEM_RSS_TYPES));
	json_object_set_new(j, "by_type_bytes", json_of_types(o->by_type_bytes, MEM_TYPES));
	json_object_set_new(j, "gained_bytes", json_integer(o->gained_bytes));
	json_object_set_new(j, "returned_bytes", json_integer(o->returned_bytes));
	json_object_set_new(j, "own_growth_bytes", json_integer(o->own_growth_bytes));
	json_object_set_new(j, "self_growth_bytes", json_integer(o->self_growth_bytes));
	json_object_set_new(j, "foreign_growth_bytes", json_integer(o->foreign_growth_bytes));
	json_object_set_new(j, "own_faults", json_of_faults(&o->own_faults));
	json_object_set_new(j, "duration_ns", json_of_summary(&o->duration_ns, true, with_flags));
	return j;
}

json_t *json_of_process(const struct process_row *p)
{
	static const char *const begins[] = {"exec", "fork", "attach"};
	static const char *const ends[] = {"exit", "exec", "detach"};
	json_t *j = json_object();

	json_object_set_new(j, "pid", json_integer(p->pid));
	json_object_set_new(j, "ppid", json_integer(p->ppid));
	json_object_set_new(j, "comm", json_of_string(p->comm));
	json_object_set_new(j, "command", json_of_strings(p->command, p->command_len));
	json_object_set_new(j, "cgroup", json_of_string(p->cgroup));
	json_object_set_new(j, "container", json_of_container(p->cgroup));
	json_object_set_new(j, "user", json_of_string(p->user));
	json_object_set_new(j, "begin", json_string(begins[p->begin]));
	json_object_set_new(j, "end", json_string(ends[p->end]));
	json_object_set_new(j, "exit_code",
			    integer_or_null(p->exited && !p->exit_signal, p->exit_code));
	json_object_set_new(j, "exit_signal",
			    integer_or_null(p->exited && p->exit_signal, p->exit_signal));
	json_object_set_new(j, "begin_ns", json_integer(p->begin_ns));
	json_object_set_new(j, "duration_ns", json_integer(p->duration_ns));
	json_object_set_new(j, "rss_begin_bytes", json_integer(p->rss_begin_bytes));
	json_object_set_new(j, "rss_end_bytes", json_integer(p->rss_end_bytes));
	json_object_set_new(j, "peak_rss_bytes", json_integer(p->peak_rss_bytes));
	json_object_set_new(j, "peak_at_ns", json_integer(p->peak_at_ns));
	json_object_set_new(j, "peak_by_type_bytes",
			    json_of_types(p->peak_by_type_bytes, MEM_RSS_TYPES));
	json_object_set_new(j, "peak_operations",
			    json_of_strings(p->peak_operations, p->peak_operations_len));
	json_object_set_new(j, "swap_peak_bytes", json_integer(p->swap_peak_bytes));
	json_object_set_new(j, "gained_bytes", json_integer(p->gained_bytes));
	json_object_set_new(j, "returned_bytes", json_integer(p->returned_bytes));
	json_object_set_new(j, "faults", json_of_faults(&p->faults));
	return j;
}

json_t *json_of_group(enum report_by by, const struct process_group *g)
{
	char *name = process_group__name(by, g);
	json_t *j = json_object();

	json_object_set_new(j, "by", json_string(report_by__name(by)));
	json_object_set_new(j, "key", json_of_string(g->key));
	json_object_set_new(j, "name", json_of_string(name));
	json_object_set_new(j, "processes", json_integer((json_int_t)g->processes));
	json_object_set_new(j, "alive", json_integer((json_int_t)g->alive));
	json_object_set_new(j, "growth_bytes", json_integer(g->growth_bytes));
	json_object_set_new(j, "rss_end_bytes", json_integer(g->rss_end_bytes));
	json_object_set_new(j, "highest_peak_rss_bytes", json_integer(g->peak_rss_bytes));
	json_object_set_new(j, "highest_peak_pid", json_integer(g->peak_pid));
	json_object_set_new(j, "gained_bytes", json_integer(g->gained_bytes));
	json_object_set_new(j, "returned_bytes", json_integer(g->returned_bytes));
	json_object_set_new(j, "faults", json_of_faults(&g->faults));
	free(name);
	return j;
}

json_t *json_of_window(const struct window_row *w, const struct report *report)
{
	static const char *const ends[] = {"end",  "unwound", "thread-exit",
					   "exec", "exit",    "detach"};
	json_t *j = json_object();

	json_object_set_new(j, "operation", json_of_string(report->operations[w->operation].name));
	json_object_set_new(j, "id", json_integer((json_int_t)w->id));
	json_object_set_new(j, "parent", integer_or_null(w->parent != 0, (int64_t)w->parent));
	json_object_set_new(j, "index", json_integer((json_int_t)w->index));
	json_object_set_new(j, "pid", json_integer(w->pid));
	json_object_set_new(j, "tid", json_integer(w->tid));
	json_object_set_new(j, "overlapped", json_boolean(w->overlapped));
	json_object_set_new(j, "begin_ns", json_integer(w->begin_ns));
	json_object_set_new(j, "duration_ns", json_integer(w->duration_ns));
	json_object_set_new(j, "end", json_string(ends[w->end]));
	json_object_set_new(j, "rss_begin_bytes", json_integer(w->rss_begin_bytes));
	json_object_set_new(j, "growth_bytes", json_integer(w->growth_bytes));
	json_object_set_new(j, "peak_growth_bytes", json_integer(w->peak_growth_bytes));
	json_object_set_new(j, "gained_bytes", json_integer(w->gained_bytes));
	json_object_set_new(j, "returned_bytes", json_integer(w->returned_bytes));
	json_object_set_new(j, "own_growth_bytes", json_integer(w->own_growth_bytes));
	json_object_set_new(j, "self_growth_bytes", json_integer(w->self_growth_bytes));
	json_object_set_new(j, "foreign_growth_bytes", json_integer(w->foreign_growth_bytes));
	json_object_set_new(j, "by_type_bytes", json_of_types(w->by_type_bytes, MEM_TYPES));
	json_object_set_new(j, "own_faults", json_of_faults(&w->own_faults));
	return j;
}
