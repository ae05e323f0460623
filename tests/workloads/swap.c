// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Anonymous memory that goes to swap and comes back. How many pages the kernel takes is its own
 * choice, and smaps says it afterwards. Without swap: WORKLOAD_SKIP.
 */
#define _GNU_SOURCE
#include <memtrace/marker.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

#include "workload.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21 /* Linux 5.4 */
#endif

static void out_and_in(long n)
{
	struct truth *out = truth__of("out %ld", n), *in = truth__of("in %ld", n);
	char *p = pages__map(n, MAP_PRIVATE | MAP_ANONYMOUS);
	memtrace_window w;
	long swapped;

	pages__touch(p, n);
	w = memtrace_begin(out->name);
	if (madvise(p, (size_t)(n * workload_page), MADV_PAGEOUT))
		die("madvise");
	memtrace_end(w);
	swapped = pages__in_smaps(p, "Swap");
	truth__moved(out, ANON, 0, n - pages__in_smaps(p, "Rss"), 0);
	truth__know(out, SWAP, swapped);

	w = memtrace_begin(in->name);
	for (long i = 0; i < n; i++) /* one by one: each brings in what it needs */
		p[i * workload_page] = 2;
	memtrace_end(w);
	truth__grew(in, ANON, swapped);
	truth__know(in, SWAP, -swapped);
	pages__unmap(p, n);
}

static void pass(void)
{
	out_and_in(100);
	out_and_in(1000);
}

int main(void)
{
	struct sysinfo info;

	if (sysinfo(&info) || info.freeswap < (16ul << 20)) {
		fprintf(stderr, "no swap here\n");
		return WORKLOAD_SKIP;
	}
	return workload__main(pass, 10);
}
