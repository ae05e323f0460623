// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/maps.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

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

static int open_by_path(pid_t pid, const struct exec_mapping *m)
{
	char path[PATH_MAX];
	struct stat st;
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "/proc/%d/root%s", pid, m->path) >= sizeof(path))
		return -EPERM;
	fd = files__open_regular(path);
	if (fd < 0)
		return -EPERM;
	if (!fstat(fd, &st) && st.st_dev == m->device && st.st_ino == m->inode)
		return fd;
	close(fd);
	return -EPERM;
}

int maps__open_object(pid_t pid, const struct exec_mapping *m)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, pid, m->start,
		 m->end);
	fd = files__open_regular(path);
	return fd == -EPERM ? open_by_path(pid, m) : fd;
}
