/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Executable file mappings of a running process, from /proc/PID/maps. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct exec_mapping {
	uint64_t start, end; /* addresses in the process */
	dev_t device;
	ino_t inode;
	const char *path; /* as /proc shows it, for people to read */
};

/*
 * Calls visit() for each executable mapping of a file until it returns non-zero, and returns that.
 * 0 when all were visited; negative errno when the maps cannot be read (the process is gone).
 */
int maps__each_exec(pid_t pid, int (*visit)(void *context, const struct exec_mapping *mapping),
		    void *context);

/*
 * Opens the mapped file itself, whatever its path leads to by now: a descriptor, or negative errno.
 * Only a regular file is opened. Without CAP_CHECKPOINT_RESTORE the path has to lead to the same
 * file still, else -EPERM.
 */
int maps__open_object(pid_t pid, const struct exec_mapping *mapping);
