// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists of columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/columns.h"

/* What columns__check("--columns", ) prints; the caller frees it. */
static char *messages_of(const char *list)
{
	int saved = dup(STDERR_FILENO), expected = -EINVAL;
	char *text = calloc(1, 1024);
	FILE *stream = tmpfile();

	assert_non_null(stream);
	fflush(stderr);
	assert_int_not_equal(dup2(fileno(stream), STDERR_FILENO), -1);
	assert_int_equal(columns__check("--columns", list), expected);
	fflush(stderr);
	assert_int_not_equal(dup2(saved, STDERR_FILENO), -1);
	close(saved);
	rewind(stream);
	assert_true(fread(text, 1, 1023, stream) > 0);
	fclose(stream);
	return text;
}

static void assert_refused(const char *list, const char *message)
{
	enum column out[COLUMNS] = {COLUMN_SWAP};
	size_t len = 99;
	char *text = messages_of(list);

	assert_string_equal(text, message);
	free(text);
	assert_int_equal(columns__parse(list, out, &len), -EINVAL);
	assert_int_equal(len, 99);
	assert_int_equal(out[0], COLUMN_SWAP);
}

static void test_default(void **state)
{
	static const enum column expected[] = {COLUMN_NAME, COLUMN_COUNT, COLUMN_GROWTH,
					       COLUMN_PEAK, COLUMN_OWN,	  COLUMN_FAULTS,
					       COLUMN_TIME};
	enum column out[COLUMNS];
	size_t len = 0;

	(void)state;
	assert_int_equal(columns__parse(NULL, out, &len), 0);
	assert_int_equal(len, sizeof(expected) / sizeof(expected[0]));
	assert_memory_equal(out, expected, sizeof(expected));
}

static void test_every_name(void **state)
{
	static const char all[] = "name,count,growth,peak,peak-rss,gained,returned,own,self,"
				  "foreign,anon,file,shmem,swap,faults,time";
	enum column out[COLUMNS];
	size_t len = 0;

	(void)state;
	assert_int_equal(columns__check("--columns", all), 0);
	assert_int_equal(columns__parse(all, out, &len), 0);
	assert_int_equal(len, COLUMNS);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(out[i], i);
	for (enum column c = 0; c < COLUMNS; c++)
		assert_int_equal(columns__check("--columns", columns__name(c)), 0);
}

static void test_order_is_kept(void **state)
{
	enum column out[COLUMNS];
	size_t len = 0;

	(void)state;
	assert_int_equal(columns__parse("time,name", out, &len), 0);
	assert_int_equal(len, 2);
	assert_int_equal(out[0], COLUMN_TIME);
	assert_int_equal(out[1], COLUMN_NAME);
}

static void test_unknown(void **state)
{
	(void)state;
	assert_refused("name,groth", "memtrace: --columns: unknown column `groth`\n"
				     "  nearest: growth\n");
	assert_refused("xyzzyquux",
		       "memtrace: --columns: unknown column `xyzzyquux`\n"
		       "  columns: name, count, growth, peak, peak-rss, gained, returned, "
		       "own, self, foreign, anon, file, shmem, swap, faults, time\n");
	/* Part of a name is none, nor is a name with blanks. */
	assert_refused("peak-", "memtrace: --columns: unknown column `peak-`\n"
				"  nearest: peak-rss\n");
	assert_refused("name, time", "memtrace: --columns: unknown column ` time`\n"
				     "  nearest: time\n");
	assert_refused("\x1b[2J",
		       "memtrace: --columns: unknown column `\\x1b[2J`\n"
		       "  columns: name, count, growth, peak, peak-rss, gained, returned, "
		       "own, self, foreign, anon, file, shmem, swap, faults, time\n");
}

static void test_empty(void **state)
{
	static const char *const lists[] = {"", ",", "name,", ",name", "name,,time"};

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		char *text = messages_of(lists[i]);

		assert_non_null(strstr(text, "--columns: empty name in"));
		free(text);
	}
}

static void test_twice(void **state)
{
	(void)state;
	assert_refused("name,peak,name", "memtrace: --columns: column `name` is given twice\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default),	      cmocka_unit_test(test_every_name),
		cmocka_unit_test(test_order_is_kept), cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_empty),	      cmocka_unit_test(test_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
