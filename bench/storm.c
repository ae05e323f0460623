// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench-storm ROUNDS THREADS [marked]: threads map, touch and unmap 2048 pages ROUNDS times; prints
 * nanoseconds a fault. marked: within a window, so that a tracer does all it can do.
 */
#define _GNU_SOURCE
#include <memtrace/marker.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGES 2048

static long page_bytes;

static void *storm(void *rounds)
{
	const size_t size = PAGES * (size_t)page_bytes;

	for (long i = 0; i < (long)rounds; i++) {
		char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);

		madvise(p, size, MADV_NOHUGEPAGE);
		for (long page = 0; page < PAGES; page++)
			p[page * page_bytes] = 1;
		munmap(p, size);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? atol(argv[1]) : 100, threads = argc > 2 ? atol(argv[2]) : 1;
	pthread_t others[64];
	memtrace_window window = 0;
	struct timespec a, b;

	page_bytes = sysconf(_SC_PAGESIZE);
	if (argc > 3)
		window = memtrace_begin("storm");
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (long i = 1; i < threads && i < 64; i++)
		pthread_create(&others[i], NULL, storm, (void *)rounds);
	storm((void *)rounds);
	for (long i = 1; i < threads && i < 64; i++)
		pthread_join(others[i], NULL);
	clock_gettime(CLOCK_MONOTONIC, &b);
	if (argc > 3)
		memtrace_end(window);
	printf("%.1f\n", ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) /
				 (double)rounds / PAGES);
	return 0;
}
