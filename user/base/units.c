// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

void units__bytes(char *buffer, size_t size, int64_t bytes, bool plain)
{
	static const char *const names[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
	double value = (double)bytes / 1024;
	size_t i = 0;

	if (plain) {
		snprintf(buffer, size, "%" PRId64, bytes);
		return;
	}
	if (bytes > -1024 && bytes < 1024) {
		snprintf(buffer, size, "%" PRId64 " B", bytes);
		return;
	}
	/* 1023.96 KiB would be rounded to 1024.0 KiB. */
	while (fabs(value) >= 1023.95 && i + 1 < sizeof(names) / sizeof(names[0])) {
		value /= 1024;
		i++;
	}
	snprintf(buffer, size, i >= 2 ? "%.2f %s" : "%.1f %s", value, names[i]);
}

void units__duration(char *buffer, size_t size, double ns)
{
	static const struct {
		double limit, divisor;
		const char *format;
	} scales[] = {
		{999.5, 1, "%.0f ns"},	   {9.995e3, 1e3, "%.2f µs"}, {99.95e3, 1e3, "%.1f µs"},
		{999.5e3, 1e3, "%.0f µs"}, {9.995e6, 1e6, "%.2f ms"}, {99.95e6, 1e6, "%.1f ms"},
		{999.5e6, 1e6, "%.0f ms"}, {INFINITY, 1e9, "%.3f s"},
	};
	size_t i = 0;

	while (fabs(ns) >= scales[i].limit)
		i++;
	snprintf(buffer, size, scales[i].format, ns / scales[i].divisor);
}
