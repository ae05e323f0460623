/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of `memtrace -- COMMAND` and `memtrace -p PID`, checked and as plain data. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/report.h"
#include "trace/window_spec.h"

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* --json FILE and its like. */
struct export
{
	const char *format; /* the renderer's name: "json" */
	const char *path;   /* "-": standard output */
};

/* Strings point into argv. */
struct options {
	char *const *command; /* NULL-terminated; NULL: attach to pids, or all */
	pid_t *pids;	      /* pids_len of them, none twice */
	size_t pids_len;
	bool live;		   /* of `memtrace top' */
	bool all;		   /* every process */
	struct window_spec *specs; /* specs_len, at least one */
	size_t specs_len;
	struct export *exports;
	size_t exports_len;
	bool no_follow;
	int64_t duration_ns; /* 0: until the end */
	bool windows;
	enum report_by by;
	const char *columns; /* NULL: the default; checked */
	const char *sort;    /* NULL: the default; checked */
	size_t top;	     /* 0: all operations */
	bool bytes;
	bool quiet;
	bool verbose;
	const char *user;
	const char *ready_file;
	bool strict;
	enum color color;
};

/*
 * -EINVAL for a usage error, which has been logged. --help, --usage and --version print and exit.
 * options__free() takes what options__parse() has filled in, also after a failure.
 */
int options__parse(struct options *out, int argc, char **argv);

/*
 * The same for `memtrace top', argv[0]: there is no COMMAND, what stands for nothing to trace is
 * every process, and sort is one of the live view's columns, not checked. --help is not seen here.
 */
int options__parse_live(struct options *out, int argc, char **argv);

void options__free(struct options *options);

/* What a usage error exits with: 125 when the arguments have a COMMAND behind "--", otherwise 2. */
int options__usage_status(int argc, char *const *argv);

/* For --help, and for tests that compare it with the manual. */
struct argp;
extern const struct argp options_argp;
