// SPDX-License-Identifier: GPL-2.0-or-later
/* A window that is open when the program replaces itself, and one of the program after that. */
#define _GNU_SOURCE
#include <memtrace/marker.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workload.h"

#define PAGES 100

static void pass(void)
{
	struct truth *t = truth__of("after exec");
	char *p = pages__map(PAGES, MAP_PRIVATE | MAP_ANONYMOUS);
	memtrace_window w = memtrace_begin(t->name);

	pages__touch(p, PAGES);
	memtrace_end(w);
	truth__grew(t, ANON, PAGES);
	pages__unmap(p, PAGES);
}

/* Its truth is printed first: printing touches nothing new. */
static void replace(char *program)
{
	static char *const arguments[] = {"workload-exec", "again", NULL};
	struct truth *all = truth__of("open at exec"), *one = truth__new("open at exec");
	char *p = pages__map(PAGES, MAP_PRIVATE | MAP_ANONYMOUS);

	all->count = all->incomplete = 1;
	one->kind = "window";
	one->end = "exec";
	truth__know(one, GROWTH, PAGES);
	truth__know(one, ANON, PAGES);
	workload__print();
	memtrace_begin("open at exec");
	pages__touch(p, PAGES);
	execv(program, arguments);
	die("exec");
}

int main(int argc, char **argv)
{
	static char program[4096];

	(void)argv;
	if (argc > 1)
		return workload__main(pass, 1);
	workload__init(4);
	pass();
	if (readlink("/proc/self/exe", program, sizeof(program) - 1) < 0)
		die("/proc/self/exe");
	workload__for_the_record();
	replace(program);
}
