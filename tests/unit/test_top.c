// SPDX-License-Identifier: GPL-2.0-or-later
/* The rows of memtrace top, their order, what keys do, and what fits where. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/top_layout.h"
#include "cli/top_rows.h"
#include "cli/top_view.h"

#define SECOND 1000000000u
#define MIB    (1 << 20)
#define ESCAPE 27

static char *const server[] = {"/usr/sbin/server", "--port", "80\n\x1b[31m"};
static char *const shell[] = {"-bash"};

static struct live_process processes[] = {
	{.serial = 7,
	 .pid = 300,
	 .user = "ann",
	 .comm = "server",
	 .command = server,
	 .command_len = 3,
	 .rss_bytes = 10 * MIB,
	 .peak_bytes = 30 * MIB},
	{.serial = 3,
	 .pid = 100,
	 .user = "bob",
	 .comm = "bash",
	 .command = shell,
	 .command_len = 1,
	 .rss_bytes = 40 * MIB,
	 .peak_bytes = 40 * MIB,
	 .swap_bytes = MIB},
	{.serial = 9, .pid = 200, .comm = "kworker", .rss_bytes = 20 * MIB, .peak_bytes = 20 * MIB},
};

static struct live_operation operations[] = {
	{.number = 1,
	 .name = "load",
	 .count = 4,
	 .open = 1,
	 .complete = 4,
	 .growth_bytes = 8 * MIB,
	 .peak_growth_bytes = 3 * MIB,
	 .duration_ns = 4000},
	{.number = 2, .name = "日本", .count = 2, .growth_bytes = 0},
};

static struct live_snapshot snapshot_at(uint64_t at_ns)
{
	return (struct live_snapshot){
		.at_ns = at_ns,
		.processes = processes,
		.processes_len = 3,
		.operations = operations,
		.operations_len = 2,
	};
}

static int setup(void **state)
{
	static struct top_view view;
	struct live_snapshot snapshot = snapshot_at(SECOND);

	view = (struct top_view){0};
	top_model__init(&view.model);
	view.model.lists[TOP_PROCESSES].page = view.model.lists[TOP_OPERATIONS].page = 10;
	assert_int_equal(top_model__update(&view.model, &snapshot), 0);
	*state = &view;
	return 0;
}

static int teardown(void **state)
{
	top_model__free(&((struct top_view *)*state)->model);
	return 0;
}

static const char *cell(struct top_view *v, enum top_pane pane, size_t row, unsigned int column)
{
	static char text[TOP_CELL_SIZE];
	const struct top_list *list = &v->model.lists[pane];

	assert_true(row < list->shown_len);
	return top_model__cell(text, &v->model, list->shown[row], pane, column, v->bytes);
}

/* The pids that are shown, in their order. */
static const char *pids(struct top_view *v)
{
	static char text[128];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < v->model.lists[TOP_PROCESSES].shown_len; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s ",
					cell(v, TOP_PROCESSES, i, TOP_PID));
	return text;
}

static void press(struct top_view *v, const char *keys)
{
	for (; *keys; keys++)
		assert_true(top_view__press(v, (unsigned char)*keys));
}

static void test_cells(void **state)
{
	struct top_view *v = *state;
	struct live_snapshot snapshot = snapshot_at(2 * (uint64_t)SECOND);

	assert_string_equal(cell(v, TOP_PROCESSES, 0, TOP_RSS), "40.0 MiB");
	assert_string_equal(cell(v, TOP_PROCESSES, 0, TOP_SWAP), "1.0 MiB");
	assert_string_equal(cell(v, TOP_PROCESSES, 0, TOP_RATE), "-");
	assert_string_equal(cell(v, TOP_PROCESSES, 0, TOP_OWNER), "bob");
	assert_string_equal(cell(v, TOP_PROCESSES, 1, TOP_COMMAND), "[kworker]");
	assert_string_equal(cell(v, TOP_PROCESSES, 1, TOP_OWNER), "");
	assert_string_equal(cell(v, TOP_PROCESSES, 2, TOP_COMMAND), "server --port 80\\n\\x1b[31m");
	assert_string_equal(cell(v, TOP_OPERATIONS, 0, TOP_NAME), "load");
	assert_string_equal(cell(v, TOP_OPERATIONS, 0, TOP_OP_PEAK), "3.0 MiB");
	assert_string_equal(cell(v, TOP_OPERATIONS, 0, TOP_TIME_MEAN), "1.00 µs");
	assert_string_equal(cell(v, TOP_OPERATIONS, 1, TOP_OP_PEAK), "-");
	assert_string_equal(cell(v, TOP_OPERATIONS, 1, TOP_TIME_MEAN), "-");
	operations[0].tid = 17;
	assert_int_equal(top_model__update(&v->model, &snapshot), 0);
	operations[0].tid = 0;
	assert_string_equal(cell(v, TOP_OPERATIONS, 0, TOP_NAME), "17 load");
	press(v, "b");
	assert_string_equal(cell(v, TOP_PROCESSES, 0, TOP_RSS), "41943040");
	press(v, "a");
	assert_string_equal(cell(v, TOP_PROCESSES, 2, TOP_COMMAND), "server");
}

