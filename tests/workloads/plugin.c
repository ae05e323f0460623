// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What workload-dlopen loads: windows in the constructor, and in a function that is called later.
 */
#define _GNU_SOURCE
#include <memtrace/marker.h>
#include <sys/mman.h>

#include "workload.h"

static void grow(const char *name, long n)
{
	struct truth *t = truth__of("%s", name);
	char *p = pages__map(n, MAP_PRIVATE | MAP_ANONYMOUS);
	memtrace_window w = memtrace_begin(t->name);

	pages__touch(p, n);
	memtrace_end(w);
	truth__grew(t, ANON, n);
	pages__unmap(p, n);
}

__attribute__((constructor)) static void at_load(void)
{
	workload__init(2);
	grow("in the constructor", 10);
	workload__for_the_record();
	grow("in the constructor", 10);
}

void plugin__run(void);

void plugin__run(void)
{
	grow("in the plugin", 20);
	workload__print();
}
