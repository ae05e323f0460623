/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Process rows: made from the records of the "events" ring, one an address space. What a record
 * cannot carry (the command line of a running process) is read from /proc as soon as the record
 * arrives.
 *
 * Rows of processes that have ended are kept up to a limit; beyond, those with the lowest peak are
 * left out of the list, but not out of what is summed up.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "contract.h"
#include "model/report.h"

#define ROWS_MAX       20000	  /* of ended processes */
#define ROWS_MAX_BYTES (48 << 20) /* or that much of memory */

/* A row and what is needed of it until the report is made. */
struct row {
	struct process_row row;
	uint32_t space;			/* serial */
	int32_t pid;			/* row.pid */
	uint64_t cgroup, memory_cgroup; /* ids, as recorded */
	bool ended;
	bool kept;    /* of a process that was there at first, or of COMMAND: never left out */
	bool leaving; /* has ended, and its exit is to be told yet */
	bool settled; /* nothing more comes; may be left out */
	uint32_t changers;
	bool concurrent;
	int64_t max_step_pages;
	uint64_t events;
	uint32_t peak_ops[MT_PEAK_OPS];
	uint32_t peak_ops_len;
	uint32_t tree_ops[MT_PEAK_OPS];
	uint32_t tree_ops_len;
	uint64_t tree_ops_at_ns; /* CLOCK_MONOTONIC */
	UT_hash_handle by_space, by_pid;
	struct row *prev, *next; /* among those that are leaving */
};

#define LEFT_OUT_OPS 64

/* What is kept of rows that are left out. */
struct rows_left_out {
	struct left_out sums;
	int64_t error_bound_pages;
	uint64_t events;
	uint64_t tree_ops_at_ns; /* the latest; tree_ops were open then */
	uint32_t tree_ops[LEFT_OUT_OPS];
	uint32_t tree_ops_len;
};

struct cgroups;
struct groups;
struct user;

struct rows {
	struct cgroups *cgroups; /* whose paths are asked for; NULL: not known. Owned */
	struct groups *groups;	 /* into which rows go that are left out; NULL: none. Owned */
	struct row *all;	 /* by serial; in order of begin */
	struct row *latest;	 /* by pid, the latest of each */
	struct row *leaving;	 /* the first to have ended first */
	size_t leaving_len;
	size_t settled, settled_bytes;
	size_t max; /* of settled ones; 0: ROWS_MAX */
	struct rows_left_out left_out;
	struct user *users;  /* names by uid */
	int32_t command_pid; /* whose rows are kept; 0: none's */
	uint64_t start_ns;   /* of the trace, CLOCK_MONOTONIC */
	int64_t page_bytes;
	uint64_t unmatched; /* ends whose begin was lost, and the other way round */
};

/* Enters one record. -ENOMEM, -EBADMSG for a record that is too short. */
int rows__record(struct rows *rows, const void *data, size_t size);

/* The row of a space by serial, or NULL. */
struct row *rows__find(const struct rows *rows, uint32_t space);

/* The latest row of a process, whether ended or not, or NULL. */
struct row *rows__of_pid(const struct rows *rows, int32_t pid);

/* In order of begin, and back; NULL at the end. Valid until the next record. */
struct row *rows__first(const struct rows *rows);
struct row *rows__after(const struct row *row);
struct row *rows__last(const struct rows *rows);
struct row *rows__before(const struct row *row);
size_t rows__len(const struct rows *rows);

/*
 * By which a growth or peak of a row may be wrong. Where threads ran on several CPUs, each of the
 * other CPUs may have made one update whose event had not come when a value was taken; a growth is
 * the difference of two such values.
 */
int64_t row__error_bound_pages(const struct row *row);

/* The same of so many CPUs, or threads, that count for themselves. */
int64_t rows__error_bound_pages(uint32_t changers, int64_t max_step_pages);

/* A row that has ended has changed: when nothing more can come of it, it may be left out. */
void rows__settle(struct rows *rows, struct row *row);

/* Leaves out what is over the limit now. */
void rows__leave_out(struct rows *rows);

void row__free(struct row *row);
void rows__free(struct rows *rows);
