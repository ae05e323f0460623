// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/loop.h"
#include "trace/session.h"

/*
 * The user's own right to ptrace-read the process: /proc/PID/auxv is opened under the kernel's
 * PTRACE_MODE_READ check of the credentials files are opened with.
 */
static int open_auxv(pid_t pid)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/auxv", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/*
 * A memtrace with file capabilities could trace everything for everybody: who is not root only gets
 * what ptrace would give anyway. A process that is not there is left to session__add_pids().
 */
static int check_rights(const struct trace *trace)
{
	const struct options *o = &trace->options;
	struct identity_saved saved;
	int err;

	if (getuid() == 0)
		return 0;
	for (size_t i = 0; i < o->pids_len; i++) {
		err = identity__assume(&trace->user, &saved);
		if (!err) {
			err = open_auxv(o->pids[i]);
			identity__restore(&saved);
		}
		if (err && err != -ENOENT && err != -ESRCH) {
			log__error("process %d: not yours to trace: %s", (int)o->pids[i],
				   strerror(-err));
			log__hint("run with sudo");
			return err;
		}
	}
	return 0;
}

int trace__attach(struct trace *trace)
{
	int err = trace__prepare(trace);

	if (!err)
		err = check_rights(trace);
	if (!err)
		err = trace->options.all ? session__add_all(trace->session)
					 : session__add_pids(trace->session, trace->options.pids,
							     trace->options.pids_len);
	return err ? err : trace__attached(trace);
}

int trace_attach__run(struct trace *trace)
{
	struct loop loop = {
		.signals = &trace->signals,
		.status = &trace->status,
		.ready = &trace->ready,
		.command = -1,
		.duration_ns = trace->options.duration_ns,
	};
	enum loop_end end;

	if (trace__attach(trace))
		return STATUS_OWN_ERROR;
	loop.session = trace->session;
	end = loop__run(&loop);
	signals__release(&trace->signals);
	/* What was seen until an error is worth printing, too. */
	if (trace__report(trace) || end == LOOP_ERROR)
		return STATUS_OWN_ERROR;
	return trace->options.strict && trace->inexact ? STATUS_STRICT : 0;
}
