/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -p PID[,PID...]: lists with commas, blanks and newlines between, as pgrep prints them. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/*
 * Adds the pids of `text` to the list, each once. -EINVAL for anything that is not a pid, for an
 * empty list, and for memtrace's own pid; logged, the list may then have grown.
 */
int pids__add(pid_t **pids, size_t *len, const char *text);
