// SPDX-License-Identifier: GPL-2.0-or-later
/* The table for people, in a file and on a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fixture.h"
#include "golden.h"
#include "report/table_grid.h"
#include "report/table_parts.h"

#define ALL_COLUMNS                                                                                \
	"name,count,growth,peak,peak-rss,gained,returned,own,self,foreign,anon,file,shmem,swap,"   \
	"faults,time"

static const struct render_options plain;

static int setup(void **state)
{
	struct report *report = calloc(1, sizeof(*report));

	fixture__report(report);
	*state = report;
	return 0;
}

static int teardown(void **state)
{
	report__free(*state);
	free(*state);
	return 0;
}

static void assert_golden(const char *file, const struct report *report,
			  const struct render_options *options)
{
	char *text = golden__render("table", report, options);

	golden__compare(file, text);
	free(text);
}

static bool contains(const struct report *report, const struct render_options *options,
		     const char *needle)
{
	char *text = golden__render("table", report, options);
	bool found = strstr(text, needle);

	free(text);
	return found;
}

static void test_pipe(void **state)
{
	assert_golden("table.txt", *state, &plain);
}

static void test_all_columns(void **state)
{
	const struct render_options options = {.columns = ALL_COLUMNS, .windows = true};

	assert_golden("table-all.txt", *state, &options);
}

static void test_bytes_sorted_top(void **state)
{
	const struct render_options options = {.bytes = true, .sort = "growth", .top = 3};

	assert_golden("table-bytes.txt", *state, &options);
}

static void test_color(void **state)
{
	const struct render_options options = {.color = true};

	assert_golden("table-color.txt", *state, &options);
	assert_false(contains(*state, &plain, "\033"));
}

static void test_nothing_seen(void **state)
{
	struct report empty;

	(void)state;
	fixture__empty(&empty);
	assert_golden("table-empty.txt", &empty, &plain);
	report__free(&empty);
}

static void test_losses(void **state)
{
	struct report *report = *state;

	report->losses.windows = 3;
	report->losses.unmatched_ends = 1;
	report->accounting.error_bound_bytes = 24576;
	report->accounting.note = strdup("several threads changed the counters at once");
	report->trace.outside_processes = 1;
	report->trace.late = calloc(1, sizeof(*report->trace.late));
	report->trace.late[0].object = strdup("/usr/lib/libfoo\n.so");
	report->trace.late[0].at_ns = 1234000000;
	report->trace.late_len = 1;
	assert_golden("table-losses.txt", report, &plain);
}

static void test_groups(void **state)
{
	struct report *report = *state;

	fixture__group(report, BY_CGROUP);
	assert_golden("table-groups.txt", report, &plain);
	report->by = BY_USER;
	assert_true(contains(report, &plain, "\nUSER "));
	report->by = BY_PROCESS;
	assert_true(contains(report, &plain,
			     "3 more processes that have ended were counted and have no row"));
}

static void test_threads(void **state)
{
	const struct render_options without_name = {.columns = "count"};
	struct report *report = *state;

	assert_false(contains(report, &plain, "THREAD"));
	report->by = BY_THREAD;
	for (size_t i = 0; i < FIXTURE_OPERATIONS; i++) {
		report->operations[i].tid = 4711 + (int32_t)i % 3;
		report->operations[i].thread = strdup(i % 3 ? "worker" : "\x1b[31mred");
	}
	report->operations[FIXTURE_CUT].tid = 0;
	free(report->operations[FIXTURE_CUT].thread);
	report->operations[FIXTURE_CUT].thread = NULL;
	assert_golden("table-threads.txt", report, &plain);
	assert_false(contains(report, &without_name, "THREAD"));
}

static void test_one_process_has_no_tree_line(void **state)
{
	struct report *report = *state;

	assert_true(contains(report, &plain, "peak of all processes"));
	for (size_t i = 0; i < report->processes_len; i++)
		report->processes[i].pid = 4711;
	assert_false(contains(report, &plain, "peak of all processes"));
}

/* Places of the operations whose order differs from the array's are enough to compare. */
static void assert_order(const struct report *report, const char *sort, const size_t *expected)
{
	struct values values[FIXTURE_OPERATIONS];
	struct ordered *order;

	for (size_t i = 0; i < FIXTURE_OPERATIONS; i++)
		values__of_operation(&values[i], &report->operations[i]);
	assert_int_equal(order__operations(report, values, sort, &order), 0);
	for (size_t i = 0; i < FIXTURE_OPERATIONS; i++)
		assert_int_equal(order[i].operation, expected[i]);
	free(order);
}

