// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/report.h"

#include <stdlib.h>

static void free_strings(char **strings, size_t len)
{
	for (size_t i = 0; i < len; i++)
		free(strings[i]);
	free(strings);
}

static void free_trace(struct trace_info *trace)
{
	free_strings(trace->command, trace->command_len);
	free(trace->pids);
	free_strings(trace->windows, trace->windows_len);
	for (size_t i = 0; i < trace->late_len; i++)
		free(trace->late[i].object);
	free(trace->late);
}

static void free_process(struct process_row *p)
{
	free(p->comm);
	free_strings(p->command, p->command_len);
	free(p->cgroup);
	free(p->user);
	free_strings(p->peak_operations, p->peak_operations_len);
}

void report__free(struct report *report)
{
	if (!report)
		return;
	free(report->host.kernel);
	free(report->host.arch);
	free(report->host.thp);
	free(report->accounting.note);
	free_trace(&report->trace);
	for (size_t i = 0; i < report->processes_len; i++)
		free_process(&report->processes[i]);
	free(report->processes);
	for (size_t i = 0; i < report->groups_len; i++)
		free(report->groups[i].key);
	free(report->groups);
	free_strings(report->tree.peak_operations, report->tree.peak_operations_len);
	for (size_t i = 0; i < report->operations_len; i++) {
		free(report->operations[i].name);
		free(report->operations[i].thread);
	}
	free(report->operations);
	free(report->windows);
	*report = (struct report){0};
}
