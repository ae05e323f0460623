// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "model/losses.h"
#include "report/render.h"
#include "trace/features.h"
#include "trace/privileges.h"
#include "trace/session.h"

static int open_session(struct trace *trace)
{
	const struct options *o = &trace->options;
	const struct session_options options = {
		.mode = o->command ? TRACE_COMMAND
			: o->all   ? TRACE_ALL
				   : TRACE_ATTACH,
		.follow = !o->no_follow,
		.kernel = &trace->kernel,
		.keep_windows = o->windows,
		.by = o->by,
		.specs = o->specs,
		.specs_len = o->specs_len,
	};

	return session__open(&trace->session, &options);
}

int trace__prepare(struct trace *trace)
{
	const struct options *o = &trace->options;
	int err = getrlimit(RLIMIT_MEMLOCK, &trace->memlock);

	if (!err)
		err = features__check_required(&trace->kernel);

	/* Before the outputs: a signal must not leave a temporary file behind. */
	if (!err)
		err = signals__open(&trace->signals, o->command != NULL);
	if (!err)
		err = identity__invoking(&trace->user);
	if (!err)
		err = identity__allow(&trace->user);
	if (!err)
		err = exports__open(&trace->exports, o, &trace->user);
	if (!err)
		err = ready__open(&trace->ready, o->ready_file, &trace->user);
	if (err)
		return err;
	status__open(&trace->status, o->command != NULL, o->quiet, o->bytes);
	return open_session(trace);
}

int trace__attached(struct trace *trace)
{
	bool writes_as_root = trace->exports.len && identity__is_root(&trace->user);
	int err =
		privileges__drop_after_attach(session__perf_probes(trace->session), writes_as_root);

	if (err)
		return err;
	err = ready__announce(&trace->ready);
	return err == -EAGAIN ? 0 : err;
}

static bool wants_color(const struct options *o, FILE *stream)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (o->color != COLOR_AUTO)
		return o->color == COLOR_ALWAYS;
	if (no_color && *no_color)
		return false;
	return isatty(fileno(stream)) && (!term || strcmp(term, "dumb"));
}

static FILE *table_stream(const struct trace *trace)
{
	/* Somebody may be parsing what an export writes there. */
	return trace->options.command || exports__use_stdout(&trace->exports) ? stderr : stdout;
}

static int print_table(const struct report *report, const struct render_options *render,
		       FILE *stream)
{
	int err = render__find("table")->render(report, render, stream);

	if (!err && (fflush(stream) || ferror(stream)))
		err = errno ? -errno : -EIO;
	if (err)
		log__error("table: %s", strerror(-err));
	return err;
}

int trace__report(struct trace *trace)
{
	const struct options *o = &trace->options;
	FILE *stream = table_stream(trace);
	struct render_options render = {
		.color = wants_color(o, stream),
		.bytes = o->bytes,
		.windows = o->windows,
		.columns = o->columns,
		.sort = o->sort,
		.top = o->top,
	};
	struct report report = {0};
	int err = session__finish(trace->session, &report), written = 0;

	/* The probes come off before anything can make us wait: a fifo, a slow terminal. */
	session__close(trace->session);
	trace->session = NULL;
	if (err) {
		trace->inexact = true;
		return err;
	}
	if (!o->quiet)
		err = print_table(&report, &render, stream);
	written = exports__write(&trace->exports, &report, &render);
	trace->inexact = err || written || !report__is_strict_ok(&report);
	report__free(&report);
	return err ? err : written;
}

void trace__free(struct trace *trace)
{
	session__close(trace->session);
	exports__discard(&trace->exports);
	ready__close(&trace->ready);
	identity__free(&trace->user);
	options__free(&trace->options);
}

int trace__run(int argc, char **argv)
{
	struct trace trace = {.user = IDENTITY_INIT, .signals = SIGNALS_INIT, .ready = READY_INIT};
	int status;

	if (options__parse(&trace.options, argc, argv)) {
		status = options__usage_status(argc, argv);
	} else {
		log__set_verbose(trace.options.verbose);
		status = trace.options.command ? trace_command__run(&trace)
					       : trace_attach__run(&trace);
	}
	trace__free(&trace);
	if (trace.die_of)
		signals__die(trace.die_of);
	return status;
}
