// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/python_remote_child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOP_WAIT_MS 2000 /* for an interpreter that is busy elsewhere to run the last script */
#define STEP_MS	     10

struct child {
	const struct python_target *target;
	int said_fd;
	char directory[32]; /* the agent's, where the target sees it */
};

static _Noreturn void fail(const struct child *c, const char *what)
{
	dprintf(c->said_fd, "%s: %s", what, strerror(errno));
	_exit(1);
}

/* Where the target is, as its user, with no right to anything more. */
static void become(const struct child *c)
{
	const struct python_target *t = c->target;

	if (setns(t->pid_fd, CLONE_NEWPID) && errno != EINVAL) /* EINVAL: ours is below it */
		fail(c, "its pid namespace");
	if (setns(t->mount_fd, CLONE_NEWNS))
		fail(c, "its mount namespace");
	if (fchdir(t->root_fd) || chroot(".") || chdir("/"))
		fail(c, "its root directory");
	if (setgroups(0, NULL) || setresgid(t->gid, t->gid, t->gid) ||
	    setresuid(t->uid, t->uid, t->uid) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		fail(c, "its user");
}

static void copy_file(const struct child *c, const char *name)
{
	int from = openat(c->target->agent_fd, name, O_RDONLY | O_CLOEXEC), to;
	char path[320];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", c->directory, name);
	to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (from < 0 || to < 0 || fstat(from, &st))
		fail(c, name);
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(to, from, NULL, (size_t)left);

		if (n <= 0)
			fail(c, name);
		left -= n;
	}
	close(from);
	close(to);
}

/* The installed one may be out of the target's sight, or of its user's reach. */
static void copy_agent(struct child *c)
{
	DIR *agent = fdopendir(c->target->agent_fd);
	struct dirent *entry;

	strcpy(c->directory, "/tmp/memtrace-python-XXXXXX");
	if (!agent || !mkdtemp(c->directory))
		fail(c, "/tmp");
	while ((entry = readdir(agent)))
		if (entry->d_name[0] != '.' && entry->d_name[0] != '_')
			copy_file(c, entry->d_name);
}

__attribute__((format(printf, 3, 4))) static void
write_script(const struct child *c, const char *name, const char *format, ...)
{
	char path[64];
	va_list args;
	FILE *script;

	snprintf(path, sizeof(path), "%s/%s", c->directory, name);
	script = fopen(path, "we");
	if (!script)
		fail(c, path);
	va_start(args, format);
	vfprintf(script, format, args);
	va_end(args);
	if (fclose(script))
		fail(c, path);
}

/* As digits: whatever is in it cannot become code. */
static char *to_hex(const char *bytes)
{
	size_t len = strlen(bytes);
	char *hex = malloc(2 * len + 1);

	for (size_t i = 0; hex && i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned char)bytes[i]);
	if (hex)
		hex[2 * len] = '\0';
	return hex;
}

static void write_start(const struct child *c)
{
	char *patterns = to_hex(c->target->patterns);

	if (!patterns)
		fail(c, "the script");
	write_script(c, "start.py",
		     "import sys\n"
		     "sys.path.insert(0, '%s')\n"
		     "import memtrace_agent\n"
		     "sys.path.remove('%s')\n"
		     "sys.path_importer_cache.pop('%s', None)\n"
		     "memtrace_agent.start(bytes.fromhex('%s').decode().splitlines(),\n"
		     "                     '%s/libmemtrace-python.so')\n",
		     c->directory, c->directory, c->directory, patterns, c->directory);
	free(patterns);
}

/* It takes the directory away itself: only the target knows when it has run. */
static void write_stop(const struct child *c)
{
	write_script(c, "stop.py",
		     "import os, sys\n"
		     "if 'memtrace_agent' in sys.modules:\n"
		     "    sys.modules['memtrace_agent'].stop()\n"
		     "for name in os.listdir('%s'):\n"
		     "    os.unlink('%s/' + name)\n"
		     "os.rmdir('%s')\n",
		     c->directory, c->directory, c->directory);
}

/* An interpreter of the target's own kind; 0, or its exit status with a line on said_fd. */
static int remote_exec(const struct child *c, const char *name)
{
	char pid[16], script[64];
	char *const argv[] = {(char *)c->target->exe,
			      "-I",
			      "-S",
			      "-c",
			      "import sys\n"
			      "try:\n"
			      "    sys.remote_exec(int(sys.argv[1]), sys.argv[2])\n"
			      "except Exception as error:\n"
			      "    sys.exit(str(error))\n",
			      pid,
			      script,
			      NULL};
	char *const environment[] = {NULL};
	pid_t child;
	int status;

	snprintf(pid, sizeof(pid), "%d", c->target->pid);
	snprintf(script, sizeof(script), "%s/%s", c->directory, name);
	child = fork();
	if (!child) {
		dup2(c->said_fd, STDERR_FILENO);
		fexecve(c->target->exe_fd, argv, environment);
		fail(c, "its interpreter");
	}
	if (child < 0)
		fail(c, "fork");
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static void remove_agent(const struct child *c)
{
	DIR *directory = opendir(c->directory);
	struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		unlinkat(dirfd(directory), entry->d_name, 0);
	rmdir(c->directory);
}

static void await_removal(const struct child *c)
{
	for (int ms = 0; ms < STOP_WAIT_MS && !access(c->directory, F_OK); ms += STEP_MS)
		usleep(STEP_MS * 1000);
}

_Noreturn void python_remote_child__run(const struct python_target *target, int said_fd,
					int life_fd)
{
	struct child c = {.target = target, .said_fd = said_fd};
	int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	char byte;

	setsid(); /* away from the terminal's signals */
	become(&c);
	copy_agent(&c);
	write_start(&c);
	if (remote_exec(&c, "start.py")) {
		remove_agent(&c);
		_exit(1);
	}
	close(c.said_fd);
	c.said_fd = null_fd; /* nobody listens any more, and the target may have ended */
	while (read(life_fd, &byte, 1) < 0 && errno == EINTR)
		;
	write_stop(&c);
	if (remote_exec(&c, "stop.py"))
		remove_agent(&c);
	else
		await_removal(&c);
	_exit(0);
}
