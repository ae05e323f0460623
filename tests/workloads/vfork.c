// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Children that live on their parent's memory until they exec: whatever the library takes for them
 * is given back, so the growth is known and the peak is not.
 */
#define _GNU_SOURCE
#include <memtrace/marker.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workload.h"

#define PAGES 50

static char *const arguments[] = {"/bin/true", NULL};

static void wait_for(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status)
		die("/bin/true");
}

static void know(struct truth *t, long pages)
{
	truth__window(t);
	truth__know(t, GROWTH, pages);
	truth__know(t, ANON, pages);
	truth__know(t, FILE_PAGES, 0);
	truth__know(t, SHMEM, 0);
}

static void pass(void)
{
	struct truth *spawning = truth__of("posix_spawn"), *forking = truth__of("vfork");
	char *p = pages__map(2 * PAGES, MAP_PRIVATE | MAP_ANONYMOUS);
	memtrace_window w = memtrace_begin(spawning->name);
	pid_t pid;

	pages__touch(p, PAGES);
	if (posix_spawn(&pid, arguments[0], NULL, NULL, arguments, environ))
		die("posix_spawn");
	wait_for(pid);
	memtrace_end(w);
	know(spawning, PAGES);

	w = memtrace_begin(forking->name);
	pid = vfork();
	if (!pid) {
		pages__touch(p + PAGES * workload_page, PAGES);
		execv(arguments[0], arguments);
		_exit(1);
	}
	wait_for(pid);
	memtrace_end(w);
	know(forking, PAGES);
	pages__unmap(p, 2 * PAGES);
}

int main(void)
{
	return workload__main(pass, 2);
}
