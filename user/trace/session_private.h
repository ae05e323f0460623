/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What session.c (the trace), session_target.c (whom) and session_report.c (its report) share. */
#pragma once

#include "trace/probes.h"
#include "trace/rows.h"
#include "trace/session.h"
#include "trace/tally.h"

struct ring_buffer;
struct rendezvous;
struct mappings;
struct python_remote;
struct results;
struct sources;

struct session {
	struct session_options options;
	struct programs *programs;
	struct probes *probes;
	struct sources *sources;
	struct python_remote **remotes; /* remotes_len of them */
	size_t remotes_len;
	struct mappings *mappings; /* NULL: nothing is to be probed but markers */
	struct rendezvous *rendezvous;
	struct results *results;
	struct ring_buffer *rings;
	struct rows rows;
	struct tally *tally;
	int epoll_fd;
	int timer_fd;
	uint64_t ticks;
	uint64_t start_ns; /* CLOCK_MONOTONIC */
	int64_t started_at_s;
	int64_t attach_ns;
	uint64_t dropped; /* records that memory was missing for, or that made no sense */
	char **command;
	size_t command_len;
	int32_t *pids;
	size_t pids_len;
};

uint64_t session__now(void); /* CLOCK_MONOTONIC, ns */
int64_t session__elapsed(const struct session *session);

/* Whether a window spec is of that kind. */
bool session__wants(const struct session *session, enum window_kind kind);

/* Lets the marker library of a running process find us. */
void session__announce(struct session *session, pid_t pid);

struct programs_counters;

/*
 * Fills in processes, groups and the tree of a report that has its operations and its trace.pids,
 * and COMMAND's exit. -ENOMEM.
 */
int session__fill_processes(struct session *session, const struct programs_counters *counters,
			    struct report *out);

/* Adds what has been lost so far, but objects that were probed late. */
void session__losses(const struct session *session, const struct programs_counters *counters,
		     struct losses *losses);

/* By which a growth or peak of the processes that have ended may be wrong. */
int64_t session__error_bound_pages(const struct session *session);
