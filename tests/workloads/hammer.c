// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads that touch and drop memory as fast as they can while another one opens and closes
 * windows. What a window must have seen is known as a range: each thread counts the pages it is
 * about to change and those it has changed, and these counters are read around each boundary.
 * The threads are spread over the CPUs: left to the scheduler, all could end up on one.
 */
#define _GNU_SOURCE
#include <memtrace/marker.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>

#include "workload.h"

#define THREADS	    3
#define WINDOWS	    300
#define CHUNK	    8
#define ROOM	    256
#define STACK_BYTES (256 * 1024)

/* Pages since the start. */
struct counters {
	_Alignas(64) atomic_long touching, touched, dropping, dropped;
};

/* Resident pages of all threads at some moment between two readings. */
struct level {
	long least, most;
	long touched, dropped; /* at the first reading */
};

static struct counters counters[THREADS];
static atomic_int stop;

/* To the number-th of the CPUs that the process may run on; after the last comes the first. */
static void pin(long number)
{
	cpu_set_t allowed, one;
	int cpu = -1;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		die("sched_getaffinity");
	number %= CPU_COUNT(&allowed);
	do
		number -= CPU_ISSET(++cpu, &allowed) != 0;
	while (number >= 0);
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		die("sched_setaffinity");
}

static void *run(void *argument)
{
	struct counters *c = argument;
	char *p;

	pin(c - counters);
	p = pages__map(ROOM, MAP_PRIVATE | MAP_ANONYMOUS);

	while (!stop) {
		for (long i = 0; i < ROOM; i++) {
			c->touching++;
			pages__touch(p + i * workload_page, 1);
			c->touched++;
		}
		for (long i = 0; i < ROOM; i += CHUNK) {
			c->dropping += CHUNK;
			madvise(p + i * workload_page, (size_t)(CHUNK * workload_page),
				MADV_DONTNEED);
			c->dropped += CHUNK;
		}
	}
	return NULL;
}

static void read_before(struct level *level)
{
	level->touched = level->dropped = 0;
	for (int i = 0; i < THREADS; i++) {
		level->touched += counters[i].touched;
		level->dropped += counters[i].dropped;
	}
}

static void read_after(struct level *level)
{
	long touching = 0, dropping = 0;

	for (int i = 0; i < THREADS; i++) {
		touching += counters[i].touching;
		dropping += counters[i].dropping;
	}
	level->least = level->touched - dropping;
	level->most = touching - level->dropped;
}

static void window(int number)
{
	const struct timespec pause = {.tv_nsec = 100000};
	struct truth *t = truth__new("hammer %d", number);
	struct level begin, end;
	memtrace_window w;

	read_before(&begin);
	w = memtrace_begin(t->name);
	read_after(&begin);
	nanosleep(&pause, NULL);
	read_before(&end);
	memtrace_end(w);
	read_after(&end);
	truth__window(t);
	truth__know(t, OWN, 0);
	truth__know(t, AT_LEAST, end.least - begin.most);
	truth__know(t, AT_MOST, end.most - begin.least);
}

/*
 * Memory is made resident while nobody drops any, so the threads start afterwards; what they need
 * for starting is over after the first warm-up windows.
 */
int main(void)
{
	pthread_t threads[THREADS];
	pthread_attr_t attributes;

	workload__init(WINDOWS);
	window(0);
	workload__for_the_record();
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], &attributes, run, &counters[i]))
			die("pthread_create");
	for (int i = 0; i < THREADS; i++)
		while (counters[i].dropped < ROOM)
			nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
	for (int i = 0; i < WINDOWS; i++)
		window(i);
	stop = 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	workload__print();
	return 0;
}
