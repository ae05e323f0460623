// SPDX-License-Identifier: GPL-2.0-or-later
/* Children that touch their own pages in windows of their own, all at once, and their parent's. */
#define _GNU_SOURCE
#include <memtrace/marker.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workload.h"

#define CHILDREN 8
#define PAGES	 64

static char *memory;

/* Writing what it shares with its parent exchanges pages, no more; fresh ones are growth. */
static void child(struct truth *shared, struct truth *fresh, int number)
{
	char *p = pages__map(PAGES, MAP_PRIVATE | MAP_ANONYMOUS);
	memtrace_window w;

	workload__settle();
	madvise(p, (size_t)(PAGES * workload_page), MADV_DONTNEED);
	w = memtrace_begin(shared->name);
	pages__touch(memory, PAGES);
	memtrace_end(w);
	truth__grew(shared, ANON, 0);
	w = memtrace_begin(fresh->name);
	pages__touch(p, number);
	memtrace_end(w);
	truth__grew(fresh, ANON, number);
	_exit(0);
}

static void wait_for_all(int n)
{
	for (int i = 0; i < n; i++) {
		int status;

		if (wait(&status) < 0 || status)
			die("a child");
	}
}

/* The parent's window is open all the while; of it the children know nothing. */
static void pass(void)
{
	struct truth *around = truth__of("around the forks"),
		     *shared = truth__of("shared with the parent"),
		     *fresh = truth__of("fresh in a child");
	memtrace_window w;

	memory = pages__map(PAGES, MAP_PRIVATE | MAP_ANONYMOUS);
	pages__touch(memory, PAGES);
	w = memtrace_begin(around->name);
	for (int i = 1; i <= CHILDREN; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid)
			child(shared, fresh, i);
	}
	wait_for_all(CHILDREN);
	pages__touch(memory, PAGES);
	memtrace_end(w);
	truth__grew(around, ANON, 0);
	pages__unmap(memory, PAGES);
}

int main(void)
{
	return workload__main(pass, 3);
}
