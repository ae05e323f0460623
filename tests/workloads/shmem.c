// SPDX-License-Identifier: GPL-2.0-or-later
/* Shared memory: memfd and anonymous, mapped twice, dropped from one mapping, cut off. */
#define _GNU_SOURCE
#include <memtrace/marker.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workload.h"

static int make_memfd(long n)
{
	int fd = memfd_create("workload", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, n * workload_page))
		die("memfd");
	return fd;
}

static char *map_memfd(int fd, long n)
{
	char *p =
		mmap(NULL, (size_t)(n * workload_page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		die("mmap of a memfd");
	return p;
}

static void grow_anonymous(long n)
{
	struct truth *t = truth__of("shared anonymous %ld", n);
	char *p = pages__map(n, MAP_SHARED | MAP_ANONYMOUS);
	memtrace_window w = memtrace_begin(t->name);

	pages__touch(p, n);
	memtrace_end(w);
	truth__grew(t, SHMEM, n);
	pages__unmap(p, n);
}

/* The same page in two mappings of a process counts twice, as the kernel counts it. */
static void grow_twice(long n)
{
	struct truth *t = truth__of("memfd mapped twice %ld", n);
	int fd = make_memfd(n);
	char *p = map_memfd(fd, n), *again = map_memfd(fd, n);
	memtrace_window w = memtrace_begin(t->name);

	pages__touch(p, n);
	pages__touch(again, n);
	memtrace_end(w);
	truth__grew(t, SHMEM, 2 * n);
	pages__unmap(p, n);
	pages__unmap(again, n);
	close(fd);
}

/* DONTNEED leaves the pages in the file: what read faults bring back is the kernel's choice. */
static void drop_and_read(long n)
{
	struct truth *t = truth__of("memfd dropped %ld", n);
	int fd = make_memfd(n);
	char *p = map_memfd(fd, n);
	memtrace_window w;
	long after;

	pages__touch(p, n);
	w = memtrace_begin(t->name);
	madvise(p, (size_t)(n * workload_page), MADV_DONTNEED);
	pages__read(p, 1);
	memtrace_end(w);
	after = pages__in_smaps(p, "Rss");
	truth__moved(t, SHMEM, after, n, 0);
	pages__unmap(p, n);
	close(fd);
}

static void cut_off(long n)
{
	struct truth *t = truth__of("memfd truncated %ld", n);
	int fd = make_memfd(n), r;
	char *p = map_memfd(fd, n);
	memtrace_window w = memtrace_begin(t->name);

	pages__touch(p, n);
	r = ftruncate(fd, n / 2 * workload_page);
	memtrace_end(w);
	if (r)
		die("ftruncate");
	truth__moved(t, SHMEM, n, n - n / 2, n);
	pages__unmap(p, n);
	close(fd);
}

/* A private mapping of a memfd: written pages are the process' own. */
static void write_private(long n)
{
	struct truth *t = truth__of("memfd private %ld", n);
	int fd = make_memfd(n);
	char *p =
		mmap(NULL, (size_t)(n * workload_page), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	memtrace_window w;

	if (p == MAP_FAILED)
		die("mmap of a memfd");
	w = memtrace_begin(t->name);
	pages__touch(p, n);
	memtrace_end(w);
	truth__grew(t, ANON, n);
	pages__unmap(p, n);
	close(fd);
}

static void pass(void)
{
	static const long sizes[] = {1, 2, 31, 33, 100, 512, 1000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		grow_anonymous(sizes[i]);
		grow_twice(sizes[i]);
		drop_and_read(sizes[i]);
		cut_off(sizes[i]);
		write_private(sizes[i]);
	}
}

int main(void)
{
	return workload__main(pass, 100);
}
