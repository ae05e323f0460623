// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/top_messages.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define PRINTED_MAX (64 * 1024) /* the latest; -v has a lot to say */

static int terminal = -1; /* standard error as it was */

void top_messages__hold(void)
{
	int file, saved;

	if (terminal >= 0 || !isatty(STDERR_FILENO))
		return;
	file = memfd_create("messages", MFD_CLOEXEC);
	saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	fflush(stderr);
	if (file >= 0 && saved >= 0 && dup2(file, STDERR_FILENO) >= 0) {
		fcntl(STDERR_FILENO, F_SETFL, O_APPEND);
		terminal = saved;
	} else if (saved >= 0) {
		close(saved);
	}
	if (file >= 0)
		close(file);
}

/* False: there is no more, or nobody to read it. */
static bool copy(int from, off_t *at)
{
	char bytes[4096];
	ssize_t len = pread(from, bytes, sizeof(bytes), *at);

	if (len <= 0)
		return false;
	*at += len;
	return write(STDERR_FILENO, bytes, (size_t)len) == len;
}

void top_messages__release(void)
{
	off_t at;
	int file;

	if (terminal < 0)
		return;
	fflush(stderr);
	file = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	dup2(terminal, STDERR_FILENO);
	close(terminal);
	terminal = -1;
	if (file < 0)
		return;
	at = lseek(file, 0, SEEK_END);
	at = at > PRINTED_MAX ? at - PRINTED_MAX : 0;
	while (copy(file, &at))
		;
	close(file);
}
