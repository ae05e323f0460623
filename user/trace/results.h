/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Result pages: one a process, an array map that BPF writes and the process maps read-only. A page
 * is frozen before anybody gets its descriptor: user space, the target included, can then neither
 * write nor map it writable, nor reopen it so. After a process' end its page goes to no other.
 *
 * Whenever pages are put into the map of pages the kernel makes us wait for an RCU grace period,
 * 15 ms and more, while a process in its fork() waits for us: so many are put there at once.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct results;

/* Descriptors of the maps result_pages and result_of. */
int results__new(struct results **out, int pages_fd, int of_fd);

/*
 * The page of process pid, a new one or the one it has: a descriptor that stays ours, or a negative
 * errno (-ENOSPC: there are MT_MAX_PROCS already).
 */
int results__of(struct results *results, pid_t pid);

/* The process is gone, or another program by now. */
void results__forget(struct results *results, pid_t pid);

/* Makes new pages when few are left; for moments in which nobody waits. */
void results__stock_up(struct results *results);

void results__free(struct results *results);
