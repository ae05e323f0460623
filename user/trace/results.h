/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Result pages: one a process, an array map that BPF writes and the process maps read-only. The map
 * is frozen before anybody gets its descriptor: user space, the target included, can then neither
 * write nor map it writable, nor reopen it so.
 */
#pragma once

#include <sys/types.h>

/*
 * Puts a new page for process pid into the map of pages and returns its descriptor, to be closed by
 * the caller; negative errno.
 */
int results__add(int results_fd, pid_t pid);

/* The process is gone. */
void results__remove(int results_fd, pid_t pid);
