// SPDX-License-Identifier: GPL-2.0-or-later
/* Anonymous memory: touched, given back and moved in every way that a single thread has. */
#define _GNU_SOURCE
#include <errno.h>
#include <memtrace/marker.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workload.h"

#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)

/* The kernel's page table has what was touched: a second opinion on the truth. */
static void expect_in_core(char *p, long room, long n)
{
	if (pages__in_core(p, room) == n)
		return;
	errno = ERANGE;
	die("mincore has other pages than were touched");
}

static void grow(long n)
{
	struct truth *t = truth__of("grow %ld", n);
	char *p = pages__map(n, PRIVATE);
	memtrace_window w = memtrace_begin(t->name);

	pages__touch(p, n);
	memtrace_end(w);
	expect_in_core(p, n, n);
	truth__grew(t, ANON, n);
	pages__unmap(p, n);
}

static void grow_and_unmap(long n)
{
	struct truth *t = truth__of("grow and unmap %ld", n);
	memtrace_window w = memtrace_begin(t->name);
	char *p = pages__map(n, PRIVATE);

	pages__touch(p, n);
	pages__unmap(p, n);
	memtrace_end(w);
	truth__moved(t, ANON, n, n, n);
}

static void shrink(long n)
{
	struct truth *t = truth__of("shrink %ld", n);
	char *p = pages__map(n, PRIVATE);
	memtrace_window w;

	pages__touch(p, n);
	w = memtrace_begin(t->name);
	pages__unmap(p, n);
	memtrace_end(w);
	truth__moved(t, ANON, 0, n, 0);
}

/* All pages, half of them back, a quarter anew. */
static void dontneed(long n)
{
	struct truth *t = truth__of("dontneed %ld", n);
	char *p = pages__map(n, PRIVATE);
	memtrace_window w = memtrace_begin(t->name);

	pages__touch(p, n);
	madvise(p, (size_t)(n / 2 * workload_page), MADV_DONTNEED);
	pages__touch(p, n / 4);
	memtrace_end(w);
	expect_in_core(p, n, n - n / 2 + n / 4);
	truth__moved(t, ANON, n + n / 4, n / 2, n);
	pages__unmap(p, n);
}

/* Free to take for the kernel, which does when it needs them: till then they are resident. */
static void lazyfree(long n)
{
	struct truth *t = truth__of("lazyfree %ld", n);
	char *p = pages__map(n, PRIVATE);
	memtrace_window w = memtrace_begin(t->name);

	pages__touch(p, n);
	madvise(p, (size_t)(n * workload_page), MADV_FREE);
	pages__touch(p, n / 2);
	memtrace_end(w);
	expect_in_core(p, n, n);
	truth__grew(t, ANON, n);
	pages__unmap(p, n);
}

/* Larger, where it lies or elsewhere, then smaller; the old pages go along. */
static void remap(long n)
{
	struct truth *t = truth__of("mremap %ld", n);
	size_t size = (size_t)(n * workload_page);
	char *p = pages__map(n, PRIVATE), *elsewhere = pages__map(2 * n, PRIVATE);
	memtrace_window w = memtrace_begin(t->name);

	pages__touch(p, n);
	p = mremap(p, size, 2 * size, MREMAP_MAYMOVE);
	if (p != MAP_FAILED) {
		pages__touch(p, 2 * n);
		p = mremap(p, 2 * size, 2 * size, MREMAP_MAYMOVE | MREMAP_FIXED, elsewhere);
	}
	if (p != MAP_FAILED)
		p = mremap(p, 2 * size, size, 0);
	memtrace_end(w);
	if (p == MAP_FAILED)
		die("mremap");
	truth__moved(t, ANON, 2 * n, n, 2 * n);
	pages__unmap(p, n);
}

/* Nothing else of the program moves the break between the passes. */
static void move_break(long n)
{
	struct truth *t = truth__of("brk %ld", n);
	intptr_t size = (intptr_t)(n * workload_page);
	char *p = sbrk(0);
	memtrace_window w;

	if (sbrk(workload_page - (intptr_t)((uintptr_t)p & (uintptr_t)(workload_page - 1))) ==
	    (void *)-1)
		die("sbrk");
	w = memtrace_begin(t->name);
	p = sbrk(size);
	if (p != (void *)-1) {
		pages__touch(p, n);
		sbrk(-size);
		p = sbrk(size);
	}
	if (p != (void *)-1)
		pages__touch(p, n / 2);
	memtrace_end(w);
	if (p == (void *)-1)
		die("sbrk");
	truth__moved(t, ANON, n + n / 2, n, n);
	if (sbrk(-size) == (void *)-1)
		die("sbrk");
}

/* Fresh pages that the kernel brings in: by a system call's own writing, and all at once. */
static void populate(long n)
{
	struct truth *t = truth__of("populate %ld", n);
	memtrace_window w = memtrace_begin(t->name);
	char *p = pages__map(n, PRIVATE | MAP_POPULATE);

	memtrace_end(w);
	truth__grew(t, ANON, n);
	pages__unmap(p, n);
}

static void pass(void)
{
	static const long sizes[] = {1, 2, 3, 16, 31, 32, 33, 64, 100, 512, 1000, 4096};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		grow(sizes[i]);
		grow_and_unmap(sizes[i]);
		shrink(sizes[i]);
		dontneed(sizes[i]);
		lazyfree(sizes[i]);
		remap(sizes[i]);
		move_break(sizes[i]);
		populate(sizes[i]);
	}
}

int main(void)
{
	return workload__main(pass, 200);
}
