/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that memtrace writes: opened before the trace starts, so that a path that cannot be
 * written costs no measurement, and complete or not there at all.
 *
 * - "-", /dev/stdout, /dev/fd/N: the descriptor that memtrace was started with.
 * - A fifo or a character device is written directly.
 * - A regular file, or nothing yet: written beside it and renamed over it by output__commit(). The
 *   file beside has no name until then where the file system can do that (O_TMPFILE), so that not
 *   even SIGKILL leaves it behind.
 * - A symbolic link stays; the file it leads to is written. Not so for another user's link in a
 *   directory like /tmp, which could lead anywhere (the rule of fs.protected_symlinks).
 * - Anything else is refused.
 *
 * All of it happens with the rights of the invoking user, to whom the files then belong.
 * Functions that fail have logged why and return a negative errno.
 */
#pragma once

#include <stdio.h>

#include "trace/identity.h"

struct output;

/* `path` and `user` must outlive the output. *out is set on success only. */
int output__open(struct output **out, const char *path, const struct identity *user);

/* Whether what is written goes to the given descriptor of memtrace itself. */
bool output__is_descriptor(const struct output *output, int fd);

/* NULL after an error message. A fifo that had no reader yet is waited for here. */
FILE *output__stream(struct output *output);

/*
 * Puts the file in place. The output is freed, also after a failure, which leaves nothing behind.
 */
int output__commit(struct output *output);

/* Frees the output and leaves nothing behind. Accepts NULL. */
void output__discard(struct output *output);
