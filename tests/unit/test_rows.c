// SPDX-License-Identifier: GPL-2.0-or-later
/* Process rows from records. Pids are ones that do not exist, so that /proc says nothing. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "trace/maps.h"
#include "trace/procfs.h"
#include "trace/rows.h"

#define PID (INT_MAX - 1)

static struct mt_space_begin begin_of(uint32_t space, enum mt_begin how, uint32_t previous)
{
	struct mt_space_begin r = {
		.header = {MT_RECORD_SPACE_BEGIN, space, 1000 + space, PID, 1},
		.begin = how,
		.previous = previous,
		.by_type = {3, 2, 0, 0},
		.comm = "comm",
	};

	return r;
}

static void enter_begin(struct rows *rows, struct mt_space_begin r, const char *args, size_t size)
{
	if (args)
		memcpy(r.args, args, size < MT_ARGS_SIZE ? size : MT_ARGS_SIZE);
	r.args_size = (uint32_t)size;
	assert_int_equal(rows__record(rows, &r, sizeof(r)), 0);
}

static void enter_end(struct rows *rows, uint32_t space, enum mt_end how)
{
	struct mt_space_end r = {
		.header = {MT_RECORD_SPACE_END, space, 5000, PID, 1},
		.end = how,
		.by_type = {10, 4, 1, 0},
		.gained = 30,
		.peak = 20,
		.peak_by_type = {12, 7, 1},
		.peak_at_ns = 3000,
	};

	assert_int_equal(rows__record(rows, &r, sizeof(r)), 0);
}

static void enter_exit(struct rows *rows, uint32_t space, uint32_t code)
{
	const struct mt_process_exit r = {
		.header = {MT_RECORD_PROCESS_EXIT, space, 6000, PID, 0},
		.exit_code = code,
		.minor = 100,
		.major = 2,
	};

	assert_int_equal(rows__record(rows, &r, sizeof(r)), 0);
}

static void a_life_from_exec_to_exit(void **state)
{
	struct rows rows = {.start_ns = 1000, .page_bytes = 4096};
	const struct process_row *p;

	(void)state;
	enter_begin(&rows, begin_of(1, MT_BEGIN_EXEC, 0), "prog\0-v\0", 8);
	enter_exit(&rows, 1, 3 << 8); /* Linux 6.16+: the exit is told before the teardown */
	enter_end(&rows, 1, MT_END_EXIT);
	p = &rows__find(&rows, 1)->row;
	assert_int_equal(p->command_len, 2);
	assert_string_equal(p->command[1], "-v");
	assert_int_equal(p->rss_begin_bytes, 5 * 4096);
	assert_int_equal(p->rss_end_bytes, 15 * 4096);
	assert_int_equal(p->returned_bytes, 20 * 4096); /* gained 30, grown 10 */
	assert_int_equal(p->peak_at_ns, 2000);
	assert_int_equal(p->exit_code, 3);
	assert_int_equal(p->exit_signal, 0);
	assert_int_equal(p->faults.minor, 100);
	assert_false(p->hidden);
	rows__free(&rows);
}

static void a_signal_is_told_apart(void **state)
{
	struct rows rows = {.page_bytes = 4096};

	(void)state;
	enter_begin(&rows, begin_of(1, MT_BEGIN_EXEC, 0), NULL, 0);
	enter_end(&rows, 1, MT_END_EXIT);
	enter_exit(&rows, 1, 0x80 | 11); /* with a core dump */
	assert_int_equal(rows.list[0].row.exit_signal, 11);
	rows__free(&rows);
}

static void a_stretch_between_fork_and_exec_is_hidden(void **state)
{
	struct rows rows = {.page_bytes = 4096};

	(void)state;
	enter_begin(&rows, begin_of(1, MT_BEGIN_EXEC, 0), "parent", 6);
	enter_begin(&rows, begin_of(2, MT_BEGIN_FORK, 1), NULL, 0);
	enter_end(&rows, 2, MT_END_EXEC);
	enter_begin(&rows, begin_of(3, MT_BEGIN_EXEC, 2), "child", 6);
	enter_end(&rows, 3, MT_END_EXIT);
	assert_string_equal(rows.list[1].row.command[0],
			    "parent"); /* what it had before its exec */
	assert_true(rows.list[1].row.hidden);
	assert_false(rows.list[2].row.hidden);
	assert_string_equal(rows.list[2].row.command[0], "child");
	rows__free(&rows);
}

static void a_long_command_line_keeps_what_was_recorded(void **state)
{
	struct rows rows = {.page_bytes = 4096};
	char args[MT_ARGS_SIZE];

	(void)state;
	memset(args, 'x', sizeof(args));
	enter_begin(&rows, begin_of(1, MT_BEGIN_EXEC, 0), args, 5000);
	assert_int_equal(rows.list[0].row.command_len, 1);
	assert_int_equal(strlen(rows.list[0].row.command[0]), MT_ARGS_SIZE);
	rows__free(&rows);
}

static void records_that_make_no_sense_are_refused(void **state)
{
	struct rows rows = {.page_bytes = 4096};
	struct mt_space_begin r = begin_of(1, MT_BEGIN_EXEC, 0);

	(void)state;
	assert_int_equal(rows__record(&rows, &r, 8), -EBADMSG);
	assert_int_equal(rows__record(&rows, &r, sizeof(r) - 1), -EBADMSG);
	r.header.type = 99;
	assert_int_equal(rows__record(&rows, &r, sizeof(r)), -EBADMSG);
	enter_end(&rows, 7, MT_END_EXIT); /* its begin was lost */
	assert_int_equal(rows.unmatched, 1);
	rows__free(&rows);
}

static int find_main(void *context, const struct exec_mapping *m)
{
	uint64_t address = (uint64_t)(uintptr_t)find_main;

	(void)context;
	return address >= m->start && address < m->end;
}

static void own_process_is_readable(void **state)
{
	char **args;
	size_t len;

	(void)state;
	assert_int_equal(maps__each_exec(getpid(), find_main, NULL), 1);
	assert_true(maps__each_exec(PID, find_main, NULL) < 0);
	assert_true(procfs__exists(getpid()));
	assert_false(procfs__exists(PID));
	assert_int_equal(procfs__own_pid(PID), PID);
	procfs__command(getpid(), &args, &len);
	assert_true(len >= 1);
	procfs__free_args(args, len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_life_from_exec_to_exit),
		cmocka_unit_test(a_signal_is_told_apart),
		cmocka_unit_test(a_stretch_between_fork_and_exec_is_hidden),
		cmocka_unit_test(a_long_command_line_keeps_what_was_recorded),
		cmocka_unit_test(records_that_make_no_sense_are_refused),
		cmocka_unit_test(own_process_is_readable),
	};

	return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
