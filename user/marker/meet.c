/* SPDX-License-Identifier: MIT */
/*
 * Finding the tracer: when the library is loaded, again in a forked child, and now and then when a
 * result is asked for. The waiting is what makes the first marker count: the tracer answers once
 * its probes on this object are in place. Only system calls, so that the child of a threaded
 * process may do it; errno is left as it was, nothing is printed, and any failure means no results.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "meet.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "result.h"
#include "sites.h"

#define PAGE_BYTES (sizeof(struct marker_slot) * MARKER_SLOTS)
#define RETRY_S	   1

#define ADDRESS_SIZE sizeof(((struct sockaddr_un *)0)->sun_path)

static const struct marker_slot *page;
static time_t last_try;
/*
 * MEMTRACE_SOCKET at the start, "" without: programs change their environment, and a child forked
 * while another thread did so must not look there.
 */
static char told[ADDRESS_SIZE];

const struct marker_slot *meet__page(void)
{
	return __atomic_load_n(&page, __ATOMIC_ACQUIRE);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/*
 * Fills in a socket address; a leading '@' stands for the abstract namespace. 0: it does not fit.
 */
static socklen_t make_address(struct sockaddr_un *address, const char *name)
{
	size_t len = strlen(name);

	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (!len || len >= sizeof(address->sun_path))
		return 0;
	memcpy(address->sun_path, name, len);
	if (name[0] == '@')
		address->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

/* "@memtrace/PID", by hand: a forked child must not call snprintf(). */
static void own_name(char *name)
{
	char digits[12];
	int n = 0;
	pid_t pid = getpid();

	strcpy(name, "@memtrace/");
	name += strlen(name);
	do {
		digits[n++] = (char)('0' + pid % 10);
		pid /= 10;
	} while (pid);
	while (n)
		*name++ = digits[--n];
	*name = '\0';
}

/* Only root's tracer or one of our own user is believed. */
static int is_trusted(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

static int connect_to(const char *name, int64_t deadline_ms)
{
	struct sockaddr_un address;
	socklen_t len = make_address(&address, name);
	int fd, r;

	if (!len)
		return -1;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	/* EAGAIN: the tracer's queue is full, as when a hundred children are forked at once. */
	while ((r = connect(fd, (const struct sockaddr *)&address, len)) && errno == EAGAIN &&
	       now_ms() < deadline_ms)
		poll(NULL, 0, 1);
	if (r || !is_trusted(fd)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int wait_readable(int fd, int64_t deadline_ms)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = deadline_ms - now_ms();
		int r;

		if (left <= 0)
			return -1;
		r = poll(&p, 1, (int)left);
		if (r > 0)
			return 0;
		if (r < 0 && errno != EINTR)
			return -1;
	}
}

/* The descriptor that a welcome carries, or -1. */
static int receive_welcome(int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct marker_welcome welcome = {0};
	struct iovec iov = {&welcome, sizeof(welcome)};
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_LEN(sizeof(int)), /* room for one, whatever is sent */
	};
	struct cmsghdr *c;
	ssize_t size = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	int page_fd = -1;

	if (size < 0)
		return -1;
	c = CMSG_FIRSTHDR(&message);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&page_fd, CMSG_DATA(c), sizeof(page_fd));
	if (size >= (ssize_t)sizeof(welcome) && welcome.magic == MARKER_MAGIC && !welcome.error &&
	    welcome.results)
		return page_fd;
	if (page_fd >= 0)
		close(page_fd);
	return -1;
}

/* An earlier tracer's page is replaced where it is: other threads may be reading it. */
static void map_page(int fd)
{
	void *mapped = mmap(NULL, PAGE_BYTES, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	const struct marker_slot *old = NULL;

	if (mapped == MAP_FAILED ||
	    __atomic_compare_exchange_n(&page, &old, mapped, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		return;
	if (mremap(mapped, PAGE_BYTES, PAGE_BYTES, MREMAP_MAYMOVE | MREMAP_FIXED, old) ==
	    MAP_FAILED)
		munmap(mapped, PAGE_BYTES);
}

static void meet_at(int fd, int64_t deadline_ms)
{
	const struct marker_hello hello = {
		.magic = MARKER_MAGIC,
		.size = sizeof(hello),
		.address = (uint64_t)(uintptr_t)memtrace_site_begin,
	};
	int page_fd;

	if (send(fd, &hello, sizeof(hello), MSG_NOSIGNAL) != sizeof(hello) ||
	    wait_readable(fd, deadline_ms))
		return;
	page_fd = receive_welcome(fd);
	/*
	 * With a process' first probe comes a page of the kernel's, where it has to run the probed
	 * instruction elsewhere (aarch64 before Linux 6.13): here, so that it is in no window.
	 */
	memtrace_site_end(0, MARKER_NO_END);
	if (page_fd < 0)
		return;
	map_page(page_fd);
	close(page_fd);
}

static void meet(void)
{
	const int64_t deadline_ms = now_ms() + MARKER_WAIT_MS;
	char own[32];
	int saved = errno, fd = -1, cancel;

	/* Nobody expects a thread to be cancelled here, which would leave the socket open. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	if (told[0])
		fd = connect_to(told, deadline_ms);
	if (fd < 0) { /* attached to, or set-user-ID: the environment does not count */
		own_name(own);
		fd = connect_to(own, deadline_ms);
	}
	if (fd >= 0) {
		meet_at(fd, deadline_ms);
		close(fd);
	}
	pthread_setcancelstate(cancel, NULL);
	errno = saved;
}

void meet__retry(void)
{
	struct timespec t;
	time_t last = __atomic_load_n(&last_try, __ATOMIC_RELAXED);

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	if (t.tv_sec - last < RETRY_S ||
	    !__atomic_compare_exchange_n(&last_try, &last, t.tv_sec, 0, __ATOMIC_RELAXED,
					 __ATOMIC_RELAXED))
		return;
	meet();
}

/*
 * The page is the parent's: what is written there is not ours. Where nobody traces the parent, the
 * child makes no system call: no tracer can know its pid yet, and a sandbox may forbid sockets.
 */
static void in_child(void)
{
	const struct marker_slot *old = page;

	page = NULL;
	last_try = 0;
	result__reset();
	if (old)
		munmap((void *)(uintptr_t)old, PAGE_BYTES);
	if (old || told[0])
		meet();
}

void meet__start(void)
{
	const char *name = secure_getenv(MARKER_SOCKET_ENV);

	if (name && strlen(name) < sizeof(told))
		strcpy(told, name);
	pthread_atfork(NULL, NULL, in_child);
	meet();
}
