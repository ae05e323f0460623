// SPDX-License-Identifier: GPL-2.0-or-later
/* memtrace top: a running trace on the terminal, until the user has seen enough. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/strings.h"
#include "cli/commands.h"
#include "cli/top_screen.h"
#include "cli/trace.h"
#include "trace/live.h"
#include "trace/session.h"

#define REFRESH_S 1

/* What the terminal signals is apart from what ends a trace, which is read first. */
enum source { ON_SIGNAL, ON_TERMINAL, ON_SESSION, ON_KEY, ON_TICK, ON_DEADLINE, SOURCES };

struct top {
	struct trace *trace;
	struct live *live;
	struct top_view view;
	struct pollfd fds[SOURCES];
};

static const char help[] =
	"Usage: memtrace top [OPTION...] [-p PID[,PID...] | -a]\n"
	"Shows the processes and the operations of a running trace, until q is pressed; without "
	"-p\n"
	"those of every process. h shows the keys.\n"
	"\n"
	"  -w, --window=SPEC    What opens and closes windows (default: marker)\n"
	"  -p PID[,PID...]      Running processes; may repeat\n"
	"  -a, --all            Every process of the host; for root\n"
	"      --no-follow      Leave out children\n"
	"  -d, --duration=SEC   Leave after SEC seconds\n"
	"      --sort=COLUMN    pid user rss peak rate swap command, name count open growth time\n"
	"      --bytes          Plain bytes instead of KiB, MiB, GiB\n"
	"      --color=WHEN     auto, always or never\n"
	"      --json=FILE      Write a report in the end; the other exports of memtrace too\n";

static int timer(time_t s, long ns, time_t again_s)
{
	const struct itimerspec spec = {.it_value = {s, ns}, .it_interval = {again_s, 0}};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd >= 0)
		timerfd_settime(fd, 0, &spec, NULL);
	return fd;
}

/*
 * Signals that would leave the terminal as it is, or that ncurses would take in a handler. They are
 * blocked from here on.
 */
static int open_terminal_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGQUIT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int open_sources(struct top *t)
{
	int64_t ns = t->trace->options.duration_ns;

	for (int i = 0; i < SOURCES; i++)
		t->fds[i] = (struct pollfd){.fd = -1, .events = POLLIN};
	t->fds[ON_SIGNAL].fd = t->trace->signals.fd;
	t->fds[ON_TERMINAL].fd = open_terminal_signals();
	t->fds[ON_SESSION].fd = session__fd(t->trace->session);
	t->fds[ON_KEY].fd = STDIN_FILENO;
	t->fds[ON_TICK].fd = timer(REFRESH_S, 0, REFRESH_S);
	if (ns)
		t->fds[ON_DEADLINE].fd = timer(ns / 1000000000, ns % 1000000000, 0);
	if (t->fds[ON_TERMINAL].fd >= 0 && t->fds[ON_TICK].fd >= 0 &&
	    (!ns || t->fds[ON_DEADLINE].fd >= 0))
		return 0;
	log__error("top: %s", strerror(errno));
	return -errno;
}

static void close_sources(struct top *t)
{
	static const enum source own[] = {ON_TERMINAL, ON_TICK, ON_DEADLINE};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (t->fds[own[i]].fd >= 0)
			close(t->fds[own[i]].fd);
}

static int refresh_view(struct top *t)
{
	struct live_snapshot snapshot;
	int r;

	if (t->view.paused)
		return 0;
	r = live__read(t->live, &snapshot);
	if (!r)
		r = top_model__update(&t->view.model, &snapshot);
	if (r)
		log__error("top: %s", strerror(-r));
	return r;
}

/* False: a signal ends it. */
static bool on_terminal(struct top *t)
{
	struct signalfd_siginfo info;

	while (read(t->fds[ON_TERMINAL].fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGQUIT)
			return false;
		top_screen__resize();
	}
	return true;
}

