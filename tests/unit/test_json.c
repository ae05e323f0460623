// SPDX-License-Identifier: GPL-2.0-or-later
/* The JSON report: what a reader gets back. Its shape: report.schema.json, test_schema.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "fixture.h"
#include "golden.h"
#include "model/losses.h"

static json_t *load(const struct report *report, bool windows)
{
	const struct render_options options = {.windows = windows};
	char *text = golden__render("json", report, &options);
	json_error_t error;
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	if (!root)
		fail_msg("line %d: %s", error.line, error.text);
	free(text);
	return root;
}

static json_t *operation(json_t *root, size_t index)
{
	return json_array_get(json_object_get(root, "operations"), index);
}

static void test_golden(void **state)
{
	const struct render_options options = {.windows = true};
	struct report report;
	char *text;

	(void)state;
	fixture__report(&report);
	fixture__group(&report, BY_CGROUP);
	text = golden__render("json", &report, &options);
	golden__compare("report.json", text);
	free(text);
	report__free(&report);
}

static void test_attached_golden(void **state)
{
	const struct render_options options = {0};
	struct report report;
	char *text;

	(void)state;
	fixture__empty(&report);
	report.trace.mode = TRACE_ATTACH;
	report.trace.exited = false;
	free(report.host.thp);
	report.host.thp = NULL;
	report.losses.unmatched_ends = 2;
	report.overhead.bpf_time_ns = 12345;
	text = golden__render("json", &report, &options);
	golden__compare("report-attached.json", text);
	free(text);
	report__free(&report);
}

/* Names come back as they were, but for bytes that are not UTF-8. */
static void test_names(void **state)
{
	struct report report;
	json_t *root;

	(void)state;
	fixture__report(&report);
	root = load(&report, false);
	for (size_t i = 0; i < FIXTURE_OPERATIONS; i++) {
		const char *name = json_string_value(json_object_get(operation(root, i), "name"));

		assert_string_equal(name, i == FIXTURE_BYTES ? "café 漢字 \xef\xbf\xbd\xef\xbf\xbd"
							     : report.operations[i].name);
	}
	json_decref(root);
	report__free(&report);
}

static void test_integers_are_exact(void **state)
{
	static const int64_t values[] = {INT64_MAX, INT64_MIN, (1LL << 53) + 1, -1};
	struct report report;

	(void)state;
	fixture__report(&report);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		json_t *root, *value;

		report.operations[0].own_growth_bytes = values[i];
		root = load(&report, false);
		value = json_object_get(operation(root, 0), "own_growth_bytes");
		assert_true(json_is_integer(value));
		assert_true(json_integer_value(value) == values[i]);
		json_decref(root);
	}
	report__free(&report);
}

static void assert_nulls(json_t *summary)
{
	static const char *const keys[] = {"min", "mean", "median", "max", "stddev"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_true(json_is_null(json_object_get(summary, keys[i])));
}

static void test_unknown_is_null(void **state)
{
	struct report report;
	json_t *root, *one;

	(void)state;
	fixture__report(&report);
	root = load(&report, false);
	assert_nulls(json_object_get(operation(root, FIXTURE_CUT), "growth_bytes"));
	assert_nulls(json_object_get(operation(root, FIXTURE_CUT), "peak_growth_bytes"));
	assert_nulls(json_object_get(operation(root, FIXTURE_CUT), "duration_ns"));
	one = json_object_get(operation(root, FIXTURE_WORKER), "growth_bytes");
	assert_true(json_is_null(json_object_get(one, "stddev")));
	assert_true(json_is_integer(json_object_get(one, "median")));
	one = json_object_get(operation(root, FIXTURE_SERVE), "own_faults");
	assert_true(json_is_null(json_object_get(one, "minor")));
	json_decref(root);
	report__free(&report);
}

static void test_threads(void **state)
{
	struct report report;
	json_t *root, *one;

	(void)state;
	fixture__report(&report);
	root = load(&report, false);
	assert_null(json_object_get(operation(root, 0), "tid"));
	json_decref(root);
	report.by = BY_THREAD;
	report.operations[0].tid = 4713;
	report.operations[0].thread = strdup("work\xff");
	root = load(&report, false);
	one = operation(root, 0);
	assert_int_equal(json_integer_value(json_object_get(one, "tid")), 4713);
	assert_string_equal(json_string_value(json_object_get(one, "thread")), "work\xef\xbf\xbd");
	one = operation(root, 1);
	assert_true(json_is_null(json_object_get(one, "tid")));
	assert_true(json_is_null(json_object_get(one, "thread")));
	json_decref(root);
	report__free(&report);
}

static void test_median_exact(void **state)
{
	struct report report;
	json_t *root, *one;

	(void)state;
	fixture__report(&report);
	root = load(&report, false);
	one = json_object_get(operation(root, FIXTURE_LOAD), "growth_bytes");
	assert_null(json_object_get(one, "median_exact"));
	one = json_object_get(operation(root, FIXTURE_TOKENIZE), "growth_bytes");
	assert_true(json_is_false(json_object_get(one, "median_exact")));
	json_decref(root);
	report__free(&report);
}

static void test_windows_only_when_asked(void **state)
{
	struct report report;
	json_t *with, *without;

	(void)state;
	fixture__report(&report);
	with = load(&report, true);
	without = load(&report, false);
	assert_int_equal(json_array_size(json_object_get(with, "windows")), report.windows_len);
	assert_int_equal(json_array_size(json_object_get(without, "windows")), 0);
	json_decref(with);
	json_decref(without);
	report__free(&report);
}

static void test_every_loss(void **state)
{
	struct report report;
	const struct loss *table;
	json_t *losses, *root;
	size_t len;

	(void)state;
	fixture__empty(&report);
	table = losses__table(&len);
	for (size_t i = 0; i < len; i++) {
		uint64_t value = i + 1;

		memcpy((char *)&report.losses + table[i].offset, &value, sizeof(value));
	}
	root = load(&report, false);
	losses = json_object_get(root, "losses");
	assert_int_equal(json_object_size(losses), len);
	assert_int_equal(len, sizeof(struct losses) / sizeof(uint64_t));
	for (size_t i = 0; i < len; i++)
		assert_int_equal(json_integer_value(json_object_get(losses, table[i].name)), i + 1);
	json_decref(root);
	report__free(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_attached_golden),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_integers_are_exact),
		cmocka_unit_test(test_unknown_is_null),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_median_exact),
		cmocka_unit_test(test_windows_only_when_asked),
		cmocka_unit_test(test_every_loss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
