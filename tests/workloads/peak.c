// SPDX-License-Identifier: GPL-2.0-or-later
/* A sawtooth: up and down in steps, so that the peak is inside, at no boundary. */
#define _GNU_SOURCE
#include <memtrace/marker.h>
#include <sys/mman.h>

#include "workload.h"

#define ROOM 6000

static void drop(char *p, long n)
{
	if (madvise(p, (size_t)(n * workload_page), MADV_DONTNEED))
		die("madvise");
}

/* Up by `up`, down by `down`, up by `again`, everything given back. */
static void sawtooth(long up, long down, long again)
{
	struct truth *t = truth__of("sawtooth %ld %ld %ld", up, down, again);
	char *p = pages__map(ROOM, MAP_PRIVATE | MAP_ANONYMOUS);
	char *q = pages__map(ROOM, MAP_PRIVATE | MAP_ANONYMOUS);
	memtrace_window w = memtrace_begin(t->name);
	long peak = up > up - down + again ? up : up - down + again;

	pages__touch(p, up);
	drop(p, down);
	pages__touch(q, again);
	drop(p, ROOM);
	drop(q, ROOM);
	memtrace_end(w);
	truth__moved(t, ANON, up + again, up + again, peak);
	pages__unmap(p, ROOM);
	pages__unmap(q, ROOM);
}

/*
 * Windows of one operation whose peaks differ; the highest counts. Each begins at the last's end.
 */
static void stairs(long n)
{
	struct truth *t = truth__of("stairs");
	char *p = pages__map(ROOM, MAP_PRIVATE | MAP_ANONYMOUS);

	for (long i = 1; i <= n; i++) {
		memtrace_window w = memtrace_begin(t->name);

		pages__touch(p + i * 100 * workload_page, i);
		drop(p + i * 100 * workload_page, i - 1);
		memtrace_end(w);
		truth__moved(t, ANON, i, i - 1, i);
	}
	pages__unmap(p, ROOM);
}

static void pass(void)
{
	sawtooth(1, 1, 1);
	sawtooth(100, 50, 20);
	sawtooth(100, 50, 80);
	sawtooth(1000, 999, 998);
	sawtooth(33, 31, 64);
	sawtooth(4096, 4000, 5000);
	stairs(50);
}

int main(void)
{
	return workload__main(pass, 20);
}
