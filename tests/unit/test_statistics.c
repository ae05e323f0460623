// SPDX-License-Identifier: GPL-2.0-or-later
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "model/losses.h"
#include "model/statistics.h"

/* Exact sums as the kernel side makes them. */
static struct exact_sums sums_of(const int64_t *values, size_t len)
{
	struct exact_sums s = {.count = len, .min = INT64_MAX, .max = INT64_MIN};
	unsigned __int128 squares = 0;

	for (size_t i = 0; i < len; i++) {
		s.total += values[i];
		s.min = values[i] < s.min ? values[i] : s.min;
		s.max = values[i] > s.max ? values[i] : s.max;
		squares += (unsigned __int128)((__int128)values[i] * values[i]);
	}
	s.squares_lo = (uint64_t)squares;
	s.squares_hi = (uint64_t)(squares >> 64);
	return s;
}

static struct summary summarize(const int64_t *values, size_t len, int64_t scale, size_t limit)
{
	struct exact_sums sums = sums_of(values, len);
	struct reservoir kept = {0};
	struct summary summary;

	for (size_t i = 0; i < len; i++)
		assert_int_equal(reservoir__add(&kept, values[i], limit), 0);
	summary__fill(&summary, &sums, scale, &kept);
	reservoir__free(&kept);
	return summary;
}

static void nothing_is_known_of_no_values(void **state)
{
	struct summary s = summarize(NULL, 0, 4096, 10);

	(void)state;
	assert_int_equal(s.count, 0);
}

static void one_value(void **state)
{
	const int64_t values[] = {-3};
	struct summary s = summarize(values, 1, 4096, 10);

	(void)state;
	assert_int_equal(s.total, -3 * 4096);
	assert_int_equal(s.median, -3 * 4096);
	assert_true(s.median_exact);
	assert_true(s.mean == -3.0 * 4096);
}

static void median_of_an_even_number_rounds_down(void **state)
{
	const int64_t values[] = {7, -4, 1, 2}, negative[] = {-2, -1};

	(void)state;
	assert_int_equal(summarize(values, 4, 1, 10).median, 1);
	assert_int_equal(summarize(values, 4, 4096, 10).median, 6144); /* pages: no rounding */
	assert_int_equal(summarize(negative, 2, 1, 10).median, -2);
}

static void deviation_equals_the_two_pass_formula(void **state)
{
	enum { LEN = 5000 };
	static const int64_t offsets[] = {0, 1000000000, 86400000000000};
	int64_t *values = calloc(LEN, sizeof(*values));

	(void)state;
	srand(1);
	for (size_t k = 0; k < 3; k++) {
		long double mean = 0, sum = 0;
		struct summary s;

		for (size_t i = 0; i < LEN; i++) {
			values[i] = offsets[k] + rand() % 1000;
			mean += (long double)values[i] / LEN;
		}
		for (size_t i = 0; i < LEN; i++)
			sum += (values[i] - mean) * (values[i] - mean);
		s = summarize(values, LEN, 1, LEN);
		assert_true(fabsl(s.stddev - sqrtl(sum / (LEN - 1))) < 1e-3);
		assert_true(fabsl(s.mean - mean) <= 1e-3L + mean * 1e-15L);
		assert_true(s.median_exact);
	}
	free(values);
}

static void equal_values_do_not_deviate(void **state)
{
	const int64_t values[] = {123456789012345, 123456789012345, 123456789012345};

	(void)state;
	assert_true(summarize(values, 3, 1, 10).stddev == 0);
}

static void a_full_reservoir_is_a_fair_sample(void **state)
{
	enum { LEN = 100000, LIMIT = 1000 };
	int64_t *values = calloc(LEN, sizeof(*values));
	struct summary s;

	(void)state;
	for (int64_t i = 0; i < LEN; i++)
		values[i] = i;
	s = summarize(values, LEN, 1, LIMIT);
	assert_false(s.median_exact);
	assert_in_range(s.median, LEN * 45 / 100, LEN * 55 / 100);
	assert_int_equal(s.max, LEN - 1); /* from the sums, not from the sample */
	free(values);
}

static void strict_wants_no_loss_and_no_bound(void **state)
{
	struct report report = {0};
	size_t len;
	const struct loss *table = losses__table(&len);

	(void)state;
	assert_int_equal(len * sizeof(uint64_t), sizeof(struct losses)); /* none forgotten */
	assert_true(report__is_strict_ok(&report));
	for (size_t i = 0; i < len; i++) {
		uint64_t *value = (uint64_t *)((char *)&report.losses + table[i].offset);

		*value = 1;
		assert_int_equal(losses__value(&report.losses, &table[i]), 1);
		assert_false(report__is_strict_ok(&report));
		*value = 0;
	}
	report.accounting.error_bound_bytes = 4096;
	assert_false(report__is_strict_ok(&report));
}

static void strict_forgives_unmatched_ends_after_attaching(void **state)
{
	struct report report = {.trace.mode = TRACE_ATTACH, .losses.unmatched_ends = 3};

	(void)state;
	assert_true(report__is_strict_ok(&report));
	report.losses.windows = 1;
	assert_false(report__is_strict_ok(&report));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_of_no_values),
		cmocka_unit_test(one_value),
		cmocka_unit_test(median_of_an_even_number_rounds_down),
		cmocka_unit_test(deviation_equals_the_two_pass_formula),
		cmocka_unit_test(equal_values_do_not_deviate),
		cmocka_unit_test(a_full_reservoir_is_a_fair_sample),
		cmocka_unit_test(strict_wants_no_loss_and_no_bound),
		cmocka_unit_test(strict_forgives_unmatched_ends_after_attaching),
	};

	return cmocka_run_group_tests_name("statistics", tests, NULL, NULL);
}
