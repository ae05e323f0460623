/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A running trace as it stands: what the report will say of the processes and operations, read at
 * any time. The numbers are those of one instant each, not of one for all.
 *
 * Strings come from the target: anything may be in them. They are valid until the next call of
 * session__dispatch(), session__finish() or live__read().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/report.h"
#include "trace/session.h"

struct live_process {
	uint32_t serial; /* of its address space: never used again */
	int32_t pid;
	const char *user;     /* NULL: not known */
	const char *comm;     /* now */
	char *const *command; /* as its program was started; command_len words, 0: not known */
	size_t command_len;
	int64_t rss_bytes, peak_bytes, swap_bytes;
	bool ended; /* one of the pids asked for; only its peak still says something */
};

struct live_operation {
	uint32_t number; /* the same one each time */
	const char *name;
	int32_t tid;	/* with --by thread, where it is known; else 0 */
	uint64_t count; /* windows that have ended */
	uint64_t open;	/* begun and not ended */
	/* Of complete windows, of which there may be none. */
	uint64_t complete;
	int64_t growth_bytes;	   /* their sum */
	int64_t peak_growth_bytes; /* the highest */
	int64_t duration_ns;	   /* their sum */
};

struct live_snapshot {
	uint64_t at_ns; /* CLOCK_MONOTONIC */
	struct session_status status;
	struct losses losses;
	int64_t error_bound_bytes; /* of every growth and peak; 0: exact */
	bool over;		   /* every process has ended */
	const struct live_process *processes;
	size_t processes_len;
	const struct live_operation *operations;
	size_t operations_len;
};

struct live;

/* The session must outlive it. Negative errno, logged. */
int live__new(struct live **out, struct session *session);

/* Reads everything anew; *out is valid until the next time. -ENOMEM, not logged. */
int live__read(struct live *live, struct live_snapshot *out);

/* Accepts NULL. */
void live__free(struct live *live);
