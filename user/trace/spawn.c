// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "trace/identity.h"

/* What the child says about itself: once when it is ready to wait, once more when exec failed. */
struct news {
	enum { NEWS_USER, NEWS_ENVIRONMENT, NEWS_COMMAND, NEWS_EXEC } stage;
	int error; /* 0: all is well; a positive errno */
};

/* 0, or the errno that exec would give for this file; *exists says whether it is there. */
static int check_file(const char *path, bool *exists)
{
	struct stat st;

	*exists = !stat(path, &st);
	if (!*exists)
		return errno;
	if (S_ISDIR(st.st_mode))
		return EISDIR;
	if (!S_ISREG(st.st_mode))
		return EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) ? errno : 0;
}

/*
 * As execvp(3) searches: what may not be executed is passed over, but remembered. Unlike there, a
 * directory that the user may not search does not turn "not found" into "permission denied": with
 * root's PATH that would hide what is the matter.
 */
static int check_in_path(const char *name)
{
	char fallback[PATH_MAX], path[PATH_MAX];
	const char *dir = getenv("PATH");
	int found = ENOENT;

	if (!dir) {
		confstr(_CS_PATH, fallback, sizeof(fallback));
		dir = fallback;
	}
	for (;;) {
		size_t len = strcspn(dir, ":");
		bool exists;
		int err;

		/* An empty element is the working directory. */
		if (snprintf(path, sizeof(path), "%.*s%s%s", (int)len, dir, len ? "/" : "./",
			     name) < (int)sizeof(path)) {
			err = check_file(path, &exists);
			if (!err)
				return 0;
			if (exists && err == EACCES)
				found = EACCES;
		}
		if (!dir[len])
			return found;
		dir += len + 1;
	}
}

static int check_command(const char *name)
{
	bool exists;

	if (!*name)
		return ENOENT;
	return strchr(name, '/') ? check_file(name, &exists) : check_in_path(name);
}

static void tell(int fd, int stage, int error)
{
	struct news news = {.stage = stage, .error = error};

	/* With the parent gone nobody is left to hear it. */
	if (write(fd, &news, sizeof(news)) < 0)
		_exit(125);
	if (error)
		_exit(125);
}

static void restore(const struct spawn_options *options)
{
	if (options->ignore_sigchld)
		signal(SIGCHLD, SIG_IGN);
	if (options->mask)
		sigprocmask(SIG_SETMASK, options->mask, NULL);
	if (options->memlock)
		setrlimit(RLIMIT_MEMLOCK, options->memlock);
}

static _Noreturn void child(const struct spawn_options *options, const struct identity *identity,
			    int go_fd, int error_fd)
{
	char byte;
	ssize_t len;

	tell(error_fd, NEWS_USER, -identity__become(identity));
	for (size_t i = 0; i < options->variables_len; i++)
		if (setenv(options->variables[i].name, options->variables[i].value, 1))
			tell(error_fd, NEWS_ENVIRONMENT, errno);
	tell(error_fd, NEWS_COMMAND, check_command(options->argv[0]));
	restore(options);
	do
		len = read(go_fd, &byte, 1);
	while (len < 0 && errno == EINTR);
	/* End of file: memtrace has died, or given up. */
	if (len != 1)
		_exit(125);
	execvp(options->argv[0], options->argv);
	tell(error_fd, NEWS_EXEC, errno);
	_exit(125);
}

/* 1: news came; 0: end of file; negative errno. */
static int hear(int fd, struct news *news)
{
	ssize_t len;

	do
		len = read(fd, news, sizeof(*news));
	while (len < 0 && errno == EINTR);
	if (len < 0)
		return -errno;
	return len == sizeof(*news);
}

static int say_command_error(const char *name, int error)
{
	log__error("%s: %s", name, error == ENOENT ? "command not found" : strerror(error));
	if (error != ENOENT)
		return -EACCES;
	if (!strchr(name, '/') && *name && getenv("SUDO_UID"))
		log__hint("sudo searches a PATH of its own; try: sudo memtrace ... -- "
			  "\"$(command -v %s)\" ...",
			  name);
	return -ENOENT;
}