static void test_rates(void **state)
{
	struct top_view *v = *state;
	struct live_snapshot snapshot = snapshot_at(3 * (uint64_t)SECOND);
	int64_t before = processes[0].rss_bytes;

	processes[0].rss_bytes -= 2 * MIB;
	operations[0].growth_bytes += MIB;
	snapshot.status.windows = 300;
	assert_int_equal(top_model__update(&v->model, &snapshot), 0);
	assert_string_equal(cell(v, TOP_PROCESSES, 2, TOP_RATE), "-1.0 MiB");
	assert_string_equal(cell(v, TOP_PROCESSES, 0, TOP_RATE), "0 B");
	assert_string_equal(cell(v, TOP_OPERATIONS, 0, TOP_OP_RATE), "+512.0 KiB");
	assert_true(v->model.windows_per_s == 150);

	/* Another process in the place of one, and an operation that was not there. */
	processes[0].serial = 70;
	operations[1].number = 5;
	operations[1].growth_bytes = 2 * MIB;
	snapshot.at_ns += SECOND;
	assert_int_equal(top_model__update(&v->model, &snapshot), 0);
	assert_string_equal(cell(v, TOP_PROCESSES, 2, TOP_RATE), "-");
	assert_string_equal(cell(v, TOP_OPERATIONS, 1, TOP_OP_RATE), "+2.0 MiB");
	processes[0].serial = 7;
	processes[0].rss_bytes = before;
	operations[0].growth_bytes -= MIB;
	operations[1].number = 2;
	operations[1].growth_bytes = 0;
}

static void test_ended(void **state)
{
	struct top_view *v = *state;
	struct live_snapshot snapshot = snapshot_at(2 * (uint64_t)SECOND);

	processes[1].ended = true;
	assert_int_equal(top_model__update(&v->model, &snapshot), 0);
	assert_string_equal(pids(v), "200 300 100 ");
	assert_string_equal(cell(v, TOP_PROCESSES, 2, TOP_RSS), "ended");
	assert_string_equal(cell(v, TOP_PROCESSES, 2, TOP_PEAK), "40.0 MiB");
	assert_string_equal(cell(v, TOP_PROCESSES, 2, TOP_RATE), "-");
	press(v, "i"); /* last either way */
	assert_string_equal(pids(v), "300 200 100 ");
	processes[1].ended = false;
}

static void test_sort(void **state)
{
	struct top_view *v = *state;

	assert_string_equal(pids(v), "100 200 300 ");
	press(v, "k");
	assert_string_equal(pids(v), "100 300 200 ");
	press(v, "k");
	assert_string_equal(pids(v), "200 300 100 ");
	press(v, "n"); /* -bash, [kworker], server */
	assert_string_equal(pids(v), "100 200 300 ");
	press(v, "p");
	assert_string_equal(pids(v), "300 200 100 ");
	press(v, ">>");
	assert_string_equal(pids(v), "100 200 300 ");
	press(v, "<<<"); /* around */
	assert_int_equal(v->model.lists[TOP_PROCESSES].sort, TOP_COMMAND);
	press(v, "\tc");
	assert_int_equal(v->model.lists[TOP_OPERATIONS].sort, TOP_COUNT);
	assert_int_equal(v->model.lists[TOP_PROCESSES].sort, TOP_COMMAND);
}

