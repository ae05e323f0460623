// SPDX-License-Identifier: GPL-2.0-or-later
/* Names at the limit of 127 bytes and beyond, on page boundaries, and characters of many bytes. */
#define _GNU_SOURCE
#include <memtrace/marker.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "workload.h"

#define KEPT 127 /* bytes of a name that count */

static int cut;

/* name: as the program gives it; kept: as the report shall have it. */
static void window_named(const char *name, const char *kept, long n)
{
	struct truth *t = truth__of("%s", kept);
	char *p = pages__map(n, MAP_PRIVATE | MAP_ANONYMOUS);
	memtrace_window w = memtrace_begin(workload__is_warming() ? WARM_UP : name);

	pages__touch(p, n);
	memtrace_end(w);
	truth__grew(t, ANON, n);
	pages__unmap(p, n);
	if (!workload__is_warming() && name && strlen(name) > KEPT)
		cut++;
}

/* A name of `length` times one letter, the tail of it in the page behind. */
static void window_of_length(char letter, int length, char *boundary)
{
	char name[256] = "", kept[256] = "";

	memset(name, letter, (size_t)length);
	memset(kept, letter, (size_t)(length < KEPT ? length : KEPT));
	window_named(name, kept, 1 + length % 7);
	strcpy(boundary - length / 2, name);
	window_named(boundary - length / 2, kept, 1 + length % 5);
}

static void pass(void)
{
	char *p = pages__map(2, MAP_PRIVATE | MAP_ANONYMOUS);

	pages__touch(p, 2);
	window_of_length('a', 1, p + workload_page);
	window_of_length('b', 126, p + workload_page);
	window_of_length('c', 127, p + workload_page);
	window_of_length('d', 128, p + workload_page);
	window_of_length('e', 129, p + workload_page);
	window_of_length('f', 199, p + workload_page);
	window_named("", "", 3);
	window_named(NULL, "(null)", 4);
	pages__unmap(p, 2);
}

int main(void)
{
	int r = workload__main(pass, 20);

	printf("{\"losses\": {\"names_truncated\": %d}}\n", cut);
	return r;
}