/* The child has forked: waits for its word that it is ready to exec. */
static int await_child(struct spawn *spawn, const struct spawn_options *options,
		       const struct identity *identity)
{
	struct news news;
	int got;

	do {
		got = hear(spawn->error_fd, &news);
		if (got <= 0) {
			log__error("%s: the process that was to run it has died", options->argv[0]);
			return got < 0 ? got : -ECHILD;
		}
		if (!news.error)
			continue;
		if (news.stage == NEWS_COMMAND)
			return say_command_error(options->argv[0], news.error);
		if (news.stage == NEWS_USER)
			log__error("cannot run %s as user %s: %s", options->argv[0],
				   identity->name ? identity->name : "of memtrace",
				   strerror(news.error));
		else
			log__error("environment of %s: %s", options->argv[0], strerror(news.error));
		return -EPERM;
	} while (news.stage != NEWS_COMMAND);
	return 0;
}

static int choose_identity(struct identity *out, const char *user)
{
	if (!user)
		return identity__invoking(out);
	if (getuid() != 0) {
		log__error("--user: only root may choose a user");
		return -EINVAL;
	}
	return identity__by_name(out, user);
}

static int start(struct spawn *out, const struct spawn_options *options,
		 const struct identity *identity)
{
	int go[2], news[2], err;
	pid_t pid;

	if (pipe2(go, O_CLOEXEC))
		return -errno;
	if (pipe2(news, O_CLOEXEC)) {
		err = -errno;
		close(go[0]);
		close(go[1]);
		return err;
	}
	pid = fork();
	err = pid < 0 ? -errno : 0;
	if (pid == 0) {
		/* Its own copy of the writing end would keep it waiting for ever. */
		close(go[1]);
		close(news[0]);
		child(options, identity, go[0], news[1]);
	}
	close(go[0]);
	close(news[1]);
	*out = (struct spawn){
		.pid = pid, .go_fd = go[1], .error_fd = news[0], .name = options->argv[0]};
	return err;
}

int spawn__prepare(struct spawn *out, const struct spawn_options *options)
{
	struct identity identity = IDENTITY_INIT;
	struct spawn made = SPAWN_INIT;
	int err = choose_identity(&identity, options->user);

	if (err)
		return err;
	err = start(&made, options, &identity);
	if (err)
		log__error("cannot start a process: %s", strerror(-err));
	else
		err = await_child(&made, options, &identity);
	identity__free(&identity);
	if (err) {
		spawn__abandon(&made);
		return err;
	}
	*out = made;
	return 0;
}

/* A script without an interpreter is the one case in which "no such file" means another file. */
static const char *exec_error(int error)
{
	return error == ENOENT ? "its interpreter is not there" : strerror(error);
}

int spawn__go(struct spawn *spawn)
{
	struct news news;
	int err = 0;

	if (write(spawn->go_fd, "", 1) != 1) {
		err = -errno;
		log__error("%s: has ended before its start: %s", spawn->name, strerror(errno));
	} else if (hear(spawn->error_fd, &news) == 1) {
		err = -EACCES;
		log__error("%s: %s", spawn->name, exec_error(news.error));
	}
	if (err) {
		spawn__abandon(spawn);
		return err;
	}
	close(spawn->go_fd);
	close(spawn->error_fd);
	spawn->go_fd = spawn->error_fd = -1;
	return 0;
}

void spawn__abandon(struct spawn *spawn)
{
	/* Without a go_fd the command runs, and is nobody's to kill. */
	if (spawn->pid > 0 && spawn->go_fd >= 0) {
		kill(spawn->pid, SIGKILL);
		while (waitpid(spawn->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (spawn->go_fd >= 0)
		close(spawn->go_fd);
	if (spawn->error_fd >= 0)
		close(spawn->error_fd);
	*spawn = (struct spawn)SPAWN_INIT;
}
