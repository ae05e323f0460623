/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tracer's side of meeting marker libraries, see user/marker/protocol.h. Sockets have abstract
 * names: nothing is left behind, however the tracer ends. Clients are hostile: none can make us
 * wait.
 */
#pragma once

#include <sys/types.h>

struct rendezvous;

struct rendezvous_callbacks {
	/*
	 * The process pid waits; object_fd (open during the call) is the file that its library is
	 * in, path its name for people. 0 when the object's probes are in place, *results_fd then
	 * may get a descriptor to send, which stays the callee's; else negative errno.
	 */
	int (*meet)(void *context, pid_t pid, int object_fd, const char *path, int *results_fd);
	void *context;
};

int rendezvous__open(struct rendezvous **out, const struct rendezvous_callbacks *callbacks);

/* The value of MARKER_SOCKET_ENV. */
const char *rendezvous__name(const struct rendezvous *rendezvous);

/*
 * Also listens where the library of process pid looks: own_pid is its pid in its own namespace,
 * netns_fd its network namespace (-1: ours). -EADDRINUSE when somebody else does.
 */
int rendezvous__listen_pid(struct rendezvous *rendezvous, pid_t pid, pid_t own_pid, int netns_fd);
/* The process is gone. */
void rendezvous__forget_pid(struct rendezvous *rendezvous, pid_t pid);

/* An epoll descriptor that is readable when rendezvous__dispatch() has something to do. */
int rendezvous__fd(const struct rendezvous *rendezvous);
void rendezvous__dispatch(struct rendezvous *rendezvous);

void rendezvous__close(struct rendezvous *rendezvous);
