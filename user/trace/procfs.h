/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc says of a process that may be gone any moment. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Splits NUL-separated words; *args gets len strings (to be freed), none when memory runs out. */
void procfs__split_args(const char *bytes, size_t size, char ***args, size_t *len);
void procfs__copy_args(char *const *from, size_t from_len, char ***args, size_t *len);
void procfs__free_args(char **args, size_t len);

/* The command line of a running process; none when it is gone or has none. */
void procfs__command(pid_t pid, char ***args, size_t *len);

/* Path of its cgroup: of version 2 where it is in one, else of the memory controller. NULL: not
 * known. */
char *procfs__cgroup(pid_t pid);

bool procfs__exists(pid_t pid);

/* The process' id in its own pid namespace; pid itself when /proc does not say. */
pid_t procfs__own_pid(pid_t pid);