/* False: the user leaves, or the terminal has gone. */
static bool on_key(struct top *t)
{
	unsigned int key;

	if (t->fds[ON_KEY].revents & (POLLHUP | POLLERR | POLLNVAL))
		return false;
	while ((key = top_screen__key()) != TOP_KEY_NONE)
		if (!top_view__press(&t->view, key))
			return false;
	return true;
}

/* 1: go on, 0: that is the end, negative errno: a bad one, logged. */
static int handle(struct top *t)
{
	uint64_t expirations;
	bool by_kernel;
	int r = 0;

	if (t->fds[ON_SIGNAL].revents && signals__next(&t->trace->signals, &by_kernel))
		return 0;
	if (t->fds[ON_SESSION].revents) {
		r = session__dispatch(t->trace->session);
		if (r < 0)
			return r;
	}
	if (t->fds[ON_DEADLINE].revents || (t->fds[ON_TERMINAL].revents && !on_terminal(t)) ||
	    (t->fds[ON_KEY].revents && !on_key(t)))
		return 0;
	if (t->fds[ON_TICK].revents &&
	    read(t->fds[ON_TICK].fd, &expirations, sizeof(expirations)) > 0)
		r = refresh_view(t);
	return r < 0 ? r : 1;
}

static int show(struct top *t)
{
	int r = refresh_view(t);

	if (r)
		return r;
	for (;;) {
		bool only_session = true;

		r = poll(t->fds, SOURCES, -1);
		if (r < 0 && errno != EINTR) {
			log__error("top: poll: %s", strerror(errno));
			return -errno;
		}
		if (r > 0) {
			r = handle(t);
			if (r <= 0)
				return r;
		}
		for (int i = 0; i < SOURCES; i++)
			only_session = only_session && (i == ON_SESSION || !t->fds[i].revents);
		if (!only_session)
			top_screen__draw(&t->view);
	}
}

static bool wants_color(const struct options *o)
{
	const char *no_color = getenv("NO_COLOR");

	return o->color == COLOR_ALWAYS || (o->color == COLOR_AUTO && !(no_color && *no_color));
}

static int run_screen(struct top *t)
{
	int r = live__new(&t->live, t->trace->session);

	if (!r)
		r = open_sources(t);
	if (!r)
		r = top_screen__open(wants_color(&t->trace->options));
	if (!r)
		r = show(t);
	top_screen__close();
	close_sources(t);
	live__free(t->live);
	return r;
}

static int run_trace(struct top *t)
{
	struct trace *trace = t->trace;
	int r;

	trace->options.quiet = true;
	if (top_screen__check() || trace__attach(trace))
		return STATUS_OWN_ERROR;
	r = run_screen(t);
	signals__release(&trace->signals);
	if (trace__report(trace) || r)
		return STATUS_OWN_ERROR;
	return trace->options.strict && trace->inexact ? STATUS_STRICT : 0;
}

/* Whether the sort column is one. */
static bool check_sort(struct top *t)
{
	const char *name = t->trace->options.sort, *names[2 * TOP_COLUMNS], *nearest;
	size_t len = top_model__column_names(names, 2 * TOP_COLUMNS);

	if (!name || top_model__sort_by_name(&t->view.model, name))
		return true;
	log__error("--sort: unknown column `%s`", name);
	nearest = strings__nearest(name, names, len);
	if (nearest)
		log__hint("nearest: %s", nearest);
	return false;
}

int top__run(int argc, char **argv)
{
	struct trace trace = {.user = IDENTITY_INIT, .signals = SIGNALS_INIT, .ready = READY_INIT};
	struct top t = {.trace = &trace};
	int status = options__usage_status(argc, argv);

	for (int i = 2; i < argc; i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "--usage")) {
			fputs(help, stdout);
			return fflush(stdout) ? STATUS_OWN_ERROR : 0;
		}
	top_model__init(&t.view.model);
	if (!options__parse_live(&trace.options, argc - 1, argv + 1) && check_sort(&t)) {
		log__set_verbose(trace.options.verbose);
		t.view.bytes = trace.options.bytes;
		status = run_trace(&t);
	}
	top_model__free(&t.view.model);
	trace__free(&trace);
	return status;
}
