/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Summaries: mean and standard deviation from exact sums, the median from kept values. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/report.h"

/* Exact integer sums over `count` values. squares: sum of the values' squares in 128 bits. */
struct exact_sums {
	uint64_t count;
	int64_t total, min, max;
	uint64_t squares_lo, squares_hi;
};

/*
 * Values for a median. Until the limit every value is kept; from then on each has the same chance
 * to be in the sample (reservoir sampling with a fixed seed, so that a run can be repeated).
 */
struct reservoir {
	int64_t *values;
	size_t len, allocated;
	uint64_t seen;
	uint64_t random;
};

/* Keeps at most limit values. -ENOMEM. */
int reservoir__add(struct reservoir *reservoir, int64_t value, size_t limit);
void reservoir__free(struct reservoir *reservoir);

/*
 * Fills in *out; values are multiplied by scale (page size, or 1). The median of an even number of
 * values is the mean of the two in the middle, rounded towards minus infinity. It is exact when the
 * reservoir holds all `count` values. The reservoir's values are sorted.
 */
void summary__fill(struct summary *out, const struct exact_sums *sums, int64_t scale,
		   struct reservoir *values);
