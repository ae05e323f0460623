// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strings.h"

static bool verbose;
static bool line_shown;

void log__set_verbose(bool on)
{
	verbose = on;
}

bool log__is_verbose(void)
{
	return verbose;
}

void log__set_line_shown(bool shown)
{
	line_shown = shown;
}

/*
 * The whole message is escaped, so that no caller can forget it; a line is written at once, so that
 * it does not mix with what COMMAND prints. Keeps errno: callers still want to return it.
 */
static __attribute__((format(printf, 2, 0))) void print(const char *prefix, const char *format,
							va_list args)
{
	int saved = errno;
	char *message, *escaped = NULL;

	if (vasprintf(&message, format, args) >= 0) {
		escaped = strings__escape(message);
		free(message);
	}
	fprintf(stderr, "%s%s%s\n", line_shown ? "\r\033[K" : "", prefix,
		escaped ? escaped : strerror(ENOMEM));
	line_shown = false;
	free(escaped);
	errno = saved;
}

void log__error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print("memtrace: ", format, args);
	va_end(args);
}

void log__hint(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print("  ", format, args);
	va_end(args);
}

void log__warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print("memtrace: warning: ", format, args);
	va_end(args);
}

void log__debug(const char *format, ...)
{
	va_list args;

	if (!verbose)
		return;
	va_start(args, format);
	print("memtrace: ", format, args);
	va_end(args);
}
