// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Transparent huge pages: one byte touched in each, aligned. How large they are depends on the size
 * of a base page (2 MiB of 4 KiB, 32 MiB of 16 KiB, 512 MiB of 64 KiB on aarch64). Whether a huge
 * page was to be had is the kernel's choice; smaps says it afterwards.
 */
#define _GNU_SOURCE
#include <memtrace/marker.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "workload.h"

#define SIZE_FILE  "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"
#define MOST_BYTES (256l << 20) /* of more than one huge page */

static long huge_bytes = 2l << 20;
static long huge_pages;

static void find_size(void)
{
	FILE *file = fopen(SIZE_FILE, "re");

	if (file && fscanf(file, "%ld", &huge_bytes) != 1)
		die(SIZE_FILE);
	if (file)
		fclose(file);
}

/* Aligned; the rest before and behind is unmapped so that smaps has one line for it. */
static char *map_huge(long n)
{
	size_t size = (size_t)((n + 1) * huge_bytes);
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before = (size_t)(huge_bytes - (intptr_t)((uintptr_t)p & (huge_bytes - 1)));

	if (p == MAP_FAILED || munmap(p, before) ||
	    (before < (size_t)huge_bytes &&
	     munmap(p + before + n * huge_bytes, (size_t)huge_bytes - before)) ||
	    madvise(p + before, (size_t)(n * huge_bytes), MADV_HUGEPAGE))
		die("mmap of huge pages");
	return p + before;
}

static void touch_huge(char *p, long n)
{
	for (long i = 0; i < n; i++)
		*(volatile char *)(p + i * huge_bytes) = 1;
}

static void grow(long n)
{
	struct truth *t = truth__of("huge %ld", n);
	char *p = map_huge(n);
	memtrace_window w = memtrace_begin(t->name);

	touch_huge(p, n);
	memtrace_end(w);
	truth__grew(t, ANON, pages__in_smaps(p, "Rss"));
	huge_pages += pages__in_smaps(p, "AnonHugePages");
	munmap(p, (size_t)(n * huge_bytes));
}

/* Half of a huge page goes back: it is split, and the other half stays. */
static void split(long n)
{
	struct truth *t = truth__of("huge split %ld", n);
	char *p = map_huge(n);
	memtrace_window w;
	long before, after;

	touch_huge(p, n);
	before = pages__in_smaps(p, "Rss");
	w = memtrace_begin(t->name);
	madvise(p, (size_t)(n * huge_bytes / 2), MADV_DONTNEED);
	memtrace_end(w);
	after = pages__in_smaps(p, "Rss");
	truth__moved(t, ANON, 0, before - after, 0);
	munmap(p, (size_t)(n * huge_bytes));
}

static void unmap(long n)
{
	struct truth *t = truth__of("huge unmap %ld", n);
	char *p = map_huge(n);
	memtrace_window w;
	long before;

	touch_huge(p, n);
	before = pages__in_smaps(p, "Rss");
	w = memtrace_begin(t->name);
	munmap(p, (size_t)(n * huge_bytes));
	memtrace_end(w);
	truth__moved(t, ANON, 0, before, 0);
}

/* Reading gives the huge page of zeros, which counts nothing. */
static void read_zero(long n)
{
	struct truth *t = truth__of("huge zero %ld", n);
	char *p = map_huge(n);
	memtrace_window w = memtrace_begin(t->name);

	for (long i = 0; i < n; i++)
		pages__read(p + i * huge_bytes, 1);
	memtrace_end(w);
	truth__grew(t, ANON, pages__in_smaps(p, "Rss"));
	munmap(p, (size_t)(n * huge_bytes));
}

static void pass(void)
{
	static const long sizes[] = {1, 2, 5, 8};

	prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (i && sizes[i] * huge_bytes > MOST_BYTES)
			break;
		grow(sizes[i]);
		split(sizes[i]);
		unmap(sizes[i]);
		read_zero(sizes[i]);
	}
}

int main(void)
{
	int r;

	find_size();
	r = workload__main(pass, 50);
	if (!huge_pages) {
		fprintf(stderr, "no huge page was to be had\n");
		return WORKLOAD_SKIP;
	}
	return r;
}
