// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hundreds of children at one time, each of which asks for the result of its window. Prints
 *	{"children": 300, "without_result": 0, "wrong": 0}
 */
#define _GNU_SOURCE
#include <errno.h>
#include <memtrace/marker.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workload.h"

#define CHILDREN 300
#define PAGES	 10

enum outcome { RIGHT, WITHOUT_RESULT, WRONG };

static int grow(const char *name, char *memory, struct memtrace_result *result)
{
	memtrace_window w = memtrace_begin(name);

	pages__touch(memory, PAGES);
	return memtrace_end_result(w, result);
}

static enum outcome child(char *memory)
{
	struct memtrace_result result = {.size = sizeof(result)};

	workload__settle();
	grow("warm-up", memory, &result); /* a child has the code that runs here to map first */
	madvise(memory, (size_t)(PAGES * workload_page), MADV_DONTNEED);
	if (grow("child", memory, &result))
		return WITHOUT_RESULT;
	return result.growth_bytes == PAGES * workload_page ? RIGHT : WRONG;
}

int main(void)
{
	int counts[3] = {0}, status;
	char *memory;

	workload__init(1);
	memory = pages__map(PAGES, MAP_PRIVATE | MAP_ANONYMOUS);
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid)
			_exit(child(memory));
	}
	while (wait(&status) > 0) {
		if (!WIFEXITED(status) || WEXITSTATUS(status) > WRONG)
			die("a child");
		counts[WEXITSTATUS(status)]++;
	}
	printf("{\"children\": %d, \"without_result\": %d, \"wrong\": %d}\n", CHILDREN,
	       counts[WITHOUT_RESULT], counts[WRONG]);
	return 0;
}
