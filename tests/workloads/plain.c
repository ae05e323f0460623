// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program without markers. It climbs to its peak, stands still there, reads from
 * /proc/self/smaps_rollup how large it is, and comes down again:
 *	{"process": "workload-plain", "peak_rss_bytes": ...}
 * With "wait" as argument it says {"standing": PID} at the peak and waits for a byte of its
 * standard input, so that others can look at it.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workload.h"

#define PAGES 5000

static char line[64];

static void stand_still(int length)
{
	if (!length)
		return;
	if (write(STDOUT_FILENO, line, (size_t)length) != length || read(STDIN_FILENO, line, 1) < 0)
		die("waiting");
}

int main(int argc, char **argv)
{
	long at_peak, again;
	int length = 0;
	char *p, *q;

	(void)argv;
	workload__init(1);
	pages__resident(); /* brings in what looking takes */
	if (argc > 1)
		length = snprintf(line, sizeof(line), "{\"standing\": %d}\n", getpid());
	p = pages__map(PAGES, MAP_PRIVATE | MAP_ANONYMOUS);
	q = pages__map(PAGES, MAP_SHARED | MAP_ANONYMOUS);
	pages__touch(p, PAGES);
	pages__unmap(p, PAGES);
	p = pages__map(PAGES, MAP_PRIVATE | MAP_ANONYMOUS);
	pages__touch(q, PAGES);
	workload__settle();
	at_peak = pages__resident();
	again = pages__resident();
	stand_still(length);
	pages__unmap(p, PAGES);
	pages__unmap(q, PAGES);
	printf("{\"process\": \"workload-plain\", \"peak_rss_bytes\": %ld}\n",
	       at_peak * workload_page);
	return at_peak != again;
}
