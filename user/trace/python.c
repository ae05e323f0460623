// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/python.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* MEMTRACE_PYTHON_DIR: where it is from the directory of memtrace itself, in a build tree too. */
int python__find_agent(char directory[PATH_MAX])
{
	char path[PATH_MAX], joined[2 * PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (len < 0)
		return -errno;
	path[len] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return -ENOENT;
	*slash = '\0';
	snprintf(joined, sizeof(joined), "%s/%s", path, MEMTRACE_PYTHON_DIR);
	if (!realpath(joined, directory)) {
		log__error("-w python: its agent is not there: %s", joined);
		return -ENOENT;
	}
	return 0;
}

char *python__join_patterns(const struct window_spec *specs, size_t len)
{
	char *joined = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&joined, &size);
	const char *separator = "";

	if (!out)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (specs[i].kind != WINDOW_PYTHON)
			continue;
		fprintf(out, "%s%s", separator, specs[i].begin);
		separator = "\n";
	}
	if (fclose(out)) {
		free(joined);
		return NULL;
	}
	return joined;
}

static char *join_path(const char *directory, const char *separator, const char *rest)
{
	char *joined;

	if (asprintf(&joined, "%s%s%s", directory, *rest ? separator : "", rest) < 0)
		return NULL;
	return joined;
}

int python__make_variables(struct spawn_variable variables[PYTHON_VARIABLES],
			   const struct window_spec *specs, size_t specs_len)
{
	const char *own_path = getenv("PYTHONPATH");
	char directory[PATH_MAX];
	int r = python__find_agent(directory);

	if (r)
		return r;
	variables[0] = (struct spawn_variable){"PYTHONPATH",
					       join_path(directory, ":", own_path ? own_path : "")};
	variables[1] =
		(struct spawn_variable){"MEMTRACE_PYTHON", python__join_patterns(specs, specs_len)};
	variables[2] = (struct spawn_variable){"MEMTRACE_PYTHON_LIBRARY",
					       join_path(directory, "/", "libmemtrace-python.so")};
	for (int i = 0; i < PYTHON_VARIABLES; i++)
		if (!variables[i].value) {
			python__free_variables(variables);
			return -ENOMEM;
		}
	return 0;
}

void python__free_variables(struct spawn_variable variables[PYTHON_VARIABLES])
{
	for (int i = 0; i < PYTHON_VARIABLES; i++) {
		free(variables[i].value);
		variables[i].value = NULL;
	}
}
