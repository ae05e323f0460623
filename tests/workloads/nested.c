// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Windows in windows, 64 deep: level i touches one page on the way in and gives i pages to be
 * dropped on the way out.
 */
#define _GNU_SOURCE
#include <memtrace/marker.h>
#include <sys/mman.h>

#include "workload.h"

#define DEPTH	    64
#define LEVEL_PAGES (DEPTH + 2)

static char *memory;
static struct truth *truths[DEPTH];

/*
 * Level i gains i + 1 pages of its own, and of these drops i again after the inner window: what
 * stays is 1 a level. The highest point of all is at the innermost level.
 */
static void level(int i)
{
	char *p = memory + (long)i * LEVEL_PAGES * workload_page;
	memtrace_window w = memtrace_begin(truths[i]->name);

	pages__touch(p, i + 1);
	if (i + 1 < DEPTH)
		level(i + 1);
	madvise(p, (size_t)((long)i * workload_page), MADV_DONTNEED);
	memtrace_end(w);
}

static void know(int i)
{
	long gained = 0, returned = 0;

	for (int inner = i; inner < DEPTH; inner++) {
		gained += inner + 1;
		returned += inner;
	}
	truth__moved(truths[i], ANON, gained, returned, gained);
	truth__know(truths[i], SELF, 1);
}

static void pass(void)
{
	memory = pages__map(DEPTH * LEVEL_PAGES, MAP_PRIVATE | MAP_ANONYMOUS);
	for (int i = 0; i < DEPTH; i++)
		truths[i] = truth__of("level %d", i);
	level(0);
	for (int i = 0; i < DEPTH; i++)
		know(i);
	pages__unmap(memory, DEPTH * LEVEL_PAGES);
}

int main(void)
{
	return workload__main(pass, DEPTH);
}
