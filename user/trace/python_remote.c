// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/python_remote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "symbol/python_runtime.h"
#include "trace/files.h"
#include "trace/maps.h"
#include "trace/procfs.h"
#include "trace/python.h"
#include "trace/python_remote_child.h"

struct python_remote {
	pid_t child;
	int fd; /* closed: the end */
};

struct search {
	pid_t pid;
	uint32_t version;
};

static int look_at_library(void *context, const struct exec_mapping *m)
{
	const char *slash = strrchr(m->path, '/');
	struct search *s = context;
	int fd, r = -ENOENT;

	if (!slash || strncmp(slash, "/libpython", 10))
		return 0;
	fd = maps__open_object(s->pid, m);
	if (fd >= 0) {
		r = python_runtime__version(fd, &s->version);
		close(fd);
	}
	return !r;
}

/* The program itself, or a python that has its interpreter in a library. */
static bool find_interpreter(const struct python_target *t, struct search *s)
{
	const char *slash = strrchr(t->exe, '/');

	if (!python_runtime__version(t->exe_fd, &s->version))
		return true;
	/* A program that embeds Python would not know what to do with an interpreter's options. */
	return slash && !strncmp(slash, "/python", 7) &&
	       maps__each_exec(s->pid, look_at_library, s) == 1;
}

static int check_interpreter(const struct python_target *t, pid_t pid)
{
	struct search s = {.pid = pid};

	if (!find_interpreter(t, &s)) {
		log__error("-w python: process %d is no CPython interpreter", pid);
		return -ENOTSUP;
	}
	if (s.version >= PYTHON_REMOTE_EXEC)
		return 0;
	if (s.version)
		log__error("-w python: process %d is CPython %u.%u; code can be brought into a "
			   "running one from 3.14 on",
			   pid, s.version >> 24, s.version >> 16 & 0xff);
	else
		log__error("-w python: process %d is a CPython before 3.13; code can be brought "
			   "into a running one from 3.14 on",
			   pid);
	log__hint("start the program with memtrace: memtrace -w python:NAME -- COMMAND");
	return -ENOTSUP;
}

static int open_of(pid_t pid, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return open(path, flags | O_CLOEXEC);
}

static int open_target(struct python_target *t, pid_t pid)
{
	char agent[PATH_MAX], path[64];
	struct stat st;
	int r = python__find_agent(agent);

	*t = (struct python_target){.pid = procfs__own_pid(pid)};
	t->exe_fd = open_of(pid, "exe", O_RDONLY);
	t->root_fd = open_of(pid, "root", O_PATH | O_DIRECTORY);
	t->mount_fd = open_of(pid, "ns/mnt", O_RDONLY);
	t->pid_fd = open_of(pid, "ns/pid", O_RDONLY);
	t->agent_fd = r ? -1 : open(agent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r)
		return r;
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (readlink(path, t->exe, sizeof(t->exe) - 1) < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/%d", pid);
	if (t->exe_fd < 0 || t->root_fd < 0 || t->mount_fd < 0 || t->pid_fd < 0 ||
	    t->agent_fd < 0 || stat(path, &st)) {
		r = -errno;
		log__error("-w python: process %d: %s", pid, strerror(-r));
		return r;
	}
	t->uid = st.st_uid;
	t->gid = st.st_gid;
	return check_interpreter(t, pid);
}

static void close_target(struct python_target *t)
{
	const int fds[] = {t->exe_fd, t->root_fd, t->mount_fd, t->pid_fd, t->agent_fd};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* What the child says: nothing when all went well, otherwise a line for people. */
static int hear(int fd, pid_t pid)
{
	char text[512];
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(text) - 1 && (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	if (!len)
		return 0;
	log__error("-w python: process %d: %s", pid, text);
	return -ENOTSUP;
}

static int start(struct python_remote *remote, const struct python_target *target, pid_t pid)
{
	int life[2], said[2], r;

	if (pipe2(life, O_CLOEXEC))
		return -errno;
	if (pipe2(said, O_CLOEXEC)) {
		r = -errno;
		close(life[0]);
		close(life[1]);
		return r;
	}
	remote->child = fork();
	if (!remote->child) {
		close(life[1]);
		close(said[0]);
		python_remote_child__run(target, said[1], life[0]);
	}
	r = remote->child < 0 ? -errno : 0;
	close(life[0]);
	close(said[1]);
	remote->fd = life[1];
	if (!r)
		r = hear(said[0], pid);
	close(said[0]);
	return r;
}

int python_remote__start(struct python_remote **out, pid_t pid, const struct window_spec *specs,
			 size_t specs_len)
{
	struct python_remote *remote = calloc(1, sizeof(*remote));
	struct python_target target;
	char *patterns = python__join_patterns(specs, specs_len);
	int r = remote && patterns ? open_target(&target, pid) : -ENOMEM;

	if (r != -ENOMEM) {
		target.patterns = patterns;
		if (!r)
			r = start(remote, &target, pid);
		close_target(&target);
	}
	free(patterns);
	if (r) {
		if (remote && remote->child > 0)
			python_remote__stop(remote);
		else
			free(remote);
		return r;
	}
	*out = remote;
	return 0;
}

void python_remote__stop(struct python_remote *remote)
{
	if (!remote)
		return;
	close(remote->fd);
	while (waitpid(remote->child, NULL, 0) < 0 && errno == EINTR)
		;
	free(remote);
}
