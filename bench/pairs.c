// SPDX-License-Identifier: GPL-2.0-or-later
/* bench-pairs N: begins and ends N windows; prints nanoseconds a pair. */
#include <memtrace/marker.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 100000;
	struct timespec a, b;

	memtrace_end(memtrace_begin("pair"));
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (long i = 0; i < n; i++)
		memtrace_end(memtrace_begin("pair"));
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("%.1f\n",
	       ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / (double)n);
	return 0;
}
