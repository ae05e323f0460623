/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The default command. trace.c has what both ways of tracing share, trace_command.c starts a
 * COMMAND, trace_attach.c attaches to running processes.
 */
#pragma once

#include <stdbool.h>
#include <sys/resource.h>

#include "cli/exports.h"
#include "cli/options.h"
#include "cli/ready.h"
#include "cli/signals.h"
#include "cli/status.h"
#include "trace/identity.h"
#include "trace/kernel.h"

#define STATUS_OWN_ERROR    1
#define STATUS_NOT_STARTED  125 /* any error of memtrace's own, COMMAND was not started */
#define STATUS_NOT_EXECUTED 126
#define STATUS_NOT_FOUND    127
#define STATUS_STRICT	    3

struct session;

struct trace {
	struct options options;
	struct kernel kernel;
	struct identity user;
	struct signals signals;
	struct rlimit memlock; /* as memtrace was started */
	struct exports exports;
	struct ready ready;
	struct status status;
	struct session *session;
	bool inexact; /* anything lost, inexact or not written: --strict */
	int die_of;   /* the signal that COMMAND died of; 0: none */
};

/* The subcommand: returns the exit status. */
int trace__run(int argc, char **argv);

/* Checks the kernel and the privileges, opens the outputs, then the session. Logged. */
int trace__prepare(struct trace *trace);

/*
 * trace__prepare() and, where the user may trace them, attaches to the processes asked for. Logged.
 */
int trace__attach(struct trace *trace);

/* Everything is attached: tells the ready file and lets go of capabilities. Logged. */
int trace__attached(struct trace *trace);

/* Lets go of the targets, prints the table and writes the exports. The first error, logged. */
int trace__report(struct trace *trace);

void trace__free(struct trace *trace);

/* The two ways; both return the exit status. */
int trace_command__run(struct trace *trace);
int trace_attach__run(struct trace *trace);
