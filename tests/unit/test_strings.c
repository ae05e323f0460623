// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/strings.h"
#include "base/units.h"

static void assert_escaped(const char *string, const char *expected)
{
	char *escaped = strings__escape(string);

	assert_string_equal(escaped, expected);
	free(escaped);
}

static void escape_leaves_text_alone(void **state)
{
	(void)state;
	assert_escaped("", "");
	assert_escaped("load stage", "load stage");
	assert_escaped("Größe 木 🙂", "Größe 木 🙂");
}

static void escape_shows_what_a_terminal_would_obey(void **state)
{
	(void)state;
	assert_escaped("a\nb\tc\rd", "a\\nb\\tc\\rd");
	assert_escaped("\x1b[31mred\x7f", "\\x1b[31mred\\x7f");
	assert_escaped("\xc2\x9b"
		       "2J",
		       "\\x9b2J"); /* CSI as one C1 character */
	assert_escaped("\xe2\x80\xae"
		       "txt.exe",
		       "\\u202etxt.exe"); /* right-to-left override */
	assert_escaped("\xf3\xa0\x81\x81", "\\U000e0041");
}

static void escape_shows_bytes_that_are_not_utf8(void **state)
{
	(void)state;
	assert_escaped("\xff\xfe", "\\xff\\xfe");
	assert_escaped("a\xc3", "a\\xc3");			    /* cut short */
	assert_escaped("\xc0\xaf", "\\xc0\\xaf");		    /* overlong */
	assert_escaped("\xed\xa0\x80", "\\xed\\xa0\\x80");	    /* surrogate */
	assert_escaped("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* past U+10FFFF */
}

static void to_utf8_repairs(void **state)
{
	static const char *const cases[][2] = {
		{"plain", "plain"},
		{"a\xff"
		 "b",
		 "a\xef\xbf\xbd"
		 "b"},
		{"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\x1b[0m", "\x1b[0m"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = strings__to_utf8(cases[i][0]);

		assert_string_equal(text, cases[i][1]);
		free(text);
	}
}

static void nearest_finds_slips_and_abbreviations(void **state)
{
	static const char *const words[] = {"marker", "func", "usdt", "python"};

	(void)state;
	assert_string_equal(strings__nearest("markr", words, 4), "marker");
	assert_string_equal(strings__nearest("pyt", words, 4), "python");
	assert_string_equal(strings__nearest("fnuc", words, 4), "func");
	assert_null(strings__nearest("something else", words, 4));
	assert_null(strings__nearest("x", NULL, 0));
}

static void assert_bytes(int64_t bytes, const char *expected)
{
	char buffer[UNITS_SIZE];

	units__bytes(buffer, sizeof(buffer), bytes, false);
	assert_string_equal(buffer, expected);
}

static void bytes_have_units(void **state)
{
	char buffer[UNITS_SIZE];

	(void)state;
	assert_bytes(0, "0 B");
	assert_bytes(-1023, "-1023 B");
	assert_bytes(4096, "4.0 KiB");
	assert_bytes(-4096, "-4.0 KiB");
	assert_bytes(1024 * 1024 - 1, "1.0 MiB"); /* not 1024.0 KiB */
	assert_bytes(3LL << 30, "3.00 GiB");
	assert_bytes(INT64_MAX, "8192.00 PiB");
	assert_bytes(INT64_MIN, "-8192.00 PiB");
	units__bytes(buffer, sizeof(buffer), -4096, true);
	assert_string_equal(buffer, "-4096");
}

static void assert_duration(double ns, const char *expected)
{
	char buffer[UNITS_SIZE];

	units__duration(buffer, sizeof(buffer), ns);
	assert_string_equal(buffer, expected);
}

static void durations_have_units(void **state)
{
	(void)state;
	assert_duration(0, "0 ns");
	assert_duration(999, "999 ns");
	assert_duration(999.6, "1.00 µs");
	assert_duration(12345, "12.3 µs");
	assert_duration(4.56e6, "4.56 ms");
	assert_duration(999.6e6, "1.000 s");
	assert_duration(1.2345e9, "1.234 s");
	assert_duration(1e18, "1000000000.000 s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escape_leaves_text_alone),
		cmocka_unit_test(escape_shows_what_a_terminal_would_obey),
		cmocka_unit_test(escape_shows_bytes_that_are_not_utf8),
		cmocka_unit_test(to_utf8_repairs),
		cmocka_unit_test(nearest_finds_slips_and_abbreviations),
		cmocka_unit_test(bytes_have_units),
		cmocka_unit_test(durations_have_units),
	};

	return cmocka_run_group_tests_name("strings", tests, NULL, NULL);
}
