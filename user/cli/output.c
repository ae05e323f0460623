// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/output_path.h"

#define TEMP_NAME_SIZE 48

struct output {
	const char *path; /* as given, for messages */
	const struct identity *user;
	struct output_path target;
	int fd;	     /* -1: a fifo without a reader yet, or the stream has it */
	int dir_fd;  /* of the file to be put in place, otherwise -1 */
	bool linked; /* the temporary file has a name */
	char temp[TEMP_NAME_SIZE];
	FILE *stream;
};

static int fail(const struct output *output, int error)
{
	log__error("%s: %s", output->path, strerror(error));
	return -error;
}

static const char *base_name(const struct output *output)
{
	char dir[PATH_MAX];

	return output_path__split(output->target.path, dir);
}

static int name_temp(struct output *output)
{
	unsigned long random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -errno;
	snprintf(output->temp, sizeof(output->temp), ".memtrace-%d-%016lx", (int)getpid(), random);
	return 0;
}

/* The new file, beside the one it will replace: the same file system, so a rename is enough. */
static int open_beside(struct output *output)
{
	char dir[PATH_MAX];
	const char *base = output_path__split(output->target.path, dir);
	int err;

	if (!*base)
		return fail(output, EISDIR);
	output->dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (output->dir_fd < 0)
		return fail(output, errno);
	err = name_temp(output);
	if (err)
		return fail(output, -err);
	output->fd = openat(output->dir_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
	/* File systems without it answer in one of these ways. */
	if (output->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
		output->fd = openat(output->dir_fd, output->temp,
				    O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
		output->linked = output->fd >= 0;
	}
	if (output->fd < 0)
		return fail(output, errno);
	if (output->target.kind == OUTPUT_FILE && fchmod(output->fd, output->target.mode))
		return fail(output, errno);
	return 0;
}

static int open_descriptor(struct output *output)
{
	output->fd = fcntl(output->target.fd, F_DUPFD_CLOEXEC, 3);
	return output->fd < 0 ? fail(output, errno) : 0;
}

static int open_directly(struct output *output)
{
	/*
	 * Opening a fifo waits for its reader, who may come only when the trace is over: it is
	 * opened in output__stream() then. The flag is for the opening only.
	 */
	int fd = open(output->target.path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 && errno == ENXIO && output->target.kind == OUTPUT_FIFO)
		return 0;
	if (fd < 0)
		return fail(output, errno);
	output->fd = fd;
	return fcntl(fd, F_SETFL, 0) ? fail(output, errno) : 0;
}

static int open_as_user(struct output *output)
{
	int err = output_path__look(&output->target, output->path, output->user->uid);

	if (err)
		return err;
	switch (output->target.kind) {
	case OUTPUT_DESCRIPTOR: return open_descriptor(output);
	case OUTPUT_DEVICE:
	case OUTPUT_FIFO: return open_directly(output);
	default: return open_beside(output);
	}
}

/* Anything that touches the file system goes through here. */
static int as_user(struct output *output, int (*action)(struct output *))
{
	struct identity_saved saved;
	int err = identity__assume(output->user, &saved);

	if (err)
		return fail(output, -err);
	err = action(output);
	identity__restore(&saved);
	return err;
}

int output__open(struct output **out, const char *path, const struct identity *user)
{
	struct output *output = calloc(1, sizeof(*output));
	int err;

	if (!output) {
		log__error("%s: %s", path, strerror(ENOMEM));
		return -ENOMEM;
	}
	output->path = path;
	output->user = user;
	output->fd = output->dir_fd = -1;
	err = as_user(output, open_as_user);
	if (err) {
		output__discard(output);
		return err;
	}
	*out = output;
	return 0;
}

bool output__is_descriptor(const struct output *output, int fd)
{
	return output->target.kind == OUTPUT_DESCRIPTOR && output->target.fd == fd;
}

static int open_fifo(struct output *output)
{
	output->fd = open(output->target.path, O_WRONLY | O_CLOEXEC);
	return output->fd < 0 ? fail(output, errno) : 0;
}

FILE *output__stream(struct output *output)
{
	if (output->stream)
		return output->stream;
	if (output->fd < 0 && as_user(output, open_fifo))
		return NULL;
	output->stream = fdopen(output->fd, "w");
	if (!output->stream) {
		fail(output, errno);
		return NULL;
	}
	output->fd = -1;
	return output->stream;
}

/* A file without a name gets its temporary one just before the rename: link() does not replace. */
static int put_in_place(struct output *output)
{
	char self[32];

	if (!output->linked) {
		snprintf(self, sizeof(self), "/proc/self/fd/%d", fileno(output->stream));
		if (linkat(AT_FDCWD, self, output->dir_fd, output->temp, AT_SYMLINK_FOLLOW))
			return fail(output, errno);
		output->linked = true;
	}
	if (renameat(output->dir_fd, output->temp, output->dir_fd, base_name(output)))
		return fail(output, errno);
	output->linked = false;
	return 0;
}

int output__commit(struct output *output)
{
	int err = output__stream(output) ? 0 : -EIO;

	if (!err && (fflush(output->stream) || ferror(output->stream)))
		err = fail(output, errno ? errno : EIO);
	if (!err && output->dir_fd >= 0)
		err = as_user(output, put_in_place);
	output__discard(output);
	return err;
}

static int remove_temp(struct output *output)
{
	return unlinkat(output->dir_fd, output->temp, 0) ? fail(output, errno) : 0;
}

void output__discard(struct output *output)
{
	if (!output)
		return;
	if (output->linked)
		as_user(output, remove_temp);
	if (output->stream)
		fclose(output->stream);
	if (output->fd >= 0)
		close(output->fd);
	if (output->dir_fd >= 0)
		close(output->dir_fd);
	free(output);
}
