// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define LINKS_MAX 40 /* as the kernel's own limit */

static int refuse(const char *path, int error, const char *why)
{
	log__error("%s: %s", path, why ? why : strerror(error));
	return -error;
}

/* The number of the descriptor that the path is another name for, or -1. */
static int descriptor_of(const char *path)
{
	static const char *const dirs[] = {"/dev/fd/", "/proc/self/fd/"};

	if (!strcmp(path, "-") || !strcmp(path, "/dev/stdout"))
		return 1;
	if (!strcmp(path, "/dev/stderr"))
		return 2;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		size_t len = strlen(dirs[i]), digits;

		if (strncmp(path, dirs[i], len))
			continue;
		digits = strspn(path + len, "0123456789");
		if (digits && digits < 8 && !path[len + digits])
			return atoi(path + len);
	}
	return -1;
}

/* Only what memtrace was started with: what it opens itself is close-on-exec. */
static bool is_inherited(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	return flags >= 0 && !(flags & FD_CLOEXEC);
}

const char *output_path__split(const char *path, char *dir)
{
	const char *slash = strrchr(path, '/');

	if (!slash) {
		strcpy(dir, ".");
		return path;
	}
	/* The root directory keeps its slash. */
	snprintf(dir, PATH_MAX, "%.*s", slash == path ? 1 : (int)(slash - path), path);
	return slash + 1;
}

static bool is_shared(const struct stat *dir)
{
	return (dir->st_mode & S_ISVTX) && (dir->st_mode & S_IWOTH);
}

/* Replaces the link in out->path by what it points to. */
static int follow(struct output_path *out, const struct stat *link, const char *given, uid_t user)
{
	char target[PATH_MAX], dir[PATH_MAX], next[2 * PATH_MAX];
	struct stat parent;
	ssize_t len;

	output_path__split(out->path, dir);
	if (stat(dir, &parent))
		return refuse(given, errno, NULL);
	if (is_shared(&parent) && link->st_uid != user && link->st_uid != parent.st_uid)
		return refuse(given, EACCES, "another user's symbolic link in a shared directory");
	len = readlink(out->path, target, sizeof(target) - 1);
	if (len < 0)
		return refuse(given, errno, NULL);
	target[len] = '\0';
	if (snprintf(next, sizeof(next), "%s%s%s", *target == '/' ? "" : dir,
		     *target == '/' ? "" : "/", target) >= PATH_MAX)
		return refuse(given, ENAMETOOLONG, NULL);
	strcpy(out->path, next);
	return 0;
}

/* Whether it could be replaced is asked now, not after the trace. */
static int look_at_file(struct output_path *out, const struct stat *st, const char *given)
{
	char dir[PATH_MAX];
	struct stat parent;

	if (faccessat(AT_FDCWD, out->path, W_OK, AT_EACCESS))
		return refuse(given, errno, NULL);
	output_path__split(out->path, dir);
	if (stat(dir, &parent))
		return refuse(given, errno, NULL);
	if ((parent.st_mode & S_ISVTX) && geteuid() != 0 && st->st_uid != geteuid() &&
	    parent.st_uid != geteuid())
		return refuse(given, EPERM, "another user's file in a shared directory");
	out->kind = OUTPUT_FILE;
	out->mode = st->st_mode & 0777;
	return 0;
}

static int look_at(struct output_path *out, const struct stat *st, const char *given)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG: return look_at_file(out, st, given);
	case S_IFCHR: out->kind = OUTPUT_DEVICE; break;
	case S_IFIFO: out->kind = OUTPUT_FIFO; break;
	case S_IFDIR: return refuse(given, EISDIR, NULL);
	case S_IFSOCK: return refuse(given, EINVAL, "is a socket");
	case S_IFBLK: return refuse(given, EINVAL, "is a block device");
	default: return refuse(given, EINVAL, "not a kind of file that can be written");
	}
	if (faccessat(AT_FDCWD, out->path, W_OK, AT_EACCESS))
		return refuse(given, errno, NULL);
	return 0;
}

int output_path__look(struct output_path *out, const char *path, uid_t user)
{
	struct stat st;
	int err;

	if (strlen(path) >= sizeof(out->path))
		return refuse(path, ENAMETOOLONG, NULL);
	strcpy(out->path, path);
	for (int links = 0; links <= LINKS_MAX; links++) {
		out->fd = descriptor_of(out->path);
		if (out->fd >= 0) {
			out->kind = OUTPUT_DESCRIPTOR;
			return is_inherited(out->fd) ? 0 : refuse(path, EBADF, NULL);
		}
		if (lstat(out->path, &st)) {
			if (errno != ENOENT || !*out->path)
				return refuse(path, errno, NULL);
			out->kind = OUTPUT_NEW;
			return 0;
		}
		if (!S_ISLNK(st.st_mode))
			return look_at(out, &st, path);
		err = follow(out, &st, path, user);
		if (err)
			return err;
	}
	return refuse(path, ELOOP, NULL);
}
