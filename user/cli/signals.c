// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/signals.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"

static bool is_ignored(int number)
{
	struct sigaction action;

	return !sigaction(number, NULL, &action) && action.sa_handler == SIG_IGN;
}

int signals__open(struct signals *signals, bool with_command)
{
	struct signals opened = SIGNALS_INIT;
	sigset_t read, blocked;

	sigemptyset(&read);
	/*
	 * A shell script starts its background jobs with SIGINT ignored; kill -INT is how such a
	 * script ends a trace, so it is read all the same (a blocked signal is never discarded).
	 */
	sigaddset(&read, SIGINT);
	sigaddset(&read, SIGTERM);
	if (!is_ignored(SIGHUP))
		sigaddset(&read, SIGHUP);
	if (with_command)
		sigaddset(&read, SIGQUIT);
	blocked = read;
	sigaddset(&blocked, SIGPIPE);
	sigprocmask(SIG_BLOCK, &blocked, &opened.inherited);
	opened.sigchld_ignored = is_ignored(SIGCHLD);
	if (opened.sigchld_ignored)
		signal(SIGCHLD, SIG_DFL);
	opened.fd = signalfd(-1, &read, SFD_CLOEXEC | SFD_NONBLOCK);
	if (opened.fd < 0) {
		log__error("signals: %s", strerror(errno));
		return -errno;
	}
	*signals = opened;
	return 0;
}

int signals__next(struct signals *signals, bool *by_kernel)
{
	struct signalfd_siginfo info;

	if (read(signals->fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	*by_kernel = info.ssi_code == SI_KERNEL;
	return (int)info.ssi_signo;
}

void signals__release(struct signals *signals)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	bool by_kernel;
	sigset_t set;

	if (signals->fd < 0)
		return;
	while (signals__next(signals, &by_kernel))
		;
	close(signals->fd);
	signals->fd = -1;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (numbers[i] == SIGHUP && is_ignored(SIGHUP))
			continue;
		signal(numbers[i], SIG_DFL);
		sigaddset(&set, numbers[i]);
	}
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

_Noreturn void signals__die(int number)
{
	const struct rlimit none = {0, 0};
	sigset_t set;

	/* COMMAND has left its own core, if any; one of memtrace would only mislead. */
	setrlimit(RLIMIT_CORE, &none);
	/* A core_pattern that is a pipe is served whatever the limit says, except for these. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(number);
	/* The signal does not kill, or not this process (the init of a container). */
	_exit(128 + number);
}
