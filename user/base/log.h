/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages to standard error, one line each: "memtrace: what: why". Whatever comes from the target
 * or the user is escaped before it reaches the terminal (strings.h). Never used by the BPF side.
 */
#pragma once

#include <stdbool.h>

/* An error; the caller then returns a failure. Prints "memtrace: " and the message. */
void log__error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* What the user can do about the error just printed: a second, indented line. */
void log__hint(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Something that makes the result poorer but not wrong: "memtrace: warning: ...". */
void log__warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Shown with -v only. */
void log__debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

void log__set_verbose(bool verbose);
bool log__is_verbose(void);
/* A status line is on the terminal: the next message takes its place. */
void log__set_line_shown(bool shown);
