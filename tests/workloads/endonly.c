// SPDX-License-Identifier: GPL-2.0-or-later
/* Ends without a begin, and second ends: counted, without effect on what is open. */
#define _GNU_SOURCE
#include <memtrace/marker.h>
#include <stdio.h>
#include <sys/mman.h>

#include "workload.h"

#define PAGES 10

static void pass(void)
{
	struct truth *t = truth__of("around wrong ends");
	char *p = pages__map(PAGES, MAP_PRIVATE | MAP_ANONYMOUS);
	memtrace_window w = memtrace_begin(t->name), ended;

	pages__touch(p, PAGES);
	memtrace_end(12345);
	memtrace_end(0);
	memtrace_end(~0ull);
	ended = memtrace_begin(WARM_UP);
	memtrace_end(ended);
	memtrace_end(ended);
	memtrace_end(w);
	memtrace_end(w);
	truth__grew(t, ANON, PAGES);
	pages__unmap(p, PAGES);
}

int main(void)
{
	int r = workload__main(pass, 1);

	printf("{\"losses\": {\"unmatched_ends\": %d}}\n", 2 * 5);
	return r;
}
