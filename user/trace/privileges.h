/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which capabilities memtrace needs, which of them this process has, and letting go of the rest.
 *
 * A capability counts when it is in the permitted set; being in the bounding set or not is not
 * looked at, so a container without, say, CAP_SYS_RESOURCE is fine.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/capability.h>

enum privilege_need {
	NEEDED_ALWAYS,
	NEEDED_FOR_PERF, /* where probes are perf events, see programs__perf_probes() */
	NEEDED_FOR_SOME, /* some things cannot be done without it */
};

struct privilege {
	cap_value_t cap;
	const char *name; /* "CAP_BPF" */
	enum privilege_need need;
	const char *consequence; /* what cannot be done without it */
};

extern const struct privilege privileges_table[];
extern const size_t privileges_table_len;

/*
 * Whether this process has it. The kernel takes CAP_SYS_ADMIN for CAP_BPF, CAP_PERFMON and
 * CAP_CHECKPOINT_RESTORE, so memtrace does too.
 */
bool privileges__has(cap_value_t cap);

/* False inside a user namespace, whose capabilities do not count for tracing. */
bool privileges__in_initial_namespace(void);

/* Logs the missing capabilities that are needed by name, and a hint: -EPERM; otherwise 0. */
int privileges__check(bool perf_probes);

/*
 * Once everything is attached: keeps what attaching to a library that is loaded later, reading what
 * a new process has mapped, and passing a signal on to COMMAND need; drops the rest, from the
 * bounding set too. `perf_probes`: as above, later too. `writes_as_root`: outputs are still to be
 * renamed into place with root's own rights. COMMAND has been forked before and keeps what it has.
 * Logged.
 */
int privileges__drop_after_attach(bool perf_probes, bool writes_as_root);
