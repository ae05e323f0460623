// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two threads whose windows overlap, step by step at barriers, so that never more than one of them
 * runs; and a window that ends on another thread than it began on.
 */
#define _GNU_SOURCE
#include <memtrace/marker.h>
#include <pthread.h>
#include <sys/mman.h>

#include "workload.h"

#define MAIN_PAGES  100
#define OTHER_PAGES 33
#define ROUNDS	    10

static pthread_barrier_t barrier;
static struct truth *first, *second, *handed;
static memtrace_window window;
static char *mine, *theirs;

static void step(void)
{
	pthread_barrier_wait(&barrier);
}

/*
 * The steps, of which each thread does every other one:
 *	main begins first; other begins second and touches; main touches and ends first;
 *	other drops half and ends second; main begins handed and touches; other touches and ends it.
 */
static void other_steps(void)
{
	memtrace_window w;

	step();
	w = memtrace_begin(second->name);
	pages__touch(theirs, OTHER_PAGES);
	step();
	step();
	madvise(theirs, (size_t)(OTHER_PAGES / 2 * workload_page), MADV_DONTNEED);
	memtrace_end(w);
	step();
	step();
	pages__touch(theirs, OTHER_PAGES / 2);
	memtrace_end(window);
	step();
}

static void main_steps(void)
{
	memtrace_window w = memtrace_begin(first->name);

	step();
	step();
	pages__touch(mine, MAIN_PAGES);
	memtrace_end(w);
	step();
	step();
	window = memtrace_begin(handed->name);
	pages__touch(mine + MAIN_PAGES * workload_page, MAIN_PAGES);
	step();
	step();
}

static void know(struct truth *t, long gained, long returned, long peak, long own)
{
	truth__moved(t, ANON, gained, returned, peak);
	truth__know(t, OWN, own - (gained - returned));
}

static void pass(void)
{
	int rounds = workload__is_warming() ? 1 : ROUNDS;

	for (int i = 0; i < rounds; i++) {
		madvise(mine, (size_t)(2 * MAIN_PAGES * workload_page), MADV_DONTNEED);
		madvise(theirs, (size_t)(OTHER_PAGES * workload_page), MADV_DONTNEED);
		main_steps();
		know(first, MAIN_PAGES + OTHER_PAGES, 0, MAIN_PAGES + OTHER_PAGES, MAIN_PAGES);
		know(second, MAIN_PAGES + OTHER_PAGES, OTHER_PAGES / 2, MAIN_PAGES + OTHER_PAGES,
		     OTHER_PAGES - OTHER_PAGES / 2);
		know(handed, MAIN_PAGES + OTHER_PAGES / 2, 0, MAIN_PAGES + OTHER_PAGES / 2,
		     MAIN_PAGES);
		first->overlapped++;
		second->overlapped++;
	}
}

static void *run(void *unused)
{
	for (int i = 0; i < 1 + ROUNDS; i++)
		other_steps();
	return unused;
}

int main(void)
{
	pthread_t thread;

	workload__init(3);
	mine = pages__map(2 * MAIN_PAGES, MAP_PRIVATE | MAP_ANONYMOUS);
	theirs = pages__map(OTHER_PAGES, MAP_PRIVATE | MAP_ANONYMOUS);
	pthread_barrier_init(&barrier, NULL, 2);
	first = second = handed = truth__of("warm-up");
	if (pthread_create(&thread, NULL, run, NULL))
		die("pthread_create");
	pass();
	workload__for_the_record();
	first = truth__of("first");
	second = truth__of("second");
	handed = truth__of("handed over");
	pass();
	pthread_join(thread, NULL);
	workload__print();
	return 0;
}
