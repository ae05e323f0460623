// SPDX-License-Identifier: GPL-2.0-or-later
/* Whom a session traces: a command that waits for its exec, or running processes. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "trace/executable.h"
#include "trace/files.h"
#include "trace/links.h"
#include "trace/procfs.h"
#include "trace/programs.h"
#include "trace/rendezvous.h"
#include "trace/session_private.h"
#include "trace/sources.h"

void session__announce(struct session *s, pid_t pid)
{
	char path[64];
	int netns, r;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	netns = open(path, O_RDONLY | O_CLOEXEC);
	r = rendezvous__listen_pid(s->rendezvous, pid, procfs__own_pid(pid), netns);
	if (r)
		log__debug("no socket for the markers of process %d: %s", pid, strerror(-r));
	if (netns >= 0)
		close(netns);
}

static int remember_pids(struct session *s, const pid_t *pids, size_t len)
{
	int32_t *list = reallocarray(s->pids, s->pids_len + len, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++)
		list[s->pids_len + i] = pids[i];
	s->pids = list;
	s->pids_len += len;
	return 0;
}

/* Times of the report count from here on: everything is in place. */
static void begin_time(struct session *s)
{
	s->attach_ns = session__elapsed(s);
	s->start_ns = session__now();
	s->rows.start_ns = s->start_ns;
	tally__set_start(s->tally, s->start_ns);
}

static void add_object(void *context, int fd, const char *path, int is_program)
{
	const struct probed_object object = {.fd = fd,
					     .path = path,
					     .pid = EVERY_PROCESS,
					     .is_program = is_program,
					     .late_at_ns = -1};
	struct session *s = context;

	probes__add_object(s->probes, &object);
}

int session__prepare_command(struct session *s, char *const *argv, const char *user)
{
	if (!sources__any(s->sources))
		return 0;
	executable__each_object(argv[0], user, add_object, s);
	for (size_t i = 0; i < s->options.specs_len; i++) {
		const char *path = s->options.specs[i].object;
		int fd = path && strchr(path, '/') ? files__open_regular(path) : -1;

		if (fd < 0)
			continue;
		add_object(s, fd, path, false);
		close(fd);
	}
	return sources__require(s->sources);
}

int session__add_command(struct session *s, pid_t pid, char *const *argv)
{
	pid_t missing;
	int r;

	for (s->command_len = 0; argv[s->command_len];)
		s->command_len++;
	procfs__copy_args(argv, s->command_len, &s->command, &s->command_len);
	begin_time(s);
	r = programs__add_pids(s->programs, &pid, 1, MT_WANTED_EXEC, &missing);
	if (!r)
		r = remember_pids(s, &pid, 1);
	if (r)
		log__error("tracing the command: %s", strerror(-r));
	return r;
}

static int refuse_python(const struct session *s)
{
	if (!session__wants(s, WINDOW_PYTHON))
		return 0;
	log__error("-w python:NAME with a running process: not built into this version (%s)",
		   MEMTRACE_VERSION);
	log__hint("start the program with memtrace: memtrace -w python:NAME -- COMMAND");
	return -ENOTSUP;
}

static int no_such_process(pid_t pid)
{
	log__error("no such process %d", pid);
	return -ESRCH;
}

int session__add_pids(struct session *s, const pid_t *pids, size_t len)
{
	pid_t missing;
	int r = refuse_python(s);

	if (r)
		return r;
	for (size_t i = 0; i < len; i++)
		if (!procfs__exists(pids[i]))
			return no_such_process(pids[i]);
	/* Before the baseline: placing a probe changes the process' own RSS. */
	for (size_t i = 0; i < len; i++)
		probes__scan_process(s->probes, pids[i], -1);
	r = sources__require(s->sources);
	if (r)
		return r;
	begin_time(s);
	r = programs__add_pids(s->programs, pids, len, MT_WANTED_ATTACH, &missing);
	if (r == -ESRCH)
		return no_such_process(missing);
	if (!r)
		r = remember_pids(s, pids, len);
	if (r)
		log__error("attaching: %s", strerror(-r));
	return r;
}

int session__add_all(struct session *s)
{
	struct dirent *entry;
	int r = refuse_python(s);
	DIR *proc;

	if (r)
		return r;
	proc = opendir("/proc");
	/* Before the baseline, as above. */
	while (proc && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			probes__scan_process(s->probes, atoi(entry->d_name), -1);
	if (proc)
		closedir(proc);
	begin_time(s);
	r = programs__add_all(s->programs);
	if (r)
		log__error("attaching: %s", strerror(-r));
	return r;
}
