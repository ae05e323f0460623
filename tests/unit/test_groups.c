// SPDX-License-Identifier: GPL-2.0-or-later
/* Processes put together: --by comm, cgroup, user. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/groups.h"

static char *web = (char *)"/system.slice/nginx.service";

static struct process_row row(char *comm, char *cgroup, int64_t begin, int64_t end, int64_t peak)
{
	return (struct process_row){
		.pid = (int32_t)peak,
		.comm = comm,
		.cgroup = cgroup,
		.user = (char *)"ann",
		.end = ROW_END_EXIT,
		.rss_begin_bytes = begin,
		.rss_end_bytes = end,
		.peak_rss_bytes = peak,
		.gained_bytes = peak - begin,
		.returned_bytes = peak - end,
		.faults = {true, 10, 1},
	};
}

static void group(enum report_by by, const struct process_row *rows, size_t len, struct report *out)
{
	struct groups *groups;

	*out = (struct report){.by = by};
	assert_int_equal(groups__new(&groups, by), 0);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(groups__add(groups, &rows[i]), 0);
	assert_int_equal(groups__take(groups, out), 0);
	groups__free(groups);
}

static void sums_and_the_highest_peak(void **state)
{
	struct process_row rows[] = {
		row((char *)"sh", NULL, 0, 100, 300),
		row((char *)"cc", web, 50, 20, 900),
		row((char *)"sh", web, 10, 40, 200),
	};
	struct report report;

	(void)state;
	rows[2].end = ROW_END_DETACH;
	group(BY_COMM, rows, 3, &report);
	assert_int_equal(report.groups_len, 2);
	assert_string_equal(report.groups[0].key, "cc");
	assert_int_equal(report.groups[0].growth_bytes, -30);
	assert_int_equal(report.groups[0].alive, 0);
	assert_string_equal(report.groups[1].key, "sh");
	assert_int_equal(report.groups[1].processes, 2);
	assert_int_equal(report.groups[1].alive, 1);
	assert_int_equal(report.groups[1].growth_bytes, 130);
	assert_int_equal(report.groups[1].rss_end_bytes, 40);
	assert_int_equal(report.groups[1].peak_rss_bytes, 300);
	assert_int_equal(report.groups[1].peak_pid, 300);
	assert_int_equal(report.groups[1].gained_bytes, 490);
	assert_int_equal(report.groups[1].returned_bytes, 360);
	assert_int_equal(report.groups[1].faults.minor, 20);
	assert_true(report.groups[1].faults.known);
	report__free(&report);
}

static void what_is_not_known_is_a_group(void **state)
{
	struct process_row rows[] = {
		row((char *)"sh", NULL, 0, 100, 300),
		row((char *)"cc", web, 0, 100, 900),
		row((char *)"cc", web, 0, 100, 800),
	};
	struct report report;
	char *name;

	(void)state;
	rows[2].faults.known = false;
	group(BY_CGROUP, rows, 3, &report);
	assert_int_equal(report.groups_len, 2);
	name = process_group__name(BY_CGROUP, &report.groups[0]);
	assert_string_equal(name, "nginx.service");
	free(name);
	assert_false(report.groups[0].faults.known);
	assert_null(report.groups[1].key);
	name = process_group__name(BY_CGROUP, &report.groups[1]);
	assert_string_equal(name, "(not known)");
	free(name);
	report__free(&report);
}

static void stretches_between_fork_and_exec_are_in_none(void **state)
{
	struct process_row rows[] = {
		row((char *)"sh", NULL, 0, 100, 300),
		row((char *)"sh", NULL, 100, 100, 300),
	};
	struct report report;

	(void)state;
	rows[1].hidden = true;
	group(BY_USER, rows, 2, &report);
	assert_int_equal(report.groups_len, 1);
	assert_int_equal(report.groups[0].processes, 1);
	assert_string_equal(report.groups[0].key, "ann");
	report__free(&report);
}

static void no_more_than_the_limit(void **state)
{
	struct groups *groups;
	struct report report = {.by = BY_CGROUP};
	uint64_t processes = 0, others = 0;

	(void)state;
	assert_int_equal(groups__new(&groups, BY_CGROUP), 0);
	for (int i = 0; i < 2 * GROUPS_MAX; i++) {
		char path[32];
		struct process_row one;

		snprintf(path, sizeof(path), "/run/%d", i);
		one = row((char *)"sh", path, 0, 1, 1);
		assert_int_equal(groups__add(groups, &one), 0);
	}
	assert_int_equal(groups__take(groups, &report), 0);
	assert_int_equal(report.groups_len, GROUPS_MAX + 1);
	for (size_t i = 0; i < report.groups_len; i++) {
		processes += report.groups[i].processes;
		if (!strcmp(report.groups[i].key, GROUPS_OTHER))
			others = report.groups[i].processes;
	}
	assert_int_equal(processes, 2 * GROUPS_MAX);
	assert_int_equal(others, GROUPS_MAX);
	groups__free(groups);
	groups__free(NULL);
	report__free(&report);
}

static void names_of_keys(void **state)
{
	(void)state;
	assert_string_equal(report_by__name(BY_PROCESS), "process");
	assert_string_equal(report_by__name(BY_THREAD), "thread");
	assert_null(report_by__name(BY_THREAD + 1));
	assert_false(report_by__groups(BY_PROCESS));
	assert_false(report_by__groups(BY_THREAD));
	assert_true(report_by__groups(BY_CGROUP));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_and_the_highest_peak),
		cmocka_unit_test(what_is_not_known_is_a_group),
		cmocka_unit_test(stretches_between_fork_and_exec_are_in_none),
		cmocka_unit_test(no_more_than_the_limit),
		cmocka_unit_test(names_of_keys),
	};

	return cmocka_run_group_tests_name("groups", tests, NULL, NULL);
}
