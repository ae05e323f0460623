// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Processes that hold as many pages as they are told: lines "CHILD PAGES" on standard input, each
 * answered by "{}" once the child holds them. Begins with {"pids": [...]}, the parent's first.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workload.h"

#define CHILDREN 3
#define ROOM	 20000

static int to_child[CHILDREN], from_child[CHILDREN];

static _Noreturn void child(int in, int out)
{
	char *memory = pages__map(ROOM, MAP_PRIVATE | MAP_ANONYMOUS);
	long held = 0, wanted;

	while (read(in, &wanted, sizeof(wanted)) == sizeof(wanted)) {
		if (wanted > held)
			pages__touch(memory + held * workload_page, wanted - held);
		else
			madvise(memory + wanted * workload_page,
				(size_t)((held - wanted) * workload_page), MADV_DONTNEED);
		held = wanted;
		if (write(out, "", 1) != 1)
			break;
	}
	_exit(0);
}

static pid_t start(int i)
{
	int in[2], out[2];
	pid_t pid;

	if (pipe(in) || pipe(out))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		close(in[1]);
		child(in[0], out[1]);
	}
	to_child[i] = in[1];
	from_child[i] = out[0];
	close(in[0]);
	close(out[1]);
	return pid;
}

int main(void)
{
	char line[64], byte;
	int number;
	long pages;

	workload__init(1);
	printf("{\"pids\": [%d", getpid());
	fflush(stdout);
	for (int i = 0; i < CHILDREN; i++)
		printf(", %d", start(i));
	puts("]}");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "%d %ld", &number, &pages) != 2 || number < 0 ||
		    number >= CHILDREN || pages < 0 || pages > ROOM)
			die("a line");
		if (write(to_child[number], &pages, sizeof(pages)) != sizeof(pages) ||
		    read(from_child[number], &byte, 1) != 1)
			die("a child");
		puts("{}");
		fflush(stdout);
	}
	for (int i = 0; i < CHILDREN; i++)
		close(to_child[i]);
	while (wait(NULL) > 0)
		;
	return 0;
}
