// SPDX-License-Identifier: GPL-2.0-or-later
/* Whom a session traces: a command that waits for its exec, or running processes. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "marker/protocol.h"
#include "trace/executable.h"
#include "trace/files.h"
#include "trace/links.h"
#include "trace/procfs.h"
#include "trace/programs.h"
#include "trace/python_remote.h"
#include "trace/rendezvous.h"
#include "trace/session_private.h"
#include "trace/sources.h"

#define AGENT_WAIT_MS 2000 /* for a running interpreter to take the agent */
#define AGENT_STEP_MS 50

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

struct preparing {
	struct session *session;
	pid_t pid;
};

static void add_object(void *context, int fd, const char *path, int is_program)
{
	const struct preparing *preparing = context;
	const struct probed_object object = {.fd = fd,
					     .path = path,
					     .pid = preparing->pid,
					     .is_program = is_program,
					     .late_at_ns = -1};

	probes__add_object(preparing->session->probes, &object);
}

int session__prepare_command(struct session *s, pid_t pid, char *const *argv, const char *user)
{
	struct preparing preparing = {s, pid};

	if (!sources__any(s->sources))
		return 0;
	executable__each_object(argv[0], user, add_object, &preparing);
	for (size_t i = 0; i < s->options.specs_len; i++) {
		const char *path = s->options.specs[i].object;
		int fd = path && strchr(path, '/') ? files__open_regular(path) : -1;

		if (fd < 0)
			continue;
		add_object(&preparing, fd, path, false);
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
	s->rows.command_pid = pid;
	if (r)
		log__error("tracing the command: %s", strerror(-r));
	return r;
}

/* The library that an interpreter's agent loads says that the agent is there. */
static void await_agents(struct session *s)
{
	struct pollfd p = {.fd = rendezvous__fd(s->rendezvous), .events = POLLIN};
	uint64_t deadline_ns = session__now() + AGENT_WAIT_MS * 1000000ull;

	while (!probes__has(s->probes, MARKER_PYTHON_PROVIDER) && session__now() < deadline_ns)
		if (poll(&p, 1, AGENT_STEP_MS) > 0)
			rendezvous__dispatch(s->rendezvous);
	if (!probes__has(s->probes, MARKER_PYTHON_PROVIDER))
		log__warn("-w python: the agent is not there yet: it starts when the program comes "
			  "back to Python code");
}

static int bring_agents(struct session *s, const pid_t *pids, size_t len)
{
	if (!session__wants(s, WINDOW_PYTHON))
		return 0;
	s->remotes = calloc(len + 1, sizeof(struct python_remote *));
	if (!s->remotes)
		return -ENOMEM;
	ring_buffer__consume(s->rings); /* opens the sockets where the libraries look for us */
	for (size_t i = 0; i < len; i++) {
		int r = python_remote__start(&s->remotes[i], pids[i], s->options.specs,
					     s->options.specs_len);

		if (r)
			return r;
		s->remotes_len++;
	}
	await_agents(s);
	return 0;
}

static int no_such_process(pid_t pid)
{
	log__error("no such process %d", pid);
	return -ESRCH;
}

int session__add_pids(struct session *s, const pid_t *pids, size_t len)
{
	pid_t missing;
	int r;

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
	if (r) {
		log__error("attaching: %s", strerror(-r));
		return r;
	}
	return bring_agents(s, pids, len);
}

int session__add_all(struct session *s)
{
	struct dirent *entry;
	DIR *proc;
	int r;

	if (session__wants(s, WINDOW_PYTHON)) {
		log__error(
			"-w python:NAME: not with -a; with a COMMAND, or -p from Python 3.14 on");
		return -ENOTSUP;
	}
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