static void test_order(void **state)
{
	static const size_t begin[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
	/* The unknown growth of the last comes after the negative one. */
	static const size_t growth[] = {6, 0, 1, 2, 7, 5, 3, 4, 8};
	static const size_t name[] = {5, 6, 0, 1, 2, 3, 4, 8, 7};
	static const size_t count_then_name[] = {3, 4, 0, 1, 2, 5, 7, 6, 8};

	assert_order(*state, NULL, begin);
	assert_order(*state, "growth", growth);
	assert_order(*state, "name", name);
	assert_order(*state, "count,name", count_then_name);
}

static void test_damaged_parents(void **state)
{
	static const size_t expected[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
	struct report *report = *state;

	report->operations[FIXTURE_LOAD].parent = FIXTURE_TOKENIZE;
	report->operations[FIXTURE_SERVE].parent = FIXTURE_SERVE;
	report->operations[FIXTURE_HOSTILE].parent = 4711;
	assert_order(report, NULL, expected);
}

/* What arrives at a terminal of that width; the caller frees it. */
static char *on_terminal(const struct report *report, const struct render_options *options,
			 unsigned short width)
{
	static char buffer[1 << 16];
	struct winsize size = {.ws_row = 24, .ws_col = width};
	char *text = calloc(1, sizeof(buffer));
	size_t len = 0;
	int master, slave;
	ssize_t n;
	FILE *stream;

	assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
	stream = fdopen(slave, "w");
	/* The terminal takes 4 KiB: all stays here until both ends stopped blocking. */
	setvbuf(stream, buffer, _IOFBF, sizeof(buffer));
	assert_int_equal(render__find("table")->render(report, options, stream), 0);
	assert_int_equal(fcntl(master, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(fcntl(slave, F_SETFL, O_NONBLOCK), 0);
	while (fflush(stream), (n = read(master, text + len, sizeof(buffer) - 1 - len)) > 0)
		len += (size_t)n;
	fclose(stream);
	close(master);
	return text;
}

static size_t widest_line(char *text)
{
	size_t widest = 0;

	for (char *rest, *line = strtok_r(text, "\r\n", &rest); line;
	     line = strtok_r(NULL, "\r\n", &rest)) {
		size_t width = 0;

		for (const char *at = line; *at; at++)
			width += (*at & 0xc0) != 0x80;
		if (width > widest)
			widest = width;
	}
	return widest;
}

static void test_terminal_widths(void **state)
{
	static const unsigned short widths[] = {80, 100, 140};
	struct report *report = *state;

	/* Its characters are wider than one column. */
	free(report->operations[FIXTURE_BYTES].name);
	report->operations[FIXTURE_BYTES].name = strdup("narrow");
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		char *text = on_terminal(report, &plain, widths[i]);

		assert_non_null(strstr(text, "nothing lost"));
		assert_non_null(strstr(text, "…"));
		/* Only a wide terminal has a process in one row. */
		assert_int_equal(!strstr(text, "\r\n\r\n PID COMMAND"), widths[i] > 80);
		assert_in_range(widest_line(text), widths[i] - 20u, widths[i]);
		free(text);
	}
}

/* As the grid prints it in `width` columns; the caller frees it. */
static char *print_cell(const char *cell, size_t width)
{
	struct canvas canvas = {.width = width};
	struct grid *grid = grid__new();
	char *text = NULL;
	size_t size;

	canvas.stream = open_memstream(&text, &size);
	grid__add_column(grid, "N", GRID_FLEX);
	grid__add_cell(grid, grid__add_row(grid, NULL), cell);
	assert_int_equal(grid__print(grid, &canvas), 0);
	fclose(canvas.stream);
	grid__free(grid);
	return text;
}

static void assert_printed(const char *cell, size_t width, const char *expected)
{
	char *text = print_cell(cell, width);

	assert_string_equal(text, expected);
	free(text);
}

static void test_grid_cuts(void **state)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before = uselocale(utf8);

	(void)state;
	assert_printed("0123456789", 0, "N\n0123456789\n");
	assert_printed("0123456789", 10, "N\n0123456789\n");
	assert_printed("0123456789", 8, "N\n0123456…\n");
	/* Never less than that, and never half of a wide character. */
	assert_printed("0123456789", 3, "N\n0123456…\n");
	assert_printed("漢字漢字漢字", 8, "N\n漢字漢…\n");
	/* No character, a private one, the last one: whatever it is, it ends. */
	assert_printed("\u0378 \ue000 \U0010ffff", 0, "N\n\u0378 \ue000 \U0010ffff\n");
	uselocale(before);
	freelocale(utf8);
}

static void test_grid_in_another_locale(void **state)
{
	struct canvas canvas = {.stream = stdout};

	(void)state;
	assert_printed("café", 0, "N\ncaf\\xc3\\xa9\n");
	assert_int_equal(grid__print(NULL, &canvas), -ENOMEM);
	grid__free(NULL);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_pipe),
		TEST(test_all_columns),
		TEST(test_bytes_sorted_top),
		TEST(test_color),
		TEST(test_nothing_seen),
		TEST(test_losses),
		TEST(test_groups),
		TEST(test_threads),
		TEST(test_one_process_has_no_tree_line),
		TEST(test_order),
		TEST(test_damaged_parents),
		TEST(test_terminal_widths),
		TEST(test_grid_cuts),
		TEST(test_grid_in_another_locale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
