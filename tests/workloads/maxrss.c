// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a command and prints how much memory it had at most, on file descriptor 3:
 *	workload-maxrss COMMAND [ARG...] 3>FILE
 * A program of its own because a child inherits what its parent had: Python's would be all there
 *is.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage usage;
	pid_t pid = argc > 1 ? fork() : -1;
	int status;

	if (!pid) {
		close(3);
		execv(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
		return 125;
	dprintf(3, "%ld\n", usage.ru_maxrss * 1024);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
