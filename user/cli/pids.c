// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/pids.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define SEPARATORS ", \t\n"

static int append(pid_t **pids, size_t *len, pid_t pid)
{
	pid_t *grown;

	for (size_t i = 0; i < *len; i++)
		if ((*pids)[i] == pid)
			return 0;
	grown = reallocarray(*pids, *len + 1, sizeof(**pids));
	if (!grown) {
		log__error("-p: %s", strerror(ENOMEM));
		return -ENOMEM;
	}
	grown[(*len)++] = pid;
	*pids = grown;
	return 0;
}

static int parse_one(const char *text, size_t len, pid_t *out)
{
	long value = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		value = value * 10 + (text[i] - '0');
		if (value > INT_MAX)
			return -EINVAL;
	}
	if (!value)
		return -EINVAL;
	*out = (pid_t)value;
	return 0;
}

int pids__add(pid_t **pids, size_t *len, const char *text)
{
	const char *at = text + strspn(text, SEPARATORS);
	pid_t pid;
	int err;

	if (!*at) {
		log__error("-p: no process id given");
		return -EINVAL;
	}
	while (*at) {
		size_t width = strcspn(at, SEPARATORS);

		if (parse_one(at, width, &pid)) {
			log__error("-p: not a process id: %.*s", (int)width, at);
			return -EINVAL;
		}
		if (pid == getpid()) {
			log__error("-p: %d is memtrace itself", (int)pid);
			return -EINVAL;
		}
		err = append(pids, len, pid);
		if (err)
			return err;
		at += width;
		at += strspn(at, SEPARATORS);
	}
	return 0;
}
