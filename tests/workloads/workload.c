// SPDX-License-Identifier: GPL-2.0-or-later
/* Truth: kept in memory that is resident, printed as JSON. */
#define _GNU_SOURCE
#include "workload.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

long workload_page;

/* Before main() and other constructors, which may make a file of so many pages first of all. */
__attribute__((constructor(101))) static void know_page(void)
{
	workload_page = sysconf(_SC_PAGESIZE);
}

struct table {
	int used;
	int warming;
	struct truth warm_up;
	struct truth truths[];
};

static struct table *table;
static int capacity_of_table;

static const char *const keys[FACTS] = {
	[GROWTH] = "growth_bytes",
	[PEAK] = "peak_growth_bytes",
	[GAINED] = "gained_bytes",
	[RETURNED] = "returned_bytes",
	[OWN] = "own_growth_bytes",
	[SELF] = "self_growth_bytes",
	[FOREIGN] = "foreign_growth_bytes",
	[ANON] = "anon",
	[FILE_PAGES] = "file",
	[SHMEM] = "shmem",
	[SWAP] = "swap",
	[AT_LEAST] = "growth_at_least_bytes",
	[AT_MOST] = "growth_at_most_bytes",
};

void die(const char *what)
{
	fprintf(stderr, "workload: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Shared, so that children can add to what their parent prints. */
void workload__init(int capacity)
{
	size_t size = sizeof(*table) + (size_t)capacity * sizeof(struct truth);

	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	table = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE,
		     -1, 0);
	if (table == MAP_FAILED)
		die("mmap");
	capacity_of_table = capacity;
	table->warming = 1;
	strcpy(table->warm_up.name, WARM_UP);
}

int workload__is_warming(void)
{
	return table->warming;
}

void workload__for_the_record(void)
{
	workload__settle();
	table->warming = 0;
}

static struct truth *next_truth(const char *format, va_list args)
{
	struct truth *truth;

	if (table->warming)
		return &table->warm_up;
	if (table->used == capacity_of_table) {
		errno = ENOSPC;
		die("truth");
	}
	truth = &table->truths[table->used];
	vsnprintf(truth->name, sizeof(truth->name), format, args);
	return truth;
}

struct truth *truth__new(const char *format, ...)
{
	struct truth *truth;
	va_list args;

	va_start(args, format);
	truth = next_truth(format, args);
	va_end(args);
	if (!table->warming)
		table->used++;
	return truth;
}

struct truth *truth__of(const char *format, ...)
{
	struct truth *truth;
	va_list args;

	va_start(args, format);
	truth = next_truth(format, args);
	va_end(args);
	if (table->warming)
		return truth;
	for (int i = 0; i < table->used; i++)
		if (!strcmp(table->truths[i].name, truth->name))
			return &table->truths[i];
	table->used++;
	return truth;
}

void truth__window(struct truth *truth)
{
	__atomic_fetch_add(&truth->count, 1, __ATOMIC_RELAXED);
}

void truth__know(struct truth *truth, enum fact fact, long pages)
{
	long old = __atomic_load_n(&truth->pages[fact], __ATOMIC_RELAXED);

	__atomic_fetch_or(&truth->known, 1u << fact, __ATOMIC_RELAXED);
	if (fact != PEAK) {
		__atomic_fetch_add(&truth->pages[fact], pages, __ATOMIC_RELAXED);
		return;
	}
	while (old < pages && !__atomic_compare_exchange_n(&truth->pages[fact], &old, pages, 0,
							   __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

void truth__moved(struct truth *truth, enum fact type, long gained, long returned, long peak)
{
	long growth = gained - returned;

	truth__window(truth);
	truth__know(truth, GROWTH, growth);
	truth__know(truth, PEAK, peak);
	truth__know(truth, GAINED, gained);
	truth__know(truth, RETURNED, returned);
	truth__know(truth, OWN, growth);
	truth__know(truth, FOREIGN, 0);
	truth__know(truth, ANON, 0);
	truth__know(truth, FILE_PAGES, 0);
	truth__know(truth, SHMEM, 0);
	truth__know(truth, type, growth);
}

void truth__grew(struct truth *truth, enum fact type, long pages)
{
	truth__moved(truth, type, pages, 0, pages);
}

static void print_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			printf("\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			printf("\\u%04x", *s);
		else
			putchar(*s);
	}
	putchar('"');
}

static void print_truth(const struct truth *truth)
{
	const char *separator = "";

	printf("{\"%s\": ", truth->kind ? truth->kind : "operation");
	print_string(truth->name);
	if (truth->end)
		printf(", \"end\": \"%s\"", truth->end);
	else
		printf(", \"count\": %ld, \"incomplete\": %ld, \"overlapped_count\": %ld",
		       truth->count, truth->incomplete, truth->overlapped);
	for (int i = 0; i < FACTS; i++)
		if (truth->known >> i & 1 && (i < ANON || i > SWAP))
			printf(", \"%s\": %ld", keys[i], truth->pages[i] * workload_page);
	if (truth->known & (1u << ANON | 1u << FILE_PAGES | 1u << SHMEM | 1u << SWAP)) {
		printf(", \"by_type_bytes\": {");
		for (int i = ANON; i <= SWAP; i++) {
			if (!(truth->known >> i & 1))
				continue;
			printf("%s\"%s\": %ld", separator, keys[i],
			       truth->pages[i] * workload_page);
			separator = ", ";
		}
		printf("}");
	}
	printf("}\n");
}

void workload__print(void)
{
	for (int i = 0; i < table->used; i++)
		print_truth(&table->truths[i]);
	table->used = 0;
	if (fflush(stdout))
		die("standard output");
}

int workload__main(void (*pass)(void), int capacity)
{
	workload__init(capacity);
	pass();
	workload__for_the_record();
	pass();
	workload__print();
	return 0;
}
