// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asks for the result of each window, in the program and in a forked child, and prints what it got:
 *	{"result": "grow 10", "status": 0, "growth_bytes": 40960, ...}
 */
#define _GNU_SOURCE
#include <memtrace/marker.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workload.h"

#define RESULTS 32
#define ROOM	1000

struct answer {
	const struct truth *truth;
	int status;
	struct memtrace_result result;
};

static struct answer *answers; /* shared with the child */
static int *used;
static char *memory;

/* Gains and gives back, and asks. */
static void window(struct truth *t, long gained, long returned)
{
	struct answer *a = &answers[*used];
	memtrace_window w;

	a->truth = t;
	a->result.size = sizeof(a->result);
	w = memtrace_begin(t->name);
	pages__touch(memory, gained);
	madvise(memory, (size_t)(returned * workload_page), MADV_DONTNEED);
	a->status = memtrace_end_result(w, &a->result);
	truth__moved(t, ANON, gained, returned, gained);
	madvise(memory, (size_t)(ROOM * workload_page), MADV_DONTNEED);
	if (!workload__is_warming())
		++*used;
}

static void in_child(struct truth *truths[], int n)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		workload__settle();
		madvise(memory, (size_t)(ROOM * workload_page), MADV_DONTNEED);
		for (int i = 0; i < n; i++)
			window(truths[i], 10 * i, i);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		die("a child");
}

static void pass(void)
{
	struct truth *truths[4];

	for (long n = 1; n <= ROOM; n *= 10) {
		window(truth__of("result %ld", n), n, 0);
		window(truth__of("result %ld, half of it back", n), n, n / 2);
		window(truth__of("result %ld, all of it back", n), n, n);
	}
	for (int i = 0; i < 4; i++)
		truths[i] = truth__of("result in a child %d", i);
	in_child(truths, 4);
	window(truth__of("result after the child"), 7, 3);
}

static void print(const struct answer *a)
{
	const struct memtrace_result *r = &a->result;

	printf("{\"result\": \"%s\", \"status\": %d", a->truth->name, a->status);
	if (!a->status)
		printf(", \"growth_bytes\": %ld, \"peak_growth_bytes\": %ld, \"gained_bytes\": "
		       "%ld, "
		       "\"returned_bytes\": %ld, \"own_growth_bytes\": %ld, \"by_type_bytes\": "
		       "{\"anon\": %ld, \"file\": %ld, \"shmem\": %ld}",
		       r->growth_bytes, r->peak_growth_bytes, r->gained_bytes, r->returned_bytes,
		       r->own_growth_bytes, r->anon_growth_bytes, r->file_growth_bytes,
		       r->shmem_growth_bytes);
	printf("}\n");
}

int main(void)
{
	workload__init(RESULTS);
	memory = pages__map(ROOM, MAP_PRIVATE | MAP_ANONYMOUS);
	answers = (void *)pages__map(RESULTS * (long)sizeof(*answers) / workload_page + 2,
				     MAP_SHARED | MAP_ANONYMOUS);
	used = (int *)&answers[RESULTS];
	pass();
	workload__for_the_record();
	madvise(memory, (size_t)(ROOM * workload_page), MADV_DONTNEED);
	pass();
	for (int i = 0; i < *used; i++)
		print(&answers[i]);
	workload__print();
	return 0;
}
