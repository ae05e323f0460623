// SPDX-License-Identifier: GPL-2.0-or-later
/* Windows that nobody ends: their thread exits, their process exits or is killed. */
#define _GNU_SOURCE
#include <memtrace/marker.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workload.h"

#define PAGES	    100
#define STACK_PAGES 64 /* more than workload__settle() uses */

static char *memory;

static struct truth *open_window(const char *name, const char *end)
{
	struct truth *all = truth__of("%s", name), *one = truth__new("%s", name);

	if (workload__is_warming())
		return all;
	all->count = all->incomplete = 1;
	one->kind = "window";
	one->end = end;
	truth__know(one, GROWTH, PAGES);
	truth__know(one, OWN, PAGES);
	truth__know(one, ANON, PAGES);
	return all;
}

static void *leave(void *name)
{
	workload__settle();
	madvise(memory, (size_t)(PAGES * workload_page), MADV_DONTNEED);
	memtrace_begin(name);
	pages__touch(memory, PAGES);
	return NULL;
}

/* On a stack of ours: the library gives back pages of its own ones when a thread exits. */
static void leave_thread(struct truth *t, char *stack)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, stack, (size_t)(STACK_PAGES * workload_page));
	if (pthread_create(&thread, &attributes, leave, t->name) || pthread_join(thread, NULL))
		die("pthread_create");
}

static void leave_process(struct truth *t, int signal)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		die("fork");
	if (!pid) {
		leave(t->name);
		if (signal)
			kill(getpid(), signal);
		_exit(7);
	}
	if (waitpid(pid, &status, 0) != pid || !(signal ? WIFSIGNALED(status) : WIFEXITED(status)))
		die("a child");
}

static void pass(void)
{
	struct truth *thread_exit = open_window("open at thread exit", "thread-exit");
	struct truth *exit_inside = open_window("open at exit", "exit");
	struct truth *killed = open_window("open at kill", "exit");

	char *stack = pages__map(STACK_PAGES, MAP_PRIVATE | MAP_ANONYMOUS);

	memory = pages__map(PAGES, MAP_PRIVATE | MAP_ANONYMOUS);
	leave_thread(thread_exit, stack);
	leave_process(exit_inside, 0);
	leave_process(killed, SIGKILL);
	pages__unmap(memory, PAGES);
	pages__unmap(stack, STACK_PAGES); /* joined is not yet gone: its window is, by now */
}

int main(void)
{
	return workload__main(pass, 6);
}
