// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs known windows over and over until SIGTERM, then prints its totals and exits with 0. Prints
 *	{"ready": PID}
 * first. All windows of an operation are alike, so a tracer that comes and goes can be checked.
 */
#define _GNU_SOURCE
#include <memtrace/marker.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "workload.h"

#define GROW   10
#define RETURN 4
#define INNER  25

static volatile sig_atomic_t stop;
static struct truth *outer, *inner, *shrinking;
static char *memory;

static void on_term(int signal)
{
	(void)signal;
	stop = 1;
}

static void once(void)
{
	memtrace_window w = memtrace_begin(outer->name), nested;

	pages__touch(memory, GROW);
	madvise(memory, (size_t)(RETURN * workload_page), MADV_DONTNEED);
	nested = memtrace_begin(inner->name);
	pages__touch(memory + GROW * workload_page, INNER);
	memtrace_end(nested);
	memtrace_end(w);
	truth__moved(outer, ANON, GROW + INNER, RETURN, GROW + INNER - RETURN);
	truth__know(outer, SELF, GROW - RETURN);
	truth__grew(inner, ANON, INNER);
	truth__know(inner, SELF, INNER);

	w = memtrace_begin(shrinking->name);
	madvise(memory, (size_t)((GROW + INNER) * workload_page), MADV_DONTNEED);
	memtrace_end(w);
	truth__moved(shrinking, ANON, 0, GROW + INNER - RETURN, 0);
	truth__know(shrinking, SELF, RETURN - GROW - INNER);
}

int main(void)
{
	const struct timespec pause = {.tv_nsec = 200000};

	workload__init(3);
	signal(SIGTERM, on_term);
	memory = pages__map(GROW + INNER, MAP_PRIVATE | MAP_ANONYMOUS);
	outer = inner = shrinking = truth__of("steady");
	once();
	workload__for_the_record();
	outer = truth__of("outer");
	inner = truth__of("inner");
	shrinking = truth__of("shrinking");
	madvise(memory, (size_t)((GROW + INNER) * workload_page), MADV_DONTNEED);
	printf("{\"ready\": %d}\n", getpid());
	fflush(stdout);
	while (!stop) {
		once();
		nanosleep(&pause, NULL);
	}
	workload__print();
	return 0;
}
