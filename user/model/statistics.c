// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/statistics.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* xorshift64*, Vigna 2016 */
static uint64_t next_random(struct reservoir *r)
{
	uint64_t x = r->random ? r->random : 0x9e3779b97f4a7c15u;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	r->random = x;
	return x * 0x2545f4914f6cdd1du;
}

int reservoir__add(struct reservoir *r, int64_t value, size_t limit)
{
	r->seen++;
	if (r->len < limit) {
		if (r->len == r->allocated) {
			size_t more = r->allocated ? 2 * r->allocated : 8;
			int64_t *values = reallocarray(r->values, more, sizeof(*values));

			if (!values)
				return -ENOMEM;
			r->values = values;
			r->allocated = more;
		}
		r->values[r->len++] = value;
		return 0;
	}
	if (r->len) {
		uint64_t place = next_random(r) % r->seen;

		if (place < r->len)
			r->values[place] = value;
	}
	return 0;
}

void reservoir__free(struct reservoir *r)
{
	free(r->values);
	*r = (struct reservoir){0};
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int64_t median(struct reservoir *r, int64_t scale)
{
	__int128 sum;
	size_t middle = r->len / 2;

	qsort(r->values, r->len, sizeof(*r->values), compare);
	if (r->len % 2)
		return r->values[middle] * scale;
	sum = ((__int128)r->values[middle - 1] + r->values[middle]) * scale;
	return (int64_t)(sum >> 1);
}

/* Sample standard deviation. n * squares - total^2 is exact in 128 bits up to the last step. */
static double deviation(const struct exact_sums *s)
{
	long double n = (long double)s->count, mean = (long double)s->total / n;
	unsigned __int128 squares = (unsigned __int128)s->squares_hi << 64 | s->squares_lo;
	/* total = n * q + r: squares - total^2 / n = (squares - q * total) - r * total / n */
	__int128 q = (__int128)s->total / (__int128)s->count;
	__int128 r = (__int128)s->total % (__int128)s->count;
	__int128 rest = (__int128)(squares - (unsigned __int128)(q * s->total));
	long double sum = (long double)rest - (long double)r * mean;

	return sum <= 0 ? 0 : (double)sqrtl(sum / (n - 1));
}

void summary__fill(struct summary *out, const struct exact_sums *s, int64_t scale,
		   struct reservoir *values)
{
	*out = (struct summary){.count = s->count};
	if (!s->count)
		return;
	out->total = s->total * scale;
	out->min = s->min * scale;
	out->max = s->max * scale;
	out->mean = (double)((long double)s->total * (long double)scale / (long double)s->count);
	out->stddev = s->count > 1 ? deviation(s) * (double)scale : 0;
	out->median_exact = values->len == s->count;
	/* Nothing kept, every record was lost: the mean is the best guess. */
	out->median = values->len ? median(values, scale) : (int64_t)floor(out->mean);
}
