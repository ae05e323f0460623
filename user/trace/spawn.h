/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting COMMAND in two steps: a child that waits, then its exec, so that every probe is in place
 * before its first instruction.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

struct spawn_variable {
	const char *name;
	char *value;
};

struct spawn_options {
	char *const *argv; /* NULL-terminated */
	const char *user;  /* run as this user (--user); NULL: the invoking user under sudo, else
			      unchanged */
	const struct spawn_variable *variables; /* to add to the environment */
	size_t variables_len;
	/* What memtrace itself was started with, where it has changed it since. */
	const sigset_t *mask; /* signal mask; NULL: the present one */
	bool ignore_sigchld;  /* the one disposition that memtrace changes */
	/* RLIMIT_MEMLOCK, which libbpf raises before Linux 5.11; NULL: the present one. */
	const struct rlimit *memlock;
};

struct spawn {
	pid_t pid;	  /* -1: none */
	int go_fd;	  /* -1 or the write end of the pipe that the child waits on */
	int error_fd;	  /* -1 or the read end of the pipe that brings back an exec error */
	const char *name; /* the command, for messages */
};

#define SPAWN_INIT                                                                                 \
	{                                                                                          \
		.pid = -1, .go_fd = -1, .error_fd = -1                                             \
	}

/*
 * Forks the child, which becomes the user, checks that it can find and execute the command, and
 * waits. -ENOENT: not found; -EACCES: found, but exec would refuse it; any other negative errno is
 * an error of memtrace's own, -EINVAL one in what the user asked for. Logged; nothing is left then.
 */
int spawn__prepare(struct spawn *out, const struct spawn_options *options);

/*
 * Lets the child exec. -EACCES when exec refused the command after all, another negative errno when
 * the child was not there any more; logged, and the child is reaped then.
 */
int spawn__go(struct spawn *spawn);

/* Kills and reaps a child that has not been let go; closes descriptors. Accepts SPAWN_INIT. */
void spawn__abandon(struct spawn *spawn);
