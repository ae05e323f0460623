// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that another process changes: it writes into untouched pages of this one, and with
 * "pageout" as argument (which needs privileges) it pages out a file mapping.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <memtrace/marker.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workload.h"

#define FILE_SIZE 256

static int fd, with_pageout;

static int write_by_call(pid_t pid, char *p, long n)
{
	for (long i = 0; i < n; i++) {
		struct iovec local = {"x", 1}, remote = {p + i * workload_page, 1};

		if (process_vm_writev(pid, &local, 1, &remote, 1, 0) != 1)
			return -1;
	}
	return 0;
}

static int write_by_file(pid_t pid, char *p, long n)
{
	char path[64];
	int mem;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	mem = open(path, O_RDWR | O_CLOEXEC);
	if (mem < 0)
		return -1;
	for (long i = 0; i < n; i++)
		if (pwrite(mem, "x", 1, (off_t)(uintptr_t)(p + i * workload_page)) != 1)
			return -1;
	return close(mem);
}

static int page_out(pid_t pid, char *p, long n)
{
	struct iovec range = {p, (size_t)(n * workload_page)};
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	return pidfd < 0 || syscall(SYS_process_madvise, pidfd, &range, 1, MADV_PAGEOUT, 0) < 0 ? -1
												: 0;
}

struct helper {
	pid_t pid;
	int go[2], done[2];
};

/* The other process, which waits for a byte before it acts. */
static void start(struct helper *helper, int (*act)(pid_t, char *, long), char *p, long n)
{
	pid_t parent = getpid();
	char byte;

	if (pipe(helper->go) || pipe(helper->done))
		die("pipe");
	helper->pid = fork();
	if (helper->pid < 0)
		die("fork");
	if (helper->pid)
		return;
	if (read(helper->go[0], &byte, 1) != 1)
		_exit(1);
	if (act(parent, p, n)) {
		fprintf(stderr, "the other process: %s\n", strerror(errno));
		_exit(errno == EPERM || errno == ENOSYS ? WORKLOAD_SKIP : 1);
	}
	_exit(write(helper->done[1], "", 1) != 1);
}

static void act(const struct helper *helper)
{
	struct helper h = *helper;
	char byte;

	close(h.done[1]);
	if (write(h.go[1], "", 1) != 1 || read(h.done[0], &byte, 1) < 0)
		die("pipe");
}

static void finish(struct helper *helper)
{
	int status;

	if (waitpid(helper->pid, &status, 0) != helper->pid)
		die("waitpid");
	if (status)
		exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
	close(helper->go[0]);
	close(helper->go[1]);
	close(helper->done[0]);
}

static void written(const char *how, int (*act_of_other)(pid_t, char *, long), long n)
{
	struct truth *t = truth__of("%s %ld", how, n);
	char *p = pages__map(2 * n, MAP_PRIVATE | MAP_ANONYMOUS);
	struct helper helper;
	memtrace_window w;

	start(&helper, act_of_other, p, n);
	w = memtrace_begin(t->name);
	pages__touch(p + n * workload_page, n);
	act(&helper);
	memtrace_end(w);
	finish(&helper);
	truth__grew(t, ANON, 2 * n);
	truth__know(t, OWN, -n);
	truth__know(t, FOREIGN, n);
	pages__unmap(p, 2 * n);
}

/* How much could be paged out is the kernel's choice; smaps says it. */
static void paged_out(void)
{
	struct truth *t = truth__of("paged out");
	char *p = mmap(NULL, (size_t)(FILE_SIZE * workload_page), PROT_READ, MAP_PRIVATE, fd, 0);
	struct helper helper;
	memtrace_window w;
	long before, lost;

	if (p == MAP_FAILED)
		die("mmap");
	start(&helper, page_out, p, FILE_SIZE);
	pages__read(p, FILE_SIZE);
	before = pages__in_smaps(p, "Rss");
	w = memtrace_begin(t->name);
	act(&helper);
	memtrace_end(w);
	finish(&helper);
	lost = before - pages__in_smaps(p, "Rss");
	if (!lost && !workload__is_warming())
		exit(WORKLOAD_SKIP);
	truth__moved(t, FILE_PAGES, 0, lost, 0);
	truth__know(t, OWN, lost);
	truth__know(t, FOREIGN, -lost);
	pages__unmap(p, FILE_SIZE);
}

static void pass(void)
{
	written("process_vm_writev", write_by_call, 1);
	written("process_vm_writev", write_by_call, 100);
	written("proc mem", write_by_file, 33);
	if (with_pageout)
		paged_out();
}

int main(int argc, char **argv)
{
	with_pageout = argc > 1 && !strcmp(argv[1], "pageout");
	if (with_pageout)
		fd = pages__file(FILE_SIZE);
	return workload__main(pass, 10);
}
