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

#include "model/groups.h"
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
	assert_int_equal(rows__find(&rows, 1)->row.exit_signal, 11);
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
	assert_string_equal(rows__find(&rows, 2)->row.command[0],
			    "parent"); /* what it had before its exec */
	assert_true(rows__find(&rows, 2)->row.hidden);
	assert_false(rows__find(&rows, 3)->row.hidden);
	assert_string_equal(rows__find(&rows, 3)->row.command[0], "child");
	rows__free(&rows);
}

static void a_long_command_line_keeps_what_was_recorded(void **state)
{
	struct rows rows = {.page_bytes = 4096};
	char args[MT_ARGS_SIZE];

	(void)state;
	memset(args, 'x', sizeof(args));
	enter_begin(&rows, begin_of(1, MT_BEGIN_EXEC, 0), args, 5000);
	assert_int_equal(rows__find(&rows, 1)->row.command_len, 1);
	assert_int_equal(strlen(rows__find(&rows, 1)->row.command[0]), MT_ARGS_SIZE);
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

/* A whole life; the pid is the serial, and the process had that peak. */
static void enter_life(struct rows *rows, uint32_t space, int64_t peak_pages, const char *comm)
{
	struct mt_space_begin begin = begin_of(space, MT_BEGIN_EXEC, 0);
	struct mt_process_exit exit = {.header = {MT_RECORD_PROCESS_EXIT, space, 6000, 0, 0}};
	struct mt_space_end end = {
		.header = {MT_RECORD_SPACE_END, space, 5000, 0, 1},
		.end = MT_END_EXIT,
		.by_type = {5, 0, 0, 0},
		.gained = 10,
		.peak = peak_pages,
		.events = 3,
	};

	strncpy(begin.comm, comm, sizeof(begin.comm) - 1);
	begin.header.pid = end.header.pid = exit.header.pid = PID - (int32_t)space;
	begin.uid = space % 3;
	exit.minor = 7;
	enter_begin(rows, begin, "a\0b", 4);
	assert_int_equal(rows__record(rows, &end, sizeof(end)), 0);
	assert_int_equal(rows__record(rows, &exit, sizeof(exit)), 0);
}

#define LIVES 1000

static void the_highest_peaks_are_kept_and_all_are_in_their_group(void **state)
{
	struct rows rows = {.page_bytes = 4096, .max = 100};
	struct report report = {0};
	int64_t gained = 0;

	(void)state;
	assert_int_equal(groups__new(&rows.groups, BY_COMM), 0);
	for (uint32_t i = 1; i <= LIVES; i++) {
		/* 1 to LIVES, in another order: 7 has no factor with it. */
		enter_life(&rows, i, i * 7 % LIVES + 1, i % 2 ? "odd" : "even");
		assert_true(rows__len(&rows) <= 112);
	}
	rows__leave_out(&rows);
	assert_int_equal(rows__len(&rows), 100);
	for (const struct row *row = rows__first(&rows); row; row = rows__after(row)) {
		assert_true(row->row.peak_rss_bytes > (LIVES - 100) * 4096);
		assert_ptr_equal(rows__of_pid(&rows, row->row.pid), row);
		assert_true(!rows__after(row) || rows__after(row)->space > row->space);
		gained += row->row.gained_bytes;
		groups__add(rows.groups, &row->row);
	}
	assert_null(rows__of_pid(&rows, PID - 1000)); /* its peak was the lowest */
	assert_int_equal(rows.left_out.sums.processes, LIVES - 100);
	assert_int_equal(rows.left_out.sums.peak_rss_bytes, (LIVES - 100) * 4096);
	assert_int_equal(rows.left_out.sums.gained_bytes + gained, LIVES * 10 * 4096);
	assert_int_equal(rows.left_out.events, (LIVES - 100) * 3);
	assert_int_equal(rows.unmatched, 0);
	assert_int_equal(groups__take(rows.groups, &report), 0);
	assert_int_equal(report.groups_len, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(report.groups[i].processes, LIVES / 2);
		assert_int_equal(report.groups[i].gained_bytes, LIVES / 2 * 10 * 4096);
		assert_int_equal(report.groups[i].faults.minor, LIVES / 2 * 7);
	}
	report__free(&report);
	rows__free(&rows);
}

static void some_rows_are_never_left_out(void **state)
{
	struct rows rows = {.page_bytes = 4096, .max = 10, .command_pid = PID};

	(void)state;
	enter_begin(&rows, begin_of(1, MT_BEGIN_EXEC, 0), "command", 7);
	enter_begin(&rows, begin_of(2, MT_BEGIN_ATTACH, 0), NULL, 0);
	for (uint32_t i = 3; i < 100; i++)
		enter_life(&rows, i, 1000, "other");
	enter_end(&rows, 1, MT_END_EXIT);
	enter_exit(&rows, 1, 0);
	enter_end(&rows, 2, MT_END_EXIT);
	enter_exit(&rows, 2, 0);
	rows__leave_out(&rows);
	assert_int_equal(rows__len(&rows), 12);
	assert_int_equal(rows__find(&rows, 1)->row.exited, 1);
	assert_int_equal(rows__find(&rows, 2)->row.exited, 1);
	/* Alive: there is no telling what its peak will be. */
	enter_begin(&rows, begin_of(100, MT_BEGIN_EXEC, 0), NULL, 0);
	for (uint32_t i = 101; i < 200; i++)
		enter_life(&rows, i, 1000, "other");
	assert_non_null(rows__find(&rows, 100));
	assert_int_equal(rows__of_pid(&rows, PID)->space, 100);
	rows__free(&rows);
}

/* A stretch from fork to exec has its parent's peak, and is not worth a row. */
static void stretches_between_fork_and_exec_go_first(void **state)
{
	struct rows rows = {.page_bytes = 4096, .max = 10};

	(void)state;
	for (uint32_t i = 1; i < 100; i += 2) {
		enter_begin(&rows, begin_of(i, MT_BEGIN_FORK, 0), NULL, 0);
		enter_end(&rows, i, MT_END_EXEC); /* peak 20 */
		enter_life(&rows, i + 1, 1, "exec");
	}
	rows__leave_out(&rows);
	for (const struct row *row = rows__first(&rows); row; row = rows__after(row))
		assert_false(row->row.hidden);
	assert_int_equal(rows.left_out.sums.processes, 90);
	rows__free(&rows);
}

/* An exit that is never told does not keep rows for good. */
static void lost_exits_do_not_fill_the_memory(void **state)
{
	struct rows rows = {.page_bytes = 4096, .max = 10};

	(void)state;
	for (uint32_t i = 1; i < 10000; i++) {
		enter_begin(&rows, begin_of(i, MT_BEGIN_EXEC, 0), NULL, 0);
		enter_end(&rows, i, MT_END_EXIT);
	}
	assert_true(rows__len(&rows) < 1100);
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
		cmocka_unit_test(the_highest_peaks_are_kept_and_all_are_in_their_group),
		cmocka_unit_test(some_rows_are_never_left_out),
		cmocka_unit_test(stretches_between_fork_and_exec_go_first),
		cmocka_unit_test(lost_exits_do_not_fill_the_memory),
		cmocka_unit_test(own_process_is_readable),
	};

	return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
