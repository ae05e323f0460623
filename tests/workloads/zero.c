// SPDX-License-Identifier: GPL-2.0-or-later
/* Anonymous memory that is only read is the page of zeros, which counts nothing until written. */
#define _GNU_SOURCE
#include <memtrace/marker.h>
#include <sys/mman.h>

#include "workload.h"

static void read_then_write(long n)
{
	struct truth *reading = truth__of("read %ld", n), *writing = truth__of("then write %ld", n);
	char *p = pages__map(n, MAP_PRIVATE | MAP_ANONYMOUS);
	memtrace_window w = memtrace_begin(reading->name);

	pages__read(p, n);
	memtrace_end(w);
	w = memtrace_begin(writing->name);
	pages__touch(p, n);
	memtrace_end(w);
	truth__grew(reading, ANON, 0);
	truth__grew(writing, ANON, n);
	pages__unmap(p, n);
}

static void nothing(long n)
{
	struct truth *t = truth__of("nothing");

	for (long i = 0; i < n; i++) {
		memtrace_window w = memtrace_begin(t->name);

		memtrace_end(w);
		truth__grew(t, ANON, 0);
	}
}

static void pass(void)
{
	read_then_write(1);
	read_then_write(100);
	read_then_write(4096);
	nothing(100);
}

int main(void)
{
	return workload__main(pass, 20);
}
