// SPDX-License-Identifier: GPL-2.0-or-later
/* Very many windows of a few operations: workload-many [WINDOWS], by default a million. */
#define _GNU_SOURCE
#include <memtrace/marker.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "workload.h"

#define OPERATIONS 4
#define ROOM	   512

static long windows = 1000000;

/* Operation i of each round grows by i pages; the memory goes back when it is used up. */
static void pass(void)
{
	struct truth *truths[OPERATIONS];
	long used = 0, n = workload__is_warming() ? 1000 : windows;
	char *p = pages__map(ROOM, MAP_PRIVATE | MAP_ANONYMOUS);

	for (int i = 0; i < OPERATIONS; i++)
		truths[i] = truth__of("operation %d", i);
	for (long i = 0; i < n; i++) {
		long pages = i % OPERATIONS;
		struct truth *t = truths[pages];
		memtrace_window w;

		if (used + pages > ROOM) {
			madvise(p, (size_t)(ROOM * workload_page), MADV_DONTNEED);
			used = 0;
		}
		w = memtrace_begin(t->name);
		pages__touch(p + used * workload_page, pages);
		memtrace_end(w);
		used += pages;
		truth__grew(t, ANON, pages);
	}
	pages__unmap(p, ROOM);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		windows = atol(argv[1]);
	return workload__main(pass, OPERATIONS);
}
