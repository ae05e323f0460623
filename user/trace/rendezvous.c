// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/rendezvous.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "marker/protocol.h"
#include "trace/maps.h"

#define CLIENTS_MAX   64
#define LISTENERS_MAX 1024
#define NAME_SIZE     64

struct client {
	int fd;		 /* -1: free */
	uint64_t number; /* in the order they came: many come in one millisecond */
	int64_t deadline_ms;
};

struct listener {
	int fd;
	pid_t pid; /* whose library looks here; 0: anybody's */
};

struct rendezvous {
	struct rendezvous_callbacks callbacks;
	char name[NAME_SIZE];
	int epoll_fd;
	struct listener *listeners;
	size_t listeners_len;
	struct client clients[CLIENTS_MAX];
	uint64_t accepted;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int watch(struct rendezvous *r, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* name: "@" and an abstract name. The descriptor, or negative errno. */
static int listen_at(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = strlen(name);
	int fd, error;

	memcpy(address.sun_path, name, len);
	address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (!bind(fd, (const struct sockaddr *)&address,
		  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) &&
	    !listen(fd, SOMAXCONN)) /* a program may fork hundreds of children at once */
		return fd;
	error = errno;
	close(fd);
	return -error;
}

static int add_listener(struct rendezvous *r, int fd, pid_t pid)
{
	struct listener *list = NULL;
	int result = -ENFILE;

	if (r->listeners_len < LISTENERS_MAX) {
		list = reallocarray(r->listeners, r->listeners_len + 1, sizeof(*list));
		result = list ? watch(r, fd) : -ENOMEM;
	}
	if (list)
		r->listeners = list;
	if (result) {
		close(fd);
		return result;
	}
	r->listeners[r->listeners_len++] = (struct listener){fd, pid};
	return 0;
}

int rendezvous__open(struct rendezvous **out, const struct rendezvous_callbacks *callbacks)
{
	struct rendezvous *r = calloc(1, sizeof(*r));
	uint64_t unique[2];
	int result;

	if (!r)
		return -ENOMEM;
	r->callbacks = *callbacks;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		r->clients[i].fd = -1;
	r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (r->epoll_fd < 0 || getrandom(unique, sizeof(unique), 0) != sizeof(unique)) {
		result = -errno;
		goto fail;
	}
	snprintf(r->name, sizeof(r->name), "@memtrace/%016llx%016llx",
		 (unsigned long long)unique[0], (unsigned long long)unique[1]);
	result = listen_at(r->name);
	if (result >= 0)
		result = add_listener(r, result, 0);
	if (result)
		goto fail;
	*out = r;
	return 0;
fail:
	rendezvous__close(r);
	return result;
}

const char *rendezvous__name(const struct rendezvous *r)
{
	return r->name;
}

static int is_own_netns(int netns_fd)
{
	struct stat own, other;

	return netns_fd < 0 || stat("/proc/self/ns/net", &own) || fstat(netns_fd, &other) ||
	       (own.st_ino == other.st_ino && own.st_dev == other.st_dev);
}

int rendezvous__listen_pid(struct rendezvous *r, pid_t pid, pid_t own_pid, int netns_fd)
{
	char name[NAME_SIZE] = "@";
	int fd, home = -1;

	snprintf(name + 1, sizeof(name) - 1, MARKER_ABSTRACT_FORMAT, own_pid);
	if (!is_own_netns(netns_fd)) {
		home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		if (home < 0 || setns(netns_fd, CLONE_NEWNET)) {
			fd = -errno;
			if (home >= 0)
				close(home);
			return fd;
		}
	}
	fd = listen_at(name); /* a socket stays in the namespace it was made in */
	if (home >= 0) {
		if (setns(home, CLONE_NEWNET) && fd >= 0) {
			close(fd);
			fd = -errno;
		}
		close(home);
	}
	return fd < 0 ? fd : add_listener(r, fd, pid);
}

void rendezvous__forget_pid(struct rendezvous *r, pid_t pid)
{
	for (size_t i = r->listeners_len; i-- > 0;)
		if (r->listeners[i].pid == pid) {
			close(r->listeners[i].fd);
			r->listeners[i] = r->listeners[--r->listeners_len];
		}
}

int rendezvous__fd(const struct rendezvous *r)
{
	return r->epoll_fd;
}

static void drop(struct client *client)
{
	close(client->fd); /* leaves the epoll set, too */
	client->fd = -1;
}

/* A free place, or that of whoever has waited longest without saying hello. */
static struct client *place_for_client(struct rendezvous *r)
{
	struct client *oldest = &r->clients[0];

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (r->clients[i].fd < 0)
			return &r->clients[i];
		if (r->clients[i].number < oldest->number)
			oldest = &r->clients[i];
	}
	drop(oldest);
	return oldest;
}

static void accept_client(struct rendezvous *r, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *client;

	if (fd < 0)
		return;
	client = place_for_client(r);
	client->fd = fd;
	client->number = r->accepted++;
	client->deadline_ms = now_ms() + MARKER_WAIT_MS;
	if (watch(r, fd))
		drop(client);
}

struct lookup {
	uint64_t address;
	pid_t pid;
	int fd;
	char path[256];
};

static int find_mapping(void *context, const struct exec_mapping *m)
{
	struct lookup *l = context;

	if (l->address < m->start || l->address >= m->end)
		return 0;
	l->fd = maps__open_object(l->pid, m);
	snprintf(l->path, sizeof(l->path), "%s", m->path);
	return 1;
}

static void answer(int fd, int error, int results_fd)
{
	const struct marker_welcome welcome = {
		.magic = MARKER_MAGIC,
		.size = sizeof(welcome),
		.error = error,
		.results = results_fd >= 0,
	};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec iov = {(void *)&welcome, sizeof(welcome)};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

	if (results_fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &results_fd, sizeof(results_fd));
	}
	sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT); /* a client that is gone needs none */
}

