// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/trace.h"

#include <errno.h>
#include <sys/wait.h>

#include "cli/loop.h"
#include "marker/protocol.h"
#include "trace/python.h"
#include "trace/session.h"
#include "trace/spawn.h"

static int prepare_command(struct trace *trace, struct spawn *spawn)
{
	const struct options *o = &trace->options;
	struct spawn_variable variables[1 + PYTHON_VARIABLES] = {
		{MARKER_SOCKET_ENV, (char *)session__socket_name(trace->session)}};
	struct spawn_options options = {
		.argv = o->command,
		.user = o->user,
		.variables = variables,
		.variables_len = 1,
		.mask = &trace->signals.inherited,
		.ignore_sigchld = trace->signals.sigchld_ignored,
		.memlock = &trace->memlock,
	};
	bool python = window_spec__has(o->specs, o->specs_len, WINDOW_PYTHON);
	int err = python ? python__make_variables(variables + 1, o->specs, o->specs_len) : 0;

	if (err)
		return -EPERM;
	if (python)
		options.variables_len += PYTHON_VARIABLES;
	err = spawn__prepare(spawn, &options);
	python__free_variables(variables + 1);
	return err;
}

/* The child waits; then everything that COMMAND's first instruction must find is put in place. */
static int prepare(struct trace *trace, struct spawn *spawn)
{
	const struct options *o = &trace->options;
	int err = trace__prepare(trace);

	if (err)
		return STATUS_NOT_STARTED;

	err = prepare_command(trace, spawn);
	if (err == -ENOENT)
		return STATUS_NOT_FOUND;
	if (err == -EACCES)
		return STATUS_NOT_EXECUTED;
	if (err || session__prepare_command(trace->session, spawn->pid, o->command, o->user) ||
	    session__add_command(trace->session, spawn->pid, o->command) || trace__attached(trace))
		return STATUS_NOT_STARTED;
	err = spawn__go(spawn);
	if (err)
		return err == -EACCES ? STATUS_NOT_EXECUTED : STATUS_NOT_STARTED;
	return 0;
}

/* Until the end of COMMAND; the report comes then, or before, at the end of --duration. */
static enum loop_end watch(struct trace *trace, struct loop *loop)
{
	enum loop_end end = loop__run(loop);

	if (end != LOOP_DEADLINE)
		return end;
	trace__report(trace);
	loop->session = NULL;
	loop->status = NULL;
	loop->duration_ns = 0;
	return loop__run(loop);
}

/* COMMAND's own status, and its own death. */
static int pass_on(struct trace *trace, int wait_status)
{
	if (WIFSIGNALED(wait_status)) {
		trace->die_of = WTERMSIG(wait_status);
		return 128 + trace->die_of;
	}
	if (WEXITSTATUS(wait_status) == 0 && trace->options.strict && trace->inexact)
		return STATUS_STRICT;
	return WEXITSTATUS(wait_status);
}

int trace_command__run(struct trace *trace)
{
	struct spawn spawn = SPAWN_INIT;
	int status = prepare(trace, &spawn);
	struct loop loop = {
		.signals = &trace->signals,
		.session = trace->session,
		.status = &trace->status,
		.ready = &trace->ready,
		.command = spawn.pid,
		.duration_ns = trace->options.duration_ns,
	};
	enum loop_end end;

	if (status) {
		spawn__abandon(&spawn);
		return status;
	}
	end = watch(trace, &loop);
	if (end == LOOP_LEAVE) {
		trace->die_of = loop.last_interrupt;
		return 128 + trace->die_of;
	}
	if (end == LOOP_ERROR) {
		trace->inexact = true;
		while (waitpid(spawn.pid, &loop.command_status, 0) < 0 && errno == EINTR)
			;
	}
	signals__release(&trace->signals);
	/* From here on the status is COMMAND's, whatever happens to the report. */
	if (trace->session)
		trace__report(trace);
	return pass_on(trace, loop.command_status);
}
