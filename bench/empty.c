// SPDX-License-Identifier: GPL-2.0-or-later
/* bench-empty [PATH OFFSET]... -- COMMAND: runs COMMAND with empty programs attached. */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "empty.skel.h"

int main(int argc, char **argv)
{
	struct empty_bpf *skel = empty_bpf__open_and_load();
	int i = 1, status;
	pid_t child;

	if (!skel ||
	    !(skel->links.empty_rss_stat = bpf_program__attach(skel->progs.empty_rss_stat)))
		return 125;
	for (; i + 1 < argc && strcmp(argv[i], "--"); i += 2)
		if (!bpf_program__attach_uprobe(skel->progs.empty_uprobe, false, -1, argv[i],
						strtoul(argv[i + 1], NULL, 0)))
			return 125;
	child = fork();
	if (!child) {
		execvp(argv[i + 1], argv + i + 1);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 125;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}
