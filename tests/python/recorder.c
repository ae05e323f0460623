/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The marker library's two functions, as lines in the file MEMTRACE_RECORD. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <memtrace/marker.h>

static uint64_t last;

static void record(const char *what, uint64_t window, const char *name)
{
	char line[512];
	int length = snprintf(line, sizeof line, "%s %d %ld %llu %s\n", what, getpid(),
			      syscall(SYS_gettid), (unsigned long long)window, name);
	int file = open(getenv("MEMTRACE_RECORD"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);

	if (file < 0 || write(file, line, length) != length)
		abort();
	close(file);
}

memtrace_window memtrace_begin(const char *name)
{
	uint64_t window = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED) << 32 | 2;

	record("begin", window, name);
	return window;
}

void memtrace_end(memtrace_window window)
{
	record("end", window, "-");
}
