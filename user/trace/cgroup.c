// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"

#define FILEID_KERNFS 0xfe /* include/linux/exportfs.h: a handle is the 64-bit id */
#define CACHE_MAX     16384
#define WALK_EVERY_S  1 /* where handles may not be opened */
#define WALK_FDS      16

struct entry {
	uint64_t id;
	char *path; /* NULL: there is none any more */
	UT_hash_handle hh;
};

/* A mounted hierarchy and what is known of it. */
struct hierarchy {
	int fd;	     /* of the mount's root, -1: not mounted */
	char *point; /* where it is mounted */
	char *root;  /* the cgroup that is mounted there; "" for the uppermost */
	struct entry *entries;
	time_t walked_s; /* 0: never */
	bool no_handles; /* this user may not open them */
};

struct cgroups {
	struct hierarchy unified, memory;
};

/* Blanks and backslashes are \ooo there. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (text[0] == '\\' && strspn(text + 1, "01234567") >= 3) {
			*to++ = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + text[3] - '0');
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

static bool has_option(char *options, const char *wanted)
{
	char *rest = options, *option;

	while ((option = strsep(&rest, ",\n")))
		if (!strcmp(option, wanted))
			return true;
	return false;
}

/* "36 35 98:0 ROOT POINT OPTIONS OPTIONAL... - TYPE SOURCE OPTIONS", see proc_pid_mountinfo(5) */
static void read_mount(struct cgroups *c, char *line)
{
	char *dash = strstr(line, " - "), *rest = line, *fields[5], *type, *options;
	struct hierarchy *h;
	size_t n = 0;

	if (!dash)
		return;
	*dash = '\0';
	while (n < 5 && (fields[n] = strsep(&rest, " ")))
		n++;
	rest = dash + strlen(" - ");
	type = strsep(&rest, " ");
	strsep(&rest, " ");
	options = rest;
	if (n < 5 || !options)
		return;
	if (!strcmp(type, "cgroup2"))
		h = &c->unified;
	else if (!strcmp(type, "cgroup") && has_option(options, "memory"))
		h = &c->memory;
	else
		return;
	if (h->fd >= 0)
		return;
	unescape(fields[3]);
	unescape(fields[4]);
	h->point = strdup(fields[4]);
	h->root = strdup(strcmp(fields[3], "/") ? fields[3] : "");
	if (h->point && h->root)
		h->fd = open(h->point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (h->fd < 0) {
		free(h->point);
		free(h->root);
		h->point = h->root = NULL;
	}
}

int cgroups__new(struct cgroups **out)
{
	struct cgroups *c = calloc(1, sizeof(*c));
	FILE *mounts;
	char *line = NULL;
	size_t size = 0;

	if (!c)
		return -ENOMEM;
	c->unified.fd = c->memory.fd = -1;
	mounts = fopen("/proc/self/mountinfo", "re");
	while (mounts && getline(&line, &size, mounts) > 0)
		read_mount(c, line);
	if (mounts)
		fclose(mounts);
	free(line);
	*out = c;
	return 0;
}

static void forget_all(struct hierarchy *h)
{
	struct entry *entry, *next;

	HASH_ITER(hh, h->entries, entry, next)
	{
		HASH_DEL(h->entries, entry);
		free(entry->path);
		free(entry);
	}
}

/* path: NULL or to be freed by the entry. */
static struct entry *remember(struct hierarchy *h, uint64_t id, char *path)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry) {
		free(path);
		return NULL;
	}
	if (HASH_COUNT(h->entries) >= CACHE_MAX)
		forget_all(h);
	entry->id = id;
	entry->path = path;
	HASH_ADD(hh, h->entries, id, sizeof(id), entry);
	if (HASH_ADDED(entry->hh))
		return entry;
	free(entry->path);
	free(entry);
	return NULL;
}

/* From a path below the mount; NULL when it is elsewhere. */
static char *path_in(const struct hierarchy *h, const char *absolute)
{
	size_t len = strlen(h->point);
	char *path;

	if (strncmp(absolute, h->point, len) || (absolute[len] && absolute[len] != '/'))
		return NULL;
	absolute += len;
	if (!*absolute && !*h->root)
		absolute = "/";
	return asprintf(&path, "%s%s", h->root, absolute) < 0 ? NULL : path;
}

/* The directory of that id: *path is NULL when there is none. -EPERM, ... */
static int open_id(const struct hierarchy *h, uint64_t id, char **path)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + sizeof(id)];
	} u = {.handle = {.handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS}};
	char link[64], absolute[PATH_MAX];
	ssize_t len;
	int fd;

	memcpy(u.handle.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(h->fd, &u.handle, O_PATH | O_CLOEXEC);
	*path = NULL;
	if (fd < 0)
		return errno == ESTALE || errno == ENOENT ? 0 : -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, absolute, sizeof(absolute) - 1);
	close(fd);
	if (len > 0) {
		absolute[len] = '\0';
		*path = path_in(h, absolute);
	}
	return 0;
}

static struct hierarchy *walking; /* nftw() has no context */

static int enter(const char *absolute, const struct stat *st, int type, struct FTW *where)
{
	uint64_t id = st->st_ino;
	struct entry *known;

	(void)where;
	if (type != FTW_D)
		return 0;
	HASH_FIND(hh, walking->entries, &id, sizeof(id), known);
	if (!known)
		remember(walking, id, path_in(walking, absolute));
	return 0;
}

/* Enters every directory of the mount, but not at every miss. */
static struct entry *walk(struct hierarchy *h, uint64_t id)
{
	struct entry *found;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (h->walked_s && now.tv_sec < h->walked_s + WALK_EVERY_S)
		return NULL;
	h->walked_s = now.tv_sec;
	walking = h;
	nftw(h->point, enter, WALK_FDS, FTW_PHYS | FTW_MOUNT);
	walking = NULL;
	HASH_FIND(hh, h->entries, &id, sizeof(id), found);
	return found;
}

static const char *find(struct hierarchy *h, uint64_t id)
{
	struct entry *entry;
	char *path;
	int r;

	if (h->fd < 0 || !id)
		return NULL;
	HASH_FIND(hh, h->entries, &id, sizeof(id), entry);
	if (entry)
		return entry->path;
	if (!h->no_handles) {
		r = open_id(h, id, &path);
		if (!r)
			entry = remember(h, id, path);
		h->no_handles = r == -EPERM || r == -EOPNOTSUPP || r == -ENOSYS;
	}
	if (h->no_handles)
		entry = walk(h, id);
	return entry ? entry->path : NULL;
}

const char *cgroups__path(struct cgroups *c, uint64_t unified, uint64_t memory)
{
	const char *path = find(&c->unified, unified), *other = NULL;

	if (!path || !strcmp(path, "/"))
		other = find(&c->memory, memory);
	return other ? other : path;
}

static void close_hierarchy(struct hierarchy *h)
{
	forget_all(h);
	free(h->point);
	free(h->root);
	if (h->fd >= 0)
		close(h->fd);
}

void cgroups__free(struct cgroups *c)
{
	if (!c)
		return;
	close_hierarchy(&c->unified);
	close_hierarchy(&c->memory);
	free(c);
}
