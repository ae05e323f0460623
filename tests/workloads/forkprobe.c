// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two threads fork 200 children between them while markers are probed, and every child passes the
 * markers too: all of them must live to exit with 0.
 */
#define _GNU_SOURCE
#include <memtrace/marker.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workload.h"

#define THREADS	    2
#define CHILDREN    100 /* a thread */
#define PAGES	    20
#define STACK_BYTES (256 * 1024)

static struct truth *truth;
static int failed;

static void child(void)
{
	char *p = pages__map(PAGES, MAP_PRIVATE | MAP_ANONYMOUS);
	memtrace_window w;

	workload__settle();
	madvise(p, (size_t)(PAGES * workload_page), MADV_DONTNEED);
	w = memtrace_begin(truth->name);
	pages__touch(p, PAGES);
	memtrace_end(w);
	truth__grew(truth, ANON, PAGES);
	_exit(0);
}

static void *run(void *children)
{
	for (long i = 0; i < *(const long *)children; i++) {
		memtrace_window w = memtrace_begin(WARM_UP);
		pid_t pid = fork();
		int status;

		if (!pid)
			child();
		memtrace_end(w);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			__atomic_fetch_add(&failed, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void fork_in_threads(long children)
{
	pthread_t threads[THREADS];
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], &attributes, run, &children))
			die("pthread_create");
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

int main(void)
{
	workload__init(1);
	truth = truth__of(WARM_UP);
	fork_in_threads(1);
	workload__for_the_record();
	truth = truth__of("in a forked child");
	fork_in_threads(CHILDREN);
	workload__print();
	if (failed)
		fprintf(stderr, "%d children failed\n", failed);
	return failed != 0;
}
