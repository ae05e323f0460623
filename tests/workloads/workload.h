/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the workloads share. A workload is a program that knows which pages it touches and prints
 * what a correct report must say of it, one JSON object a line on standard output:
 *
 *	{"operation": "grow 10", "count": 2, "growth_bytes": 81920, ...}
 *
 * The keys are those of the JSON report; totals over the windows of the operation, the highest for
 * peak_growth_bytes. A key that the workload does not know is left out. Truth is kept in pages
 * inside memory that is resident beforehand and printed after all windows are closed.
 *
 * Every pass over the cases runs twice. The first one warms up: its windows are called WARM_UP and
 * have no truth; it brings in the code. Then workload__settle() makes all memory that the process
 * has mapped resident, so that nothing but the touched pages changes in the second pass.
 */
#pragma once

#include <stddef.h>

#define WARM_UP		"warm-up"
#define WORKLOAD_SKIP	77 /* exit status: this machine cannot run the case */
#define TRUTH_NAME_SIZE 200

enum fact {
	GROWTH,
	PEAK,
	GAINED,
	RETURNED,
	OWN,
	SELF,
	FOREIGN,
	ANON,
	FILE_PAGES,
	SHMEM,
	SWAP,	  /* beside the growth */
	AT_LEAST, /* bounds of the growth where it is known only so */
	AT_MOST,
	FACTS,
};

struct truth {
	char name[TRUTH_NAME_SIZE];
	const char *kind; /* the first key; default "operation" */
	const char *end;  /* of a truth about one window: how it ended */
	long count;
	long incomplete;
	long overlapped;
	unsigned known; /* a bit a fact */
	long pages[FACTS];
};

/* Page size in bytes. */
extern long workload_page;

/*
 * Runs pass() twice, the second time for the record, and prints the truth. capacity: how many
 * truths there can be. Returns the exit status for main().
 */
int workload__main(void (*pass)(void), int capacity);

/* For a main() of its own: workload__init() first, then the steps of workload__main(). */
void workload__init(int capacity);
void workload__for_the_record(void);
void workload__print(void);
int workload__is_warming(void);

/* Brings in all readable and writable memory that is mapped now. Children call it after fork(). */
void workload__settle(void);

/*
 * The truth about an operation, found by its name or new. Not between begin and end of a window,
 * and not in a child: it would not find what its parent made later. The truth itself is shared
 * with children.
 */
struct truth *truth__of(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for a name that was not used before: does not search. */
struct truth *truth__new(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Adds one complete window of pages by fact; PEAK keeps the highest. Any thread. */
void truth__window(struct truth *truth);
void truth__know(struct truth *truth, enum fact fact, long pages);

/* One window that grew by pages of one type (ANON, FILE_PAGES, SHMEM) and gave nothing back. */
void truth__grew(struct truth *truth, enum fact type, long pages);

/*
 * One window of this thread: gained and returned pages of one type, with the highest growth in
 * between.
 */
void truth__moved(struct truth *truth, enum fact type, long gained, long returned, long peak);

/* Fresh memory with base pages only; exits on failure. flags: as mmap() takes them. */
char *pages__map(long pages, int flags);
void pages__unmap(char *start, long pages);

/* Writes or reads one byte of each page. */
void pages__touch(char *start, long pages);
void pages__read(const char *start, long pages);

/* An unlinked file of that many pages in the working directory; WORKLOAD_SKIP on a tmpfs. */
int pages__file(long pages);

/* Kilobytes of a field of the mapping at start in /proc/self/smaps, as pages. */
long pages__in_smaps(const void *start, const char *field);

/* Pages that mincore() finds: of a file those cached, of anonymous memory those mapped. */
long pages__in_core(void *start, long pages);

/* Pages of this process by /proc/self/smaps_rollup. */
long pages__resident(void);

void die(const char *what) __attribute__((noreturn));
