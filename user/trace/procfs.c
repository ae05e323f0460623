// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/procfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMAND_MAX (64 * 1024) /* bytes of a command line that are kept */

void procfs__free_args(char **args, size_t len)
{
	for (size_t i = 0; i < len; i++)
		free(args[i]);
	free(args);
}

void procfs__copy_args(char *const *from, size_t from_len, char ***args, size_t *len)
{
	char **copy = calloc(from_len ? from_len : 1, sizeof(*copy));
	size_t n = 0;

	for (; copy && n < from_len; n++) {
		copy[n] = strdup(from[n]);
		if (!copy[n])
			break;
	}
	if (!copy || n < from_len) {
		procfs__free_args(copy, n);
		copy = NULL;
		n = 0;
	}
	*args = copy;
	*len = n;
}

void procfs__split_args(const char *bytes, size_t size, char ***args, size_t *len)
{
	size_t words = 0, n = 0;
	char **list;

	if (size && bytes[size - 1] == '\0')
		size--;
	for (size_t i = 0; i <= size; i++)
		words += i == size || bytes[i] == '\0';
	list = calloc(words, sizeof(*list));
	*args = list;
	*len = 0;
	for (size_t begin = 0, i = 0; list && i <= size; i++) {
		if (i < size && bytes[i] != '\0')
			continue;
		list[n] = strndup(bytes + begin, i - begin);
		if (!list[n])
			break;
		begin = i + 1;
		n++;
	}
	*len = n;
}

/* Reads a small file of /proc/PID whole; NULL when it cannot be read or is empty. */
static char *read_file(pid_t pid, const char *name, size_t *size)
{
	char path[64], *bytes = malloc(COMMAND_MAX);
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	file = fopen(path, "re");
	*size = file && bytes ? fread(bytes, 1, COMMAND_MAX - 1, file) : 0;
	if (file)
		fclose(file);
	if (!*size) {
		free(bytes);
		return NULL;
	}
	bytes[*size] = '\0';
	return bytes;
}

void procfs__command(pid_t pid, char ***args, size_t *len)
{
	size_t size;
	char *bytes = read_file(pid, "cmdline", &size);

	*args = NULL;
	*len = 0;
	if (bytes)
		procfs__split_args(bytes, size, args, len);
	free(bytes);
}

char *procfs__cgroup(pid_t pid)
{
	char *bytes, *line, *rest, *path = NULL;
	size_t size;

	bytes = read_file(pid, "cgroup", &size);
	for (line = bytes ? strtok_r(bytes, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest)) {
		char *controllers = strchr(line, ':'), *name;

		name = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!name)
			continue;
		*name++ = '\0';
		if (strcmp(line, "0:") && strcmp(controllers, ":memory"))
			continue;
		/* A hybrid host has both; the one that says more is the one in use. */
		if (!path || !strcmp(path, "/"))
			path = name;
	}
	path = path ? strdup(path) : NULL;
	free(bytes);
	return path;
}

bool procfs__exists(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d", pid);
	return !access(path, F_OK);
}

pid_t procfs__own_pid(pid_t pid)
{
	size_t size;
	char *bytes = read_file(pid, "status", &size),
	     *line = bytes ? strstr(bytes, "\nNSpid:") : NULL;
	pid_t own = pid;

	if (line) {
		char *last;

		line++;
		line[strcspn(line, "\n")] = '\0';
		last = strrchr(line, '\t');
		if (last)
			own = (pid_t)strtol(last, NULL, 10);
	}
	free(bytes);
	return own;
}
