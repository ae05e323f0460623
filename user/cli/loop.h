/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waits for what happens while a trace runs: signals, records, the end of COMMAND, timers. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct ready;
struct session;
struct signals;
struct status;

struct loop {
	struct signals *signals;
	struct session *session; /* NULL: none any more, only COMMAND is waited for */
	struct status *status;	 /* NULL: none */
	struct ready *ready;	 /* NULL: none; announced again while pending */
	pid_t command;		 /* -1: none */
	int64_t duration_ns;	 /* 0: no limit */
	/* Set by loop__run(). */
	int command_status; /* as wait(2) gives it, with LOOP_ENDED */
	bool failed; /* the session stopped working (logged); COMMAND was waited for all the same */
	int last_interrupt; /* SIGINT or SIGQUIT with a COMMAND */
	int64_t last_interrupt_ns;
};

enum loop_end {
	LOOP_ENDED,    /* COMMAND has ended and is reaped; without one: every target has ended */
	LOOP_DEADLINE, /* duration_ns is over */
	LOOP_STOPPED,  /* the user ends the trace (without a COMMAND) */
	LOOP_LEAVE,    /* the user wants to leave at once, with last_interrupt (with a COMMAND) */
	LOOP_ERROR,    /* logged */
};

enum loop_end loop__run(struct loop *loop);
