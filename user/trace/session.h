/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One trace: open (load and attach) -> add the target -> dispatch until done -> finish.
 *
 * Functions that fail have said why on standard error (base/log.h) and return a negative errno.
 * A session belongs to one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/report.h"
#include "trace/window_spec.h"

struct session;

struct session_options {
	enum trace_mode mode;
	const struct kernel *kernel; /* as features__check_required() gives it */
	bool follow;		     /* trace children too */
	bool keep_windows;	     /* report.windows is wanted */
	enum report_by by;
	const struct window_spec *specs; /* specs_len of them */
	size_t specs_len;
};

struct session_status {
	int64_t elapsed_ns;
	int64_t rss_bytes;  /* of all traced processes, now */
	int64_t peak_bytes; /* of their sum */
	uint64_t windows;   /* ended so far */
	uint64_t losses;    /* sum of all loss counters */
	uint64_t processes; /* alive */
};

/* Loads and attaches everything that does not depend on the target. *out is set on success only. */
int session__open(struct session **out, const struct session_options *options);

/* As programs__perf_probes(): what privileges__drop_after_attach() has to keep depends on it. */
bool session__perf_probes(const struct session *session);

/*
 * The value of MARKER_SOCKET_ENV for a COMMAND, valid until session__close(). The command must be
 * started by a child that waits until session__add_command() has returned.
 */
const char *session__socket_name(const struct session *session);

/* The child `pid` of this process, which has not yet called exec: counts from its exec on. */
int session__add_command(struct session *session, pid_t pid, char *const *argv);

/*
 * Probes what COMMAND, process `pid`, will run before it does, as far as window specs ask for it;
 * user: that it will run as, NULL: the invoking one. -ENOENT, logged, when what a spec wants of the
 * program or of a file with a path is not there.
 */
int session__prepare_command(struct session *session, pid_t pid, char *const *argv,
			     const char *user);

/* Running processes: -ESRCH with "no such process PID" when one is not there; all or none. */
int session__add_pids(struct session *session, const pid_t *pids, size_t len);

/* Every process of the host, now and later. */
int session__add_all(struct session *session);

/* An epoll descriptor that is readable when session__dispatch() has something to do. */
int session__fd(const struct session *session);
int session__dispatch(struct session *session);

void session__status(const struct session *session, struct session_status *out);
/* Whether every process that was traced has ended. */
bool session__is_over(const struct session *session);

/*
 * Lets go of the target, takes what is left in the rings and fills in *out (to be freed by
 * report__free()). trace.command, exit codes of COMMAND included; may be called once.
 */
int session__finish(struct session *session, struct report *out);

/* Accepts NULL and half-open sessions. Leaves no probe behind. */
void session__close(struct session *session);
