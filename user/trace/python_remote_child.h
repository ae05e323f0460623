/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The child of python_remote.c, which becomes the target's user where the target is. */
#pragma once

#include <sys/types.h>

struct python_target {
	pid_t pid; /* in its own pid namespace */
	uid_t uid;
	gid_t gid;
	int exe_fd, root_fd, mount_fd, pid_fd;
	int agent_fd;	/* the directory of the agent */
	char exe[4096]; /* its path: an interpreter finds its own modules by it */
	const char *patterns;
};

/*
 * Has the target start the agent; closes said_fd then, with a line in it when that failed. Has it
 * stopped when life_fd is at its end.
 */
_Noreturn void python_remote_child__run(const struct python_target *target, int said_fd,
					int life_fd);
