// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: until the other end of the pipe is closed. */
static _Noreturn void keep(int fd)
{
	char byte;

	setsid(); /* away from the terminal's signals */
	while (read(fd, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

struct keeper keeper__hold(void)
{
	struct keeper k = {-1, -1};
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return k;
	k.pid = fork();
	if (!k.pid) {
		close(fds[1]);
		keep(fds[0]);
	}
	close(fds[0]);
	if (k.pid > 0)
		k.fd = fds[1];
	else
		close(fds[1]);
	return k;
}

void keeper__release(struct keeper *k)
{
	if (k->pid <= 0)
		return;
	close(k->fd);
	while (waitpid(k->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