static void test_sort_by_name(void **state)
{
	struct top_view *v = *state;

	assert_true(top_model__sort_by_name(&v->model, "peak"));
	assert_int_equal(v->model.lists[TOP_PROCESSES].sort, TOP_PEAK);
	assert_int_equal(v->model.lists[TOP_OPERATIONS].sort, TOP_OP_PEAK);
	assert_string_equal(pids(v), "100 300 200 ");
	/* The one it is sorted by already is not turned around. */
	assert_true(top_model__sort_by_name(&v->model, "peak"));
	assert_string_equal(pids(v), "100 300 200 ");
	assert_true(top_model__sort_by_name(&v->model, "count"));
	assert_int_equal(v->model.lists[TOP_PROCESSES].sort, TOP_PEAK);
	assert_false(top_model__sort_by_name(&v->model, "peek"));
}

static void test_filter(void **state)
{
	struct top_view *v = *state;
	struct live_snapshot snapshot = snapshot_at(2 * (uint64_t)SECOND);

	press(v, "/SERq\x7f"); /* q is a character here */
	assert_true(v->typing);
	assert_string_equal(pids(v), "300 ");
	press(v, "\r");
	assert_false(v->typing);
	assert_int_equal(top_model__update(&v->model, &snapshot), 0);
	assert_string_equal(pids(v), "300 ");
	assert_int_equal(v->model.lists[TOP_OPERATIONS].shown_len, 2);
	assert_true(top_view__press(v, ESCAPE));
	assert_string_equal(pids(v), "100 200 300 ");
	press(v, "/bob\r");
	assert_string_equal(pids(v), "100 ");
	press(v, "/");
	for (int i = 0; i < 4; i++) /* one more than there are */
		assert_true(top_view__press(v, TOP_KEY_BACKSPACE));
	press(v, "20\r");
	assert_string_equal(pids(v), "200 ");
	press(v, "\t/");
	assert_true(top_view__press(v, 0x672c)); /* 本 */
	assert_string_equal(v->model.lists[TOP_OPERATIONS].filter, "本");
	assert_int_equal(v->model.lists[TOP_OPERATIONS].shown_len, 1);
	assert_true(top_view__press(v, TOP_KEY_BACKSPACE));
	assert_string_equal(v->model.lists[TOP_OPERATIONS].filter, "");
	for (int i = 0; i < 200; i++)
		assert_true(top_view__press(v, 0x1f600));
	assert_int_equal(strlen(v->model.lists[TOP_OPERATIONS].filter) % 4, 0);
	assert_int_equal(v->model.lists[TOP_OPERATIONS].shown_len, 0);
	assert_true(top_view__press(v, TOP_KEY_UP)); /* no character */
	assert_true(top_view__press(v, ESCAPE));
	assert_int_equal(v->model.lists[TOP_OPERATIONS].shown_len, 2);
}

static void test_scroll(void **state)
{
	struct top_view *v = *state;
	struct top_list *list = &v->model.lists[TOP_PROCESSES];

	list->page = 2;
	assert_true(top_view__press(v, TOP_KEY_UP));
	assert_int_equal(list->first, 0);
	assert_true(top_view__press(v, TOP_KEY_DOWN));
	assert_true(top_view__press(v, TOP_KEY_DOWN));
	assert_int_equal(list->first, 1);
	assert_true(top_view__press(v, TOP_KEY_HOME));
	assert_int_equal(list->first, 0);
	assert_true(top_view__press(v, TOP_KEY_END));
	assert_int_equal(list->first, 1);
	assert_true(top_view__press(v, TOP_KEY_PAGE_UP));
	assert_int_equal(list->first, 0);
	assert_true(top_view__press(v, TOP_KEY_PAGE_DOWN));
	assert_int_equal(list->first, 1);
	press(v, "/server\r");
	assert_int_equal(list->first, 0);
}

static void test_help_and_leave(void **state)
{
	struct top_view *v = *state;
	char line[TOP_CELL_SIZE];
	size_t lines = 0;

	press(v, "?");
	assert_true(v->help);
	for (; top_view__help(v, lines, line); lines++)
		assert_true(strlen(top_view__help(v, lines, line)) <= TOP_LEAST_WIDTH);
	for (size_t i = 0; i < 2 * lines; i++)
		assert_true(top_view__press(v, TOP_KEY_DOWN));
	assert_non_null(top_view__help(v, v->help_first, line));
	press(v, "q"); /* leaves the help only */
	assert_false(v->help);
	press(v, " ");
	assert_true(v->paused);
	assert_false(top_view__press(v, 'q'));
}

