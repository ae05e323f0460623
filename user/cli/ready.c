// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/ready.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/output.h"

static const char line[] = "ready\n";

static int fail(const struct ready *ready, int error)
{
	log__error("%s: %s", ready->path, strerror(error));
	return -error;
}

/* With the user's rights. 1: it is for output.h. */
static int open_existing(struct ready *ready)
{
	struct stat st;
	int fd;

	if (stat(ready->path, &st) || !(S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode)))
		return 1;
	if (S_ISFIFO(st.st_mode))
		return faccessat(AT_FDCWD, ready->path, W_OK, AT_EACCESS) ? -errno : 0;
	fd = open(ready->path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	ready->fd = fd;
	return 0;
}

int ready__open(struct ready *ready, const char *path, const struct identity *user)
{
	struct ready opened = {.path = path, .user = user, .fd = -1};
	struct identity_saved saved;
	int err;

	if (!path) {
		*ready = opened;
		return 0;
	}
	/* Another name of a descriptor would look like the file behind it. */
	if (!strcmp(path, "-") || !strncmp(path, "/dev/", 5) || !strncmp(path, "/proc/", 6)) {
		err = 1;
	} else {
		err = identity__assume(user, &saved);
		if (!err) {
			err = open_existing(&opened);
			identity__restore(&saved);
		}
		if (err < 0)
			return fail(&opened, -err);
	}
	if (err == 1)
		err = output__open(&opened.output, path, user);
	if (!err)
		*ready = opened;
	return err;
}

static int write_output(struct ready *ready)
{
	struct output *output = ready->output;
	FILE *stream = output__stream(output);

	ready->output = NULL;
	if (!stream) {
		output__discard(output);
		return -EIO;
	}
	fputs(line, stream);
	return output__commit(output);
}

static int write_fd(const struct ready *ready, int fd)
{
	if (write(fd, line, strlen(line)) != (ssize_t)strlen(line))
		return fail(ready, errno ? errno : EIO);
	return 0;
}

static int write_fifo(struct ready *ready)
{
	struct identity_saved saved;
	int err = identity__assume(ready->user, &saved), fd;

	if (err)
		return fail(ready, -err);
	fd = open(ready->path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	err = fd < 0 ? errno : 0;
	identity__restore(&saved);
	if (err == ENXIO)
		return -EAGAIN;
	if (err)
		return fail(ready, err);
	err = write_fd(ready, fd);
	close(fd);
	return err;
}

int ready__announce(struct ready *ready)
{
	int err;

	if (!ready->path)
		return 0;
	if (ready->output)
		err = write_output(ready);
	else if (ready->fd >= 0)
		err = write_fd(ready, ready->fd);
	else
		err = write_fifo(ready);
	if (err != -EAGAIN)
		ready__close(ready);
	return err;
}

bool ready__is_pending(const struct ready *ready)
{
	return ready->path != NULL;
}

void ready__close(struct ready *ready)
{
	output__discard(ready->output);
	if (ready->fd >= 0)
		close(ready->fd);
	*ready = READY_INIT;
}
