// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads that touch their own pages at the same time, moved from CPU to CPU all along. Each has a
 * window of its own, of which it knows the own growth; one window of the main thread is around all
 * of them, begun and ended while they stand still: its growth is exact.
 */
#define _GNU_SOURCE
#include <memtrace/marker.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workload.h"

#define THREADS	    6
#define ROUNDS	    20
#define PAGES	    300
#define STACK_BYTES (256 * 1024)

struct worker {
	pthread_t thread;
	struct truth *truth;
	char *memory;
	int number;
};

static pthread_barrier_t barrier;
static struct worker workers[THREADS];
static long cpus;

/* To the next CPU that the process may run on; where there is one only, nothing happens. */
static void migrate(int step)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(step % (int)cpus, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Gains PAGES and number more, gives PAGES back, a few at a time. */
static void work(struct worker *worker)
{
	char *p = worker->memory;
	memtrace_window w = memtrace_begin(worker->truth->name);

	for (int i = 0; i < PAGES; i += 10) {
		pages__touch(p + i * workload_page, 10);
		migrate(i / 10 + worker->number);
		madvise(p + i * workload_page, (size_t)(10 * workload_page), MADV_DONTNEED);
	}
	pages__touch(p + PAGES * workload_page, worker->number);
	memtrace_end(w);
}

static void *run(void *argument)
{
	struct worker *worker = argument;

	for (int round = 0; round < ROUNDS + 1; round++) {
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
		work(worker);
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

static void round_of_all(struct truth *all)
{
	memtrace_window w;
	long growth = 0;

	for (int i = 0; i < THREADS; i++)
		madvise(workers[i].memory, (size_t)(2 * PAGES * workload_page), MADV_DONTNEED);
	pthread_barrier_wait(&barrier);
	w = memtrace_begin(all->name);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	memtrace_end(w);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < THREADS; i++) {
		struct truth *t = workers[i].truth;

		truth__window(t);
		truth__know(t, OWN, workers[i].number);
		truth__know(t, FOREIGN, 0);
		growth += workers[i].number;
	}
	truth__window(all);
	all->overlapped = all->count;
	truth__know(all, GROWTH, growth);
	truth__know(all, OWN, 0);
	truth__know(all, FOREIGN, 0);
	truth__know(all, ANON, growth);
	truth__know(all, FILE_PAGES, 0);
	truth__know(all, SHMEM, 0);
	truth__know(all, GAINED, growth + THREADS * PAGES);
	truth__know(all, RETURNED, THREADS * PAGES);
}

static void start_workers(void)
{
	pthread_attr_t attributes;

	pthread_barrier_init(&barrier, NULL, THREADS + 1);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	for (int i = 0; i < THREADS; i++) {
		workers[i].number = i + 1;
		workers[i].memory = pages__map(2 * PAGES, MAP_PRIVATE | MAP_ANONYMOUS);
		workers[i].truth = truth__of("warm-up");
		if (pthread_create(&workers[i].thread, &attributes, run, &workers[i]))
			die("pthread_create");
	}
}

int main(void)
{
	struct truth *all;

	workload__init(THREADS + 1);
	cpus = sysconf(_SC_NPROCESSORS_ONLN);
	start_workers();
	round_of_all(truth__of("warm-up"));
	workload__for_the_record();
	all = truth__of("all threads");
	for (int i = 0; i < THREADS; i++)
		workers[i].truth = truth__of("thread %d", i);
	for (int round = 0; round < ROUNDS; round++)
		round_of_all(all);
	for (int i = 0; i < THREADS; i++) {
		workers[i].truth->overlapped = workers[i].truth->count;
		pthread_join(workers[i].thread, NULL);
	}
	workload__print();
	return 0;
}
