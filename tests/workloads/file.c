// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Private mappings of a file. How many pages a read fault brings in around the one that was asked
 * for is the kernel's choice: after the window, smaps says what it was. Writing is exact: a mapped
 * file page is replaced by an anonymous one, an unmapped one is copied straight away.
 */
#define _GNU_SOURCE
#include <memtrace/marker.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workload.h"

#define PAGES 512

static int fd;

static char *map_file(int advice)
{
	size_t size = (size_t)(PAGES * workload_page);
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	if (p == MAP_FAILED || madvise(p, size, advice))
		die("mmap of a file");
	return p;
}

static void read_around(long step)
{
	struct truth *t = truth__of("read every %ld", step);
	char *p = map_file(MADV_NORMAL);
	memtrace_window w = memtrace_begin(t->name);

	for (long i = 0; i < PAGES; i += step)
		pages__read(p + i * workload_page, 1);
	memtrace_end(w);
	truth__grew(t, FILE_PAGES, pages__in_smaps(p, "Rss"));
	pages__unmap(p, PAGES);
}

/* Advice that turns readahead off; faults still bring in what lies around. */
static void read_one(long n)
{
	struct truth *t = truth__of("read one by one %ld", n);
	char *p = map_file(MADV_RANDOM);
	memtrace_window w = memtrace_begin(t->name);

	pages__read(p, n);
	memtrace_end(w);
	truth__grew(t, FILE_PAGES, pages__in_smaps(p, "Rss"));
	pages__unmap(p, PAGES);
}

/* Mapped and brought in at once; the page cache has the file, so nothing is left out. */
static void populate(long n)
{
	struct truth *t = truth__of("populate %ld", n);
	size_t size = (size_t)(n * workload_page);
	memtrace_window w = memtrace_begin(t->name);
	char *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);

	memtrace_end(w);
	if (p == MAP_FAILED)
		die("mmap of a file");
	truth__grew(t, FILE_PAGES, pages__in_core(p, n));
	pages__unmap(p, n);
}

/* The same where writing is allowed: the process gets pages of its own straight away. */
static void populate_own(long n)
{
	struct truth *t = truth__of("populate own %ld", n);
	size_t size = (size_t)(n * workload_page);
	memtrace_window w = memtrace_begin(t->name);
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_POPULATE, fd, 0);

	memtrace_end(w);
	if (p == MAP_FAILED)
		die("mmap of a file");
	truth__grew(t, ANON, n);
	pages__unmap(p, n);
}

/* Each write to a page that was read: one file page less, then one anonymous page more. */
static void copy_on_write(long n)
{
	struct truth *t = truth__of("copy on write %ld", n);
	char *p = map_file(MADV_NORMAL);
	memtrace_window w;

	pages__read(p, PAGES);
	w = memtrace_begin(t->name);
	pages__touch(p, n);
	memtrace_end(w);
	truth__window(t);
	truth__know(t, GROWTH, 0);
	truth__know(t, PEAK, 0);
	truth__know(t, GAINED, n);
	truth__know(t, RETURNED, n);
	truth__know(t, OWN, 0);
	truth__know(t, FOREIGN, 0);
	truth__know(t, ANON, n);
	truth__know(t, FILE_PAGES, -n);
	truth__know(t, SHMEM, 0);
	pages__unmap(p, PAGES);
}

static void write_unread(long n)
{
	struct truth *t = truth__of("write unread %ld", n);
	char *p = map_file(MADV_NORMAL);
	memtrace_window w = memtrace_begin(t->name);

	pages__touch(p, n);
	memtrace_end(w);
	truth__grew(t, ANON, n);
	pages__unmap(p, PAGES);
}

static void drop(long n)
{
	struct truth *t = truth__of("drop %ld", n);
	char *p = map_file(MADV_RANDOM);
	memtrace_window w;

	pages__read(p, PAGES);
	w = memtrace_begin(t->name);
	madvise(p, (size_t)(n * workload_page), MADV_DONTNEED);
	memtrace_end(w);
	truth__moved(t, FILE_PAGES, 0, n, 0);
	pages__unmap(p, PAGES);
}

static void pass(void)
{
	static const long sizes[] = {1, 15, 16, 17, 33, 100, 512};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		read_around(sizes[i]);
		read_one(sizes[i]);
		populate(sizes[i]);
		populate_own(sizes[i]);
		copy_on_write(sizes[i]);
		write_unread(sizes[i]);
		drop(sizes[i]);
	}
}

int main(void)
{
	fd = pages__file(PAGES);
	return workload__main(pass, 100);
}
