/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lets the last reference to probes go where no signal can meet it. The kernel cannot take a
 * breakpoint out of a program on behalf of a process with a SIGKILL pending: it leaves it there for
 * good ("leaking uprobe" in its log). A process that exits has no signal pending, so a child that
 * shares all file descriptors outlives their close() here and gives them up by its exit.
 */
#pragma once

#include <sys/types.h>

struct keeper {
	pid_t pid;
	int fd; /* the child exits when this is closed, by us or by our death */
};

/*
 * From here until keeper__release(), close() of a descriptor opened before drops no last reference.
 * Where no child can be had (out of memory, too many processes) it does.
 */
struct keeper keeper__hold(void);

/* When it returns they are gone. */
void keeper__release(struct keeper *keeper);
