// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * workload-caches [THREADS]
 *
 * Threads whose memory changes in ways that kernels up to 6.1 keep to the thread for a while: few
 * faults each, of which some map many pages. All stand still at both boundaries of each window, and
 * the growth is what /proc/self/smaps_rollup says. In "lockstep" they also stand still while the
 * main thread gives a page back, which is when the highest RSS is looked for; in "race" the main
 * thread takes and gives one back all along, and they do not wait for it.
 */
#include <memtrace/marker.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workload.h"

#define MOST_THREADS 64
#define ROUNDS	     10
#define FILE_LENGTH  200
#define ANON_LENGTH  60
#define STACK_BYTES  (256 * 1024)

struct worker {
	pthread_t thread;
	char *memory, *file;
	long anon; /* pages that it touches */
};

static pthread_barrier_t barrier;
static struct worker workers[MOST_THREADS];
static long threads = 8;
static atomic_long working;
static int fd;

static void wait_for_all(void)
{
	pthread_barrier_wait(&barrier);
}

static void gain(struct worker *w)
{
	pages__touch(w->memory, w->anon);
	w->file = mmap(NULL, (size_t)(FILE_LENGTH * workload_page), PROT_READ,
		       MAP_SHARED | MAP_POPULATE, fd, 0);
	if (w->file == MAP_FAILED)
		die("mmap");
}

static void drop(struct worker *w)
{
	pages__unmap(w->file, FILE_LENGTH);
	madvise(w->memory, (size_t)(w->anon / 2 * workload_page), MADV_DONTNEED);
}

static void *run(void *argument)
{
	struct worker *w = argument;

	for (int i = 0; i < 2 * 2 * ROUNDS; i++) { /* two ways, warming up and for the record */
		wait_for_all();
		gain(w);
		atomic_fetch_sub(&working, 1);
		wait_for_all();
		wait_for_all();
		drop(w);
		wait_for_all();
		wait_for_all();
		madvise(w->memory, (size_t)(ANON_LENGTH * workload_page), MADV_DONTNEED);
		wait_for_all();
	}
	return NULL;
}

/* Takes a page and gives it back. */
static void shrink(char *page)
{
	pages__touch(page, 1);
	madvise(page, (size_t)workload_page, MADV_DONTNEED);
}

static void round_of_all(struct truth *truth, char *page, int race)
{
	long before = pages__resident(), after, highest = 1;
	memtrace_window w = memtrace_begin(truth->name);

	atomic_store(&working, threads);
	wait_for_all();
	while (race && atomic_load(&working))
		shrink(page);
	wait_for_all();
	shrink(page);
	wait_for_all();
	wait_for_all();
	memtrace_end(w);
	after = pages__resident();
	wait_for_all();
	wait_for_all();
	for (long i = 0; i < threads; i++)
		highest += workers[i].anon + FILE_LENGTH;
	truth__window(truth);
	truth__know(truth, GROWTH, after - before);
	truth__know(truth, PEAK, highest);
}

static void pass(void)
{
	struct truth *lockstep = truth__of("lockstep"), *race = truth__of("race");
	char *page = pages__map(1, MAP_PRIVATE | MAP_ANONYMOUS);

	for (int i = 0; i < ROUNDS; i++) {
		round_of_all(lockstep, page, 0);
		round_of_all(race, page, 1);
	}
	pages__unmap(page, 1);
}

int main(int argc, char **argv)
{
	pthread_attr_t attributes;
	int status;

	if (argc > 1)
		threads = strtol(argv[1], NULL, 10);
	if (threads < 1 || threads > MOST_THREADS)
		die("THREADS");
	fd = pages__file(FILE_LENGTH);
	pthread_barrier_init(&barrier, NULL, (unsigned)threads + 1);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	for (long i = 0; i < threads; i++) {
		workers[i].anon = 10 + i * (ANON_LENGTH - 10) / threads;
		workers[i].memory = pages__map(ANON_LENGTH, MAP_PRIVATE | MAP_ANONYMOUS);
		if (pthread_create(&workers[i].thread, &attributes, run, &workers[i]))
			die("pthread_create");
	}
	status = workload__main(pass, 4);
	for (long i = 0; i < threads; i++)
		pthread_join(workers[i].thread, NULL);
	return status;
}
