/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a path that is to be written leads to. */
#pragma once

#include <limits.h>
#include <sys/stat.h>
#include <sys/types.h>

enum output_kind {
	OUTPUT_DESCRIPTOR, /* an inherited descriptor: fd */
	OUTPUT_DEVICE,
	OUTPUT_FIFO,
	OUTPUT_FILE, /* exists: mode is its own */
	OUTPUT_NEW,  /* does not exist */
};

struct output_path {
	enum output_kind kind;
	int fd;
	mode_t mode;
	char path[PATH_MAX]; /* with symbolic links at its end resolved */
};

/*
 * Looks with the rights this process has now; `user` is who owns what is written. Logs, naming
 * `path` as it was given, and returns a negative errno for what cannot be written.
 */
int output_path__look(struct output_path *out, const char *path, uid_t user);

/* The last component of a path; the directory before it goes to dir[PATH_MAX]. */
const char *output_path__split(const char *path, char *dir);