/* Every key of a pane sorts, and does not do something else as well. */
static void test_column_keys(void **state)
{
	struct top_view *v = *state;

	for (int pane = 0; pane < TOP_PANES; pane++) {
		v->active = (enum top_pane)pane;
		for (unsigned int c = 0; c < TOP_COLUMNS; c++) {
			assert_true(top_view__press(v, (unsigned char)top_columns[pane][c].key));
			assert_int_equal(v->model.lists[pane].sort, c);
		}
	}
}

static void test_nothing_left(void **state)
{
	struct top_view *v = *state;
	struct live_snapshot snapshot = {.at_ns = 5 * (uint64_t)SECOND, .over = true};

	assert_int_equal(top_model__update(&v->model, &snapshot), 0);
	assert_int_equal(v->model.lists[TOP_PROCESSES].shown_len, 0);
	assert_true(v->model.over);
	for (unsigned int key = 0; key < 128; key++)
		if (key != 'q')
			top_view__press(v, key);
}

static void test_widths(void **state)
{
	(void)state;
	for (int pane = 0; pane < TOP_PANES; pane++)
		for (int bytes = 0; bytes < 2; bytes++)
			for (int width = TOP_LEAST_WIDTH; width < 300; width++) {
				int widths[TOP_COLUMNS], sum = -1;

				top_layout__columns(widths, (enum top_pane)pane, width, bytes);
				for (int c = 0; c < TOP_COLUMNS; c++)
					sum += widths[c] ? widths[c] + 1 : 0;
				assert_int_equal(sum, width);
				assert_true(
					widths[pane == TOP_PROCESSES ? TOP_COMMAND : TOP_NAME] >=
					8);
			}
}

static void test_shares(void **state)
{
	static const size_t lens[] = {0, 1, 2, 3, 9, 10, 100};
	struct top_view *v = *state;

	for (int height = TOP_LEAST_HEIGHT; height < 60; height++)
		for (size_t i = 0; i < 49; i++) {
			struct top_model m = v->model;
			struct top_layout l;
			int body = height - 5, least = body / 2;

			m.lists[TOP_PROCESSES].shown_len = lens[i / 7];
			m.lists[TOP_OPERATIONS].shown_len = lens[i % 7];
			top_layout__share(&l, &m, 80, height);
			assert_int_equal(l.rows[0] + l.rows[1], body);
			assert_true(l.rows[0] >= 1 && l.rows[1] >= 1);
			assert_true(l.rows[0] >= least || (size_t)l.rows[0] >= lens[i / 7]);
			assert_true(l.rows[1] >= least || (size_t)l.rows[1] >= lens[i % 7]);
			assert_int_equal(l.at[1], l.at[0] + l.rows[0] + 1);
		}
}

static void expect_text(const char *text, int columns, const wchar_t *expected, int used)
{
	wchar_t wide[64];

	assert_int_equal(top_layout__text(wide, 64, text, columns), used);
	assert_int_equal(wcscmp(wide, expected), 0);
}

static void test_text(void **state)
{
	(void)state;
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	expect_text("abc", 3, L"abc", 3);
	expect_text("abcd", 3, L"ab…", 3);
	expect_text("日本", 4, L"日本", 4);
	expect_text("日本", 3, L"日…", 3);
	expect_text("日本", 2, L"…", 1);
	expect_text("a日本", 4, L"a日…", 4);
	expect_text("e\u0301tude", 5, L"e\u0301tude", 5);
	expect_text("e\u0301tude", 3, L"e\u0301t…", 3);
	expect_text("x\ufe0fy", 2, L"xy", 2);
	expect_text("😀", 2, L"😀", 2);
	expect_text("", 1, L"", 0);
	setlocale(LC_CTYPE, "C");
	expect_text("caf\u00e9 日x", 20, L"caf? ?x", 7);
	expect_text("1.5 µs", 20, L"1.5 us", 6);
	expect_text("abcd", 3, L"ab>", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cells, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rates, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ended, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sort, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sort_by_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_filter, setup, teardown),
		cmocka_unit_test_setup_teardown(test_scroll, setup, teardown),
		cmocka_unit_test_setup_teardown(test_help_and_leave, setup, teardown),
		cmocka_unit_test_setup_teardown(test_column_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_left, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shares, setup, teardown),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