/* The library waits: nothing of what it says is trusted but which of its own objects it means. */
static void serve(struct rendezvous *r, struct client *client)
{
	struct marker_hello hello = {0};
	struct lookup lookup = {.fd = -1};
	int error = -ESRCH, results_fd = -1;
	struct ucred peer;
	socklen_t len = sizeof(peer);
	ssize_t size = recv(client->fd, &hello, sizeof(hello), MSG_DONTWAIT);

	if (size < 0 && errno == EAGAIN) /* the event was for an earlier client of this number */
		return;
	if (size != sizeof(hello) || hello.magic != MARKER_MAGIC ||
	    getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) || peer.pid <= 0) {
		drop(client);
		return;
	}
	lookup.pid = peer.pid;
	lookup.address = hello.address;
	if (maps__each_exec(peer.pid, find_mapping, &lookup) == 1 && lookup.fd >= 0)
		error = r->callbacks.meet(r->callbacks.context, peer.pid, lookup.fd, lookup.path,
					  &results_fd);
	answer(client->fd, error, results_fd);
	if (lookup.fd >= 0)
		close(lookup.fd);
	drop(client);
}

static void serve_fd(struct rendezvous *r, int fd)
{
	for (size_t i = 0; i < r->listeners_len; i++)
		if (r->listeners[i].fd == fd) {
			accept_client(r, fd);
			return;
		}
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (r->clients[i].fd == fd) {
			serve(r, &r->clients[i]);
			return;
		}
}

void rendezvous__dispatch(struct rendezvous *r)
{
	struct epoll_event events[CLIENTS_MAX];
	int64_t now = now_ms();
	int n;

	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (r->clients[i].fd >= 0 && r->clients[i].deadline_ms < now)
			drop(&r->clients[i]);
	for (int round = 0; round < 2; round++) { /* whom we accept has mostly said hello by then */
		n = epoll_wait(r->epoll_fd, events, CLIENTS_MAX, 0);
		for (int i = 0; i < n; i++)
			serve_fd(r, events[i].data.fd);
	}
}

void rendezvous__close(struct rendezvous *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (r->clients[i].fd >= 0)
			drop(&r->clients[i]);
	for (size_t i = 0; i < r->listeners_len; i++)
		close(r->listeners[i].fd);
	free(r->listeners);
	if (r->epoll_fd >= 0)
		close(r->epoll_fd);
	free(r);
}
