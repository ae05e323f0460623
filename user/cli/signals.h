/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals as something to read, without handlers: they are blocked and come through a signalfd.
 * SIGPIPE is blocked too, so that a reader who goes away is a write error like any other.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>

struct signals {
	int fd;		      /* signalfd, -1: none */
	sigset_t inherited;   /* the mask memtrace was started with, for COMMAND */
	bool sigchld_ignored; /* as memtrace was started; it cannot wait for COMMAND that way */
};

#define SIGNALS_INIT ((struct signals){.fd = -1})

/*
 * SIGINT, SIGTERM and SIGHUP, the latter not where it was ignored (nohup); with a COMMAND SIGQUIT
 * too. Negative errno after an error message.
 */
int signals__open(struct signals *signals, bool with_command);

/* What came since; 0: nothing. `by_kernel`: a terminal sent it, to the whole process group. */
int signals__next(struct signals *signals, bool *by_kernel);

/* From here on a signal ends memtrace at once. What came before is forgotten. */
void signals__release(struct signals *signals);

/* Dies of the signal, without a core dump of memtrace. */
_Noreturn void signals__die(int number);
