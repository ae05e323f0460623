// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/loop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/ready.h"
#include "cli/signals.h"
#include "cli/status.h"
#include "trace/session.h"

#define TWICE_NS	   (2 * 1000000000LL) /* Ctrl-C twice within this time leaves at once */
#define READY_RETRY_MIN_MS 5
#define READY_RETRY_MAX_MS 200
#define SESSION_CLOSED_FD  (-1)

enum source { ON_SIGNAL, ON_SESSION, ON_COMMAND, ON_TICK, ON_DEADLINE, SOURCES };

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* A timer descriptor; `again` makes it periodic. */
static int open_timer(int64_t ns, bool again)
{
	struct timespec time = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
	struct itimerspec spec = {.it_value = time};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (again)
		spec.it_interval = time;
	if (fd >= 0 && timerfd_settime(fd, 0, &spec, NULL)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* poll() passes over negative descriptors. */
static int open_sources(const struct loop *loop, struct pollfd *fds)
{
	for (int i = 0; i < SOURCES; i++)
		fds[i] = (struct pollfd){.fd = -1, .events = POLLIN};
	fds[ON_SIGNAL].fd = loop->signals->fd;
	if (loop->session && !loop->failed)
		fds[ON_SESSION].fd = session__fd(loop->session);
	if (loop->command > 0) {
		fds[ON_COMMAND].fd = pidfd_open(loop->command, 0);
		if (fds[ON_COMMAND].fd < 0)
			return -errno;
	}
	if (loop->session && loop->status && loop->status->enabled) {
		fds[ON_TICK].fd = open_timer(STATUS_PERIOD_MS * 1000000LL, true);
		if (fds[ON_TICK].fd < 0)
			return -errno;
	}
	if (loop->duration_ns) {
		fds[ON_DEADLINE].fd = open_timer(loop->duration_ns, false);
		if (fds[ON_DEADLINE].fd < 0)
			return -errno;
	}
	return 0;
}

static void close_sources(struct pollfd *fds)
{
	/* The others are somebody else's. */
	for (int i = ON_COMMAND; i < SOURCES; i++)
		if (fds[i].fd >= 0)
			close(fds[i].fd);
}

/* A terminal's Ctrl-C is COMMAND's own, which has got it too. */
static bool is_second_interrupt(struct loop *loop, int number)
{
	int64_t now = now_ns();
	bool second = loop->last_interrupt && now - loop->last_interrupt_ns < TWICE_NS;

	loop->last_interrupt = number;
	loop->last_interrupt_ns = now;
	return second;
}

/* True: *end is set. */
static bool on_signals(struct loop *loop, enum loop_end *end)
{
	bool by_kernel;
	int number;

	while ((number = signals__next(loop->signals, &by_kernel))) {
		if (loop->command < 0) {
			*end = LOOP_STOPPED;
			return true;
		}
		if (number == SIGINT || number == SIGQUIT) {
			if (!is_second_interrupt(loop, number))
				continue;
			*end = LOOP_LEAVE;
			return true;
		}
		/* A terminal that hangs up has told the whole process group. */
		if (number == SIGTERM || !by_kernel)
			kill(loop->command, number);
	}
	return false;
}

static bool on_session(struct loop *loop, struct pollfd *fd, enum loop_end *end)
{
	if (session__dispatch(loop->session) < 0) {
		loop->failed = true;
		fd->fd = SESSION_CLOSED_FD;
		if (loop->command < 0) {
			*end = LOOP_ERROR;
			return true;
		}
	}
	return false;
}

static bool on_command(struct loop *loop, enum loop_end *end)
{
	pid_t pid = waitpid(loop->command, &loop->command_status, WNOHANG);

	if (pid == 0 || (pid < 0 && errno == EINTR))
		return false;
	if (pid < 0) {
		log__error("COMMAND: cannot be waited for: %s", strerror(errno));
		*end = LOOP_ERROR;
	} else {
		*end = LOOP_ENDED;
	}
	return true;
}

static void on_tick(struct loop *loop, const struct pollfd *fd)
{
	struct session_status now;
	uint64_t expirations;

	if (read(fd->fd, &expirations, sizeof(expirations)) < 0)
		return;
	session__status(loop->session, &now);
	status__show(loop->status, &now);
}

/* In an order that matters: what COMMAND did before its end comes before its end. */
static bool handle(struct loop *loop, struct pollfd *fds, enum loop_end *end)
{
	if (fds[ON_SIGNAL].revents && on_signals(loop, end))
		return true;
	if (fds[ON_SESSION].revents && on_session(loop, &fds[ON_SESSION], end))
		return true;
	if (fds[ON_COMMAND].revents && on_command(loop, end))
		return true;
	if (fds[ON_TICK].revents)
		on_tick(loop, &fds[ON_TICK]);
	if (fds[ON_DEADLINE].revents) {
		*end = LOOP_DEADLINE;
		return true;
	}
	if (loop->command < 0 && session__is_over(loop->session)) {
		*end = LOOP_ENDED;
		return true;
	}
	return false;
}

/* Milliseconds that poll() may sleep: less and less often for a reader that may never come. */
static int retry_ready(struct loop *loop, int *wait_ms)
{
	if (!loop->ready || !ready__is_pending(loop->ready) ||
	    ready__announce(loop->ready) != -EAGAIN)
		return -1;
	*wait_ms = *wait_ms < READY_RETRY_MAX_MS / 2 ? *wait_ms * 2 : READY_RETRY_MAX_MS;
	return *wait_ms;
}

static enum loop_end wait_for_end(struct loop *loop, struct pollfd *fds)
{
	int ready_ms = READY_RETRY_MIN_MS;
	enum loop_end end;

	for (;;) {
		if (poll(fds, SOURCES, retry_ready(loop, &ready_ms)) < 0) {
			if (errno == EINTR)
				continue;
			log__error("poll: %s", strerror(errno));
			return LOOP_ERROR;
		}
		if (handle(loop, fds, &end))
			return end;
	}
}

enum loop_end loop__run(struct loop *loop)
{
	struct pollfd fds[SOURCES];
	enum loop_end end = LOOP_ERROR;
	int err = open_sources(loop, fds);

	if (err)
		log__error("cannot wait for the trace: %s", strerror(-err));
	else if (loop->command < 0 && session__is_over(loop->session))
		end = LOOP_ENDED;
	else
		end = wait_for_end(loop, fds);
	close_sources(fds);
	if (loop->status)
		status__clear(loop->status);
	return end;
}
