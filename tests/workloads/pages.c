// SPDX-License-Identifier: GPL-2.0-or-later
/* Pages: mapped, touched, brought in beforehand, looked up in /proc. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "workload.h"

#define STACK_BYTES (128 * 1024) /* more than any workload needs below main() */

/* Written in advance like all else; no allocation while the process looks at itself. */
static char text[256 * 1024];
static unsigned char in_core[8192]; /* a byte a page */

char *pages__map(long pages, int flags)
{
	char *start =
		mmap(NULL, (size_t)(pages * workload_page), PROT_READ | PROT_WRITE, flags, -1, 0);

	if (start == MAP_FAILED)
		die("mmap");
	madvise(start, (size_t)(pages * workload_page), MADV_NOHUGEPAGE);
	return start;
}

void pages__unmap(char *start, long pages)
{
	if (munmap(start, (size_t)(pages * workload_page)))
		die("munmap");
}

void pages__touch(char *start, long pages)
{
	for (long i = 0; i < pages; i++)
		*(volatile char *)(start + i * workload_page) = 1;
}

void pages__read(const char *start, long pages)
{
	for (long i = 0; i < pages; i++)
		(void)*(const volatile char *)(start + i * workload_page);
}

static void read_text(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t r;

	if (fd < 0)
		die(path);
	while ((r = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)r;
	if (r < 0)
		die(path);
	text[used] = '\0';
	close(fd);
}

/* Start and end at the beginning of a line of maps or smaps; 0 where the line is another one. */
static int parse_range(char **line, uintptr_t *start, uintptr_t *end)
{
	char *p;

	*start = strtoul(*line, &p, 16);
	if (p == *line || *p != '-')
		return 0;
	*end = strtoul(p + 1, &p, 16);
	*line = p + 1;
	return 1;
}

/* Writing nothing is writing all the same: a private page becomes the process' own. */
static void bring_in(uintptr_t start, uintptr_t end, int writable)
{
	for (uintptr_t p = start; p < end; p += (uintptr_t)workload_page) {
		if (writable)
			__atomic_fetch_or((char *)p, 0, __ATOMIC_RELAXED);
		else
			(void)*(const volatile char *)p;
	}
}

static void __attribute__((noinline)) grow_stack(void)
{
	volatile char below[STACK_BYTES];

	for (size_t i = 0; i < sizeof(below); i += (size_t)workload_page)
		below[i] = 0;
}

void workload__settle(void)
{
	grow_stack();
	read_text("/proc/self/maps");
	for (char *line = text, *next; *line; line = next) {
		uintptr_t start, end;
		char *name;

		next = strchr(line, '\n');
		if (!next)
			break;
		*next++ = '\0';
		/* [vvar] can refuse a page, and its pages never count. */
		name = strstr(line, "[vvar");
		if (!parse_range(&line, &start, &end) || line[0] != 'r' || name)
			continue;
		bring_in(start, end, line[1] == 'w');
	}
}

int pages__file(long pages)
{
	char path[] = "./workload-XXXXXX";
	struct statfs fs;
	char *page = malloc((size_t)workload_page);
	int fd = mkstemp(path);

	if (fd < 0 || !page)
		die("mkstemp in the working directory");
	unlink(path);
	if (fstatfs(fd, &fs))
		die("fstatfs");
	if (fs.f_type == TMPFS_MAGIC) {
		fprintf(stderr, "the working directory is on a tmpfs: its pages are shmem\n");
		exit(WORKLOAD_SKIP);
	}
	memset(page, 'x', (size_t)workload_page);
	for (long i = 0; i < pages; i++)
		if (write(fd, page, (size_t)workload_page) != workload_page)
			die("write");
	free(page);
	if (fsync(fd))
		die("fsync");
	return fd;
}

static long field_pages(const char *line, const char *field)
{
	size_t length = strlen(field);

	if (strncmp(line, field, length) || line[length] != ':')
		return -1;
	return strtol(line + length + 1, NULL, 10) * 1024 / workload_page;
}

long pages__in_smaps(const void *start, const char *field)
{
	int inside = 0;

	read_text("/proc/self/smaps");
	for (char *line = text, *next; *line; line = next) {
		uintptr_t from, to;
		char *rest = line;
		long pages;

		next = strchr(line, '\n');
		if (!next)
			break;
		*next++ = '\0';
		if (parse_range(&rest, &from, &to))
			inside = (uintptr_t)start >= from && (uintptr_t)start < to;
		pages = inside ? field_pages(line, field) : -1;
		if (pages >= 0)
			return pages;
	}
	errno = ENOENT;
	die("/proc/self/smaps");
}

long pages__in_core(void *start, long pages)
{
	long n = 0;

	if (pages > (long)sizeof(in_core) ||
	    mincore(start, (size_t)(pages * workload_page), in_core))
		die("mincore");
	for (long i = 0; i < pages; i++)
		n += in_core[i] & 1;
	return n;
}

long pages__resident(void)
{
	char *line;

	read_text("/proc/self/smaps_rollup");
	line = strstr(text, "\nRss:");
	if (!line)
		die("/proc/self/smaps_rollup");
	return field_pages(line + 1, "Rss");
}
