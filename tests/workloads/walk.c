// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A second opinion, independent of memtrace and of what a workload claims. Preloaded, it stands
 * before the marker library and reads /proc/self/smaps_rollup, for which the kernel walks the page
 * tables, inside both ends of each window. At its exit the program writes to the file that
 * WORKLOAD_WALK names, one line an operation (its name in hexadecimal):
 *	{"walked": "67726f77", "count": 2, "growth_bytes": 81920, "anon_bytes": 81920}
 * Children add to what their parent writes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <memtrace/marker.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define OPERATIONS 12000
#define OPEN	   256
#define NAME_SIZE  128

struct reading {
	long rss_bytes, anon_bytes;
};

struct operation {
	char name[NAME_SIZE];
	long count;
	struct reading growth;
};

struct window {
	memtrace_window id; /* 0: free */
	pid_t pid;
	struct operation *operation;
	struct reading begin;
};

/* In memory shared with children and resident from the start. */
struct record {
	pthread_mutex_t lock;
	pid_t pid; /* who writes it */
	int used;
	struct window open[OPEN];
	struct operation operations[OPERATIONS];
};

static struct record *record;
static memtrace_window (*next_begin)(const char *name);
static void (*next_end)(memtrace_window window);
static int (*next_end_result)(memtrace_window window, struct memtrace_result *result);

static void fail(const char *what)
{
	fprintf(stderr, "walk: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static long field_bytes(const char *text, const char *field)
{
	const char *p = strstr(text, field);

	if (!p)
		fail(field);
	return strtol(p + strlen(field), NULL, 10) * 1024;
}

static struct reading look(void)
{
	int fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
	char text[4096];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		fail("/proc/self/smaps_rollup");
	close(fd);
	text[n] = '\0';
	return (struct reading){field_bytes(text, "\nRss:"), field_bytes(text, "\nAnonymous:")};
}

static struct operation *operation_of(const char *name)
{
	struct operation *o;
	char kept[NAME_SIZE];

	snprintf(kept, sizeof(kept), "%s", name ? name : "(null)");
	for (o = record->operations; o < record->operations + record->used; o++)
		if (!strcmp(o->name, kept))
			return o;
	if (record->used == OPERATIONS)
		fail("operations");
	record->used++;
	strcpy(o->name, kept);
	return o;
}

/* The window of that id (0: a free place), or NULL. */
static struct window *find(memtrace_window id)
{
	pid_t pid = getpid();

	for (struct window *w = record->open; w < record->open + OPEN; w++)
		if (w->id == id && (!id || w->pid == pid))
			return w;
	return NULL;
}

memtrace_window memtrace_begin(const char *name)
{
	struct operation *operation;
	struct window *w;
	memtrace_window id;

	pthread_mutex_lock(&record->lock);
	operation = operation_of(name);
	w = find(0);
	if (!w)
		fail("open windows");
	id = next_begin(name);
	*w = (struct window){id, getpid(), operation, look()};
	pthread_mutex_unlock(&record->lock);
	return id;
}

static void note_end(memtrace_window id)
{
	struct window *w = id ? find(id) : NULL;
	struct reading end = look();

	if (!w)
		return;
	w->operation->count++;
	w->operation->growth.rss_bytes += end.rss_bytes - w->begin.rss_bytes;
	w->operation->growth.anon_bytes += end.anon_bytes - w->begin.anon_bytes;
	w->id = 0;
}

void memtrace_end(memtrace_window window)
{
	pthread_mutex_lock(&record->lock);
	note_end(window);
	next_end(window);
	pthread_mutex_unlock(&record->lock);
}

int memtrace_end_result(memtrace_window window, struct memtrace_result *result)
{
	int r;

	pthread_mutex_lock(&record->lock);
	note_end(window);
	r = next_end_result(window, result);
	pthread_mutex_unlock(&record->lock);
	return r;
}

__attribute__((constructor)) static void start(void)
{
	pthread_mutexattr_t attributes;

	next_begin = (memtrace_window(*)(const char *))dlsym(RTLD_NEXT, "memtrace_begin");
	next_end = (void (*)(memtrace_window))dlsym(RTLD_NEXT, "memtrace_end");
	next_end_result = (int (*)(memtrace_window, struct memtrace_result *))dlsym(
		RTLD_NEXT, "memtrace_end_result");
	record = mmap(NULL, sizeof(*record), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (record == MAP_FAILED)
		fail("mmap");
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&record->lock, &attributes);
	record->pid = getpid();
}

__attribute__((destructor)) static void write_down(void)
{
	const char *path = getenv("WORKLOAD_WALK");
	FILE *file;

	if (!path || record->pid != getpid())
		return;
	file = fopen(path, "we");
	if (!file)
		fail(path);
	for (struct operation *o = record->operations; o < record->operations + record->used; o++) {
		fprintf(file, "{\"walked\": \"");
		for (const char *p = o->name; *p; p++)
			fprintf(file, "%02x", (unsigned char)*p);
		fprintf(file, "\", \"count\": %ld, \"growth_bytes\": %ld, \"anon_bytes\": %ld}\n",
			o->count, o->growth.rss_bytes, o->growth.anon_bytes);
	}
	if (fclose(file))
		fail(path);
}
