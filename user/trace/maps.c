// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/maps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "trace/files.h"

/* Whether the line is an executable mapping of a file. */
static int parse_line(char *line, struct exec_mapping *m)
{
	unsigned int major, minor;
	unsigned long inode;
	char permissions[5];
	int path = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*x %x:%x %lu %n", &m->start, &m->end,
		   permissions, &major, &minor, &inode, &path) < 6)
		return 0;
	if (permissions[2] != 'x' || !inode || !path)
		return 0;
	m->device = makedev(major, minor);
	m->inode = inode;
	m->path = line + path;
	return 1;
}

int maps__each_exec(pid_t pid, int (*visit)(void *context, const struct exec_mapping *mapping),
		    void *context)
{
	struct exec_mapping mapping;
	char path[64], *line = NULL;
	size_t size = 0;
	int r = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (!r && getline(&line, &size, file) >= 0)
		if (parse_line(line, &mapping))
			r = visit(context, &mapping);
	free(line);
	fclose(file);
	return r;
}

int maps__open_object(pid_t pid, uint64_t start, uint64_t end)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, pid, start, end);
	return files__open_regular(path);
}
