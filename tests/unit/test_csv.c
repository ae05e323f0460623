// SPDX-License-Identifier: GPL-2.0-or-later
/* CSV: one row an operation, quoted as in RFC 4180. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "golden.h"

#define FIELDS_MAX 64

static const struct render_options options;

/* Cuts one record into fields, unquoted in place; returns where the next begins. */
static char *cut_record(char *at, char *fields[FIELDS_MAX], size_t *len)
{
	*len = 0;
	for (;;) {
		char *to = at, end;
		bool quoted = *at == '"';

		assert_true(*len < FIELDS_MAX);
		fields[(*len)++] = to;
		at += quoted;
		while (*at && (quoted || (*at != ',' && *at != '\n'))) {
			if (quoted && *at == '"' && *++at != '"')
				break;
			*to++ = *at++;
		}
		end = *at;
		assert_true(end == ',' || end == '\n');
		*to = '\0';
		at++;
		if (end == '\n')
			return at;
	}
}

static void test_golden(void **state)
{
	struct report report;
	char *text;

	(void)state;
	fixture__report(&report);
	text = golden__render("csv", &report, &options);
	golden__compare("report.csv", text);
	free(text);
	report__free(&report);
}

static void test_header_without_rows(void **state)
{
	char *some[FIELDS_MAX], *none[FIELDS_MAX], *first, *second;
	size_t some_len, none_len;
	struct report report;

	(void)state;
	fixture__report(&report);
	first = golden__render("csv", &report, &options);
	report__free(&report);
	fixture__empty(&report);
	second = golden__render("csv", &report, &options);
	report__free(&report);
	cut_record(first, some, &some_len);
	assert_int_equal(*cut_record(second, none, &none_len), '\0');
	assert_int_equal(some_len, none_len);
	for (size_t i = 0; i < some_len; i++)
		assert_string_equal(some[i], none[i]);
	assert_string_equal(some[0], "name");
	assert_string_equal(some[4], "growth_bytes.total");
	free(first);
	free(second);
}

static void test_rows(void **state)
{
	char *header[FIELDS_MAX], *fields[FIELDS_MAX], *text, *at;
	size_t header_len, len;
	struct report report;

	(void)state;
	fixture__report(&report);
	text = golden__render("csv", &report, &options);
	at = cut_record(text, header, &header_len);
	for (size_t i = 0; i < FIXTURE_OPERATIONS; i++) {
		at = cut_record(at, fields, &len);
		assert_int_equal(len, header_len);
		if (i == FIXTURE_HOSTILE)
			assert_string_equal(fields[0], report.operations[i].name);
		if (i == FIXTURE_CUT)
			assert_string_equal(fields[5], ""); /* the least growth is not known */
	}
	assert_int_equal(*at, '\0');
	free(text);
	report__free(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_header_without_rows),
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
