// SPDX-License-Identifier: GPL-2.0-or-later
/* memtrace doctor: what this kernel and this user can do, what is missing, what each lack costs. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/log.h"
#include "cli/commands.h"
#include "trace/features.h"
#include "trace/kernel.h"

#define NAME_WIDTH 34

/* What was found, and why it matters: what does not work, or costs more, without it. */
static void print_feature(const struct feature *feature)
{
	const char *mark = feature->present ? "ok" : feature->required ? "MISSING" : "missing";

	printf("  %-8s %-*s %s, else %s", mark, NAME_WIDTH, feature->name,
	       feature->required ? "needed" : "useful", feature->consequence);
	if (feature->since)
		printf(" (since %s)", feature->since);
	if (*feature->detail)
		printf(" [%s]", feature->detail);
	putchar('\n');
}

static int print_all(const struct features *features)
{
	size_t missing = 0, poorer = 0;

	for (size_t i = 0; i < features->len; i++) {
		const struct feature *feature = &features->list[i];

		print_feature(feature);
		if (!feature->present)
			++*(feature->required ? &missing : &poorer);
	}
	if (missing)
		printf("\nTracing is not possible: %zu missing.\n", missing);
	else if (poorer)
		printf("\nTracing is possible, with limits: %zu missing.\n", poorer);
	else
		printf("\nTracing is possible.\n");
	return missing ? 1 : 0;
}

static void print_help(void)
{
	printf("Usage: memtrace doctor\n"
	       "Shows what this kernel and this user can do, what is missing, and what each lack "
	       "costs.\n"
	       "Exits with 0 when tracing is possible, otherwise with 1.\n");
}

int doctor__run(int argc, char **argv)
{
	struct features features;
	struct kernel kernel;
	struct utsname host;
	int status = 0;

	if (argc == 3 && (!strcmp(argv[2], "--help") || !strcmp(argv[2], "--usage"))) {
		print_help();
	} else if (argc > 2) {
		log__error("doctor: takes no arguments: %s", argv[2]);
		return 2;
	} else {
		features__probe(&features);
		if (!uname(&host))
			printf("memtrace %s on Linux %s, %s\n\n", MEMTRACE_VERSION, host.release,
			       host.machine);
		status = print_all(&features);
		if (status)
			features__check_required(&kernel);
	}
	if (fflush(stdout)) {
		log__error("standard output: cannot be written");
		return 1;
	}
	return status;
}
