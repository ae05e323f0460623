// SPDX-License-Identifier: GPL-2.0-or-later
/* Ten thousand operations, each with a window of its own. */
#define _GNU_SOURCE
#include <memtrace/marker.h>
#include <sys/mman.h>

#include "workload.h"

#define NAMES 10000
#define PAGES 8

static void pass(void)
{
	char *p = pages__map(PAGES, MAP_PRIVATE | MAP_ANONYMOUS);

	for (int i = 0; i < NAMES; i++) {
		struct truth *t = truth__new("operation number %d", i);
		memtrace_window w = memtrace_begin(t->name);

		pages__touch(p, i % PAGES);
		memtrace_end(w);
		truth__grew(t, ANON, i % PAGES);
		madvise(p, (size_t)(PAGES * workload_page), MADV_DONTNEED);
	}
	pages__unmap(p, PAGES);
}

int main(void)
{
	return workload__main(pass, NAMES);
}
