// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The marker library against a tracer of the test's own: the real rendezvous, with a memfd in place
 * of the result page. The library is loaded by MARKER_PROGRAM, which is this program again.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <memtrace/marker.h>

#include "marker/protocol.h"
#include "trace/rendezvous.h"

struct tracer {
	struct rendezvous *rendezvous;
	struct marker_slot *page;
	int page_fd;
	int met;
	int error;
	pid_t pid;
	char path[256];
};

static int on_meet(void *context, pid_t pid, int object_fd, const char *path, int *results_fd)
{
	struct tracer *t = context;

	assert_true(object_fd >= 0);
	t->met++;
	t->pid = pid;
	snprintf(t->path, sizeof(t->path), "%s", path);
	if (!t->error)
		*results_fd = t->page_fd;
	return t->error;
}

static int start_tracer(void **state)
{
	static struct tracer t;
	const struct rendezvous_callbacks callbacks = {.meet = on_meet, .context = &t};

	t = (struct tracer){.page_fd = memfd_create("page", MFD_CLOEXEC)};
	if (ftruncate(t.page_fd, 4096) || rendezvous__open(&t.rendezvous, &callbacks))
		return -1;
	t.page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, t.page_fd, 0);
	*state = &t;
	return t.page == MAP_FAILED ? -1 : 0;
}

static int stop_tracer(void **state)
{
	struct tracer *t = *state;

	rendezvous__close(t->rendezvous);
	munmap(t->page, 4096);
	close(t->page_fd);
	return 0;
}

/* What the loaded program does (its second word); the exit status says how it went. */
typedef memtrace_window begin_fn(const char *name);
typedef int end_result_fn(memtrace_window window, struct memtrace_result *result);

/* Slot 0 is what the tracer has filled in for window 1 of the first thread. */
static int ask_result(end_result_fn *end_result, memtrace_window window)
{
	struct memtrace_result r = {.size = sizeof(r)};
	int e = end_result(window, &r);

	if (e)
		return -e;
	return r.growth_bytes == 3 * sysconf(_SC_PAGESIZE) &&
			       r.returned_bytes == sysconf(_SC_PAGESIZE) && r.own_minor_faults == -1
		       ? 0
		       : 255;
}

/* Whether the page of an address is in memory, as /proc/self/pagemap tells. */
static int is_resident(const void *address)
{
	uint64_t entry = 0;
	long page = sysconf(_SC_PAGESIZE);
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	ssize_t n = pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)address / page * 8));

	close(fd);
	return n == sizeof(entry) && entry >> 63;
}

/* Names at the edges: all of a name is in memory, and nothing behind it is read. */
static int try_names(begin_fn *begin)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = memfd_create("names", MFD_CLOEXEC);
	char *name;

	if (ftruncate(fd, (off_t)page * 3))
		return 1;
	name = mmap(NULL, page * 3, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	memset(name, 'n', page * 2);
	name[page - 1] = '\0';
	mprotect(name + page, page, PROT_NONE);
	begin(name + page - 6);	  /* ends where the next page cannot be read */
	begin(name + page - 128); /* of the longest kind that is kept */
	begin(NULL);
	mprotect(name + page, page, PROT_READ | PROT_WRITE);
	name[page - 1] = 'n';
	madvise(name, page * 3, MADV_DONTNEED);
	begin(name + page - 100); /* longer than 127 bytes */
	return !is_resident(name) || !is_resident(name + page) || is_resident(name + page * 2);
}

/* Asks until there is a result: by then the library has found the tracer that came later. */
static int ask_again(end_result_fn *end_result, memtrace_window window)
{
	int e = ENODATA;

	for (int i = 0; e == ENODATA && i < 60; i++) {
		usleep(i ? 50000 : 0);
		e = ask_result(end_result, window);
	}
	return e;
}

static int in_program(const char *what)
{
	void *library = dlopen(MARKER_LIBRARY, RTLD_NOW);
	begin_fn *begin = (begin_fn *)dlsym(library, "memtrace_begin");
	end_result_fn *end_result = (end_result_fn *)dlsym(library, "memtrace_end_result");
	memtrace_window window = begin("first");
	struct memtrace_result small = {.size = 8};
	char go;
	int status;
	pid_t child;

	if (!strcmp(what, "small"))
		return end_result(window, &small) == -EINVAL && end_result(window, NULL) == -EINVAL
			       ? 0
			       : 1;
	if (!strcmp(what, "names"))
		return try_names(begin);
	if (!strcmp(what, "closed")) { /* as a daemon: nothing of ours may be left in 0 to 2 */
		for (int fd = 0; fd < 3; fd++)
			if (fcntl(fd, F_GETFD) >= 0)
				return 1;
		return ask_result(end_result, window);
	}
	if (!strcmp(what, "fork")) {
		child = fork();
		if (!child) /* the parent's result must not be taken for ours */
			_exit(ask_result(end_result, window));
		waitpid(child, &status, 0);
		return WEXITSTATUS(status);
	}
	/* The tracer writes the slot for our pid and id, then lets us go on. */
	printf("%d %llu\n", getpid(), (unsigned long long)window);
	fflush(stdout);
	if (strcmp(what, "none") && read(0, &go, 1) != 1)
		return 254;
	return strcmp(what, "again") ? ask_result(end_result, window)
				     : ask_again(end_result, window);
}

struct program {
	pid_t pid;
	int in, out;
};

static struct program start_program(struct tracer *t, const char *what)
{
	struct program p;
	int in[2], out[2];

	assert_false(pipe(in) || pipe(out));
	p.pid = fork();
	if (!p.pid) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		for (int fd = 0; fd < 3 && !strcmp(what, "closed"); fd++)
			close(fd);
		if (t)
			setenv(MARKER_SOCKET_ENV, rendezvous__name(t->rendezvous), 1);
		else
			unsetenv(MARKER_SOCKET_ENV);
		execl("/proc/self/exe", "test-marker", what, NULL);
		_exit(253);
	}
	close(in[0]);
	close(out[1]);
	p.in = in[1];
	p.out = out[0];
	return p;
}

/* Serves libraries until the program has printed its line or ended. */
static void serve(struct tracer *t, struct program *p, char *line, size_t size)
{
	struct pollfd fds[] = {{.fd = rendezvous__fd(t->rendezvous), .events = POLLIN},
			       {.fd = p->out, .events = POLLIN}};
	ssize_t n;

	while (poll(fds, 2, 10000) > 0 && !fds[1].revents)
		rendezvous__dispatch(t->rendezvous);
	n = read(p->out, line, size - 1);
	line[n > 0 ? n : 0] = '\0';
}

/* Its exit status; serves libraries until then. */
static int finish(struct tracer *t, struct program *p)
{
	struct pollfd fds[] = {{.fd = t ? rendezvous__fd(t->rendezvous) : -1, .events = POLLIN},
			       {.fd = p->out}};
	int status;

	close(p->in);
	while (poll(fds, 2, 10000) > 0 && !fds[1].revents)
		if (t)
			rendezvous__dispatch(t->rendezvous);
	close(p->out);
	waitpid(p->pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void without_a_tracer_there_is_no_result(void **state)
{
	struct program p = start_program(NULL, "none");

	(void)state;
	assert_int_equal(finish(NULL, &p), ENODATA);
}

static void a_result_is_read_from_the_page(void **state)
{
	struct tracer *t = *state;
	struct program p = start_program(t, "result");
	unsigned long long id;
	char line[64];
	int pid;

	serve(t, &p, line, sizeof(line));
	assert_int_equal(t->met, 1);
	assert_int_equal(t->pid, p.pid);
	assert_non_null(strstr(t->path, "libmemtrace-marker.so"));
	assert_int_equal(sscanf(line, "%d %llu", &pid, &id), 2);
	assert_true(id != 0);
	t->page[0] =
		(struct marker_slot){.id = id, .pid = pid, .growth_pages = 3, .gained_pages = 4};
	assert_int_equal(write(p.in, "x", 1), 1);
	assert_int_equal(finish(t, &p), 0);
}

static void a_result_of_another_window_or_process_is_not_taken(void **state)
{
	struct tracer *t = *state;

	for (int wrong = 0; wrong < 2; wrong++) {
		struct program p = start_program(t, "result");
		unsigned long long id;
		char line[64];
		int pid;

		serve(t, &p, line, sizeof(line));
		assert_int_equal(sscanf(line, "%d %llu", &pid, &id), 2);
		t->page[0] = (struct marker_slot){.id = id + (wrong == 0), .pid = pid + wrong};
		assert_int_equal(write(p.in, "x", 1), 1);
		assert_int_equal(finish(t, &p), ENODATA);
	}
}

static void a_refused_library_goes_on_without_results(void **state)
{
	struct tracer *t = *state;
	struct program p;
	char line[64];

	t->error = -EPERM;
	p = start_program(t, "none");
	serve(t, &p, line, sizeof(line));
	assert_int_equal(t->met, 1);
	assert_int_equal(finish(t, &p), ENODATA);
}

static void too_small_a_struct_is_refused(void **state)
{
	struct tracer *t = *state;
	struct program p = start_program(t, "small");
	char line[64];

	serve(t, &p, line, sizeof(line));
	assert_int_equal(finish(t, &p), 0);
}

static void a_forked_child_meets_the_tracer_itself(void **state)
{
	struct tracer *t = *state;
	struct program p = start_program(t, "fork");
	char line[64];

	serve(t, &p, line, sizeof(line));
	assert_int_equal(t->met, 2);
	assert_true(t->pid != p.pid);
	assert_int_equal(finish(t, &p), ENODATA);
}

static void names_are_in_memory_when_the_probe_reads_them(void **state)
{
	struct program p = start_program(NULL, "names");

	(void)state;
	assert_int_equal(finish(NULL, &p), 0);
}

static void closed_standard_descriptors_stay_closed(void **state)
{
	struct tracer *t = *state;
	struct program p = start_program(t, "closed");

	assert_int_equal(finish(t, &p), ENODATA);
	assert_int_equal(t->met, 1);
}

/* The first tracer ends, another one attaches: its results come without a restart. */
static void a_later_tracer_is_found(void **state)
{
	struct tracer *t = *state;
	const struct rendezvous_callbacks callbacks = {.meet = on_meet, .context = t};
	struct program p = start_program(t, "again");
	unsigned long long id;
	char line[64];
	int pid;

	serve(t, &p, line, sizeof(line));
	assert_int_equal(sscanf(line, "%d %llu", &pid, &id), 2);
	rendezvous__close(t->rendezvous);
	munmap(t->page, 4096);
	close(t->page_fd);
	t->page_fd = memfd_create("page", MFD_CLOEXEC);
	assert_false(ftruncate(t->page_fd, 4096) || rendezvous__open(&t->rendezvous, &callbacks));
	t->page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, t->page_fd, 0);
	t->page[0] =
		(struct marker_slot){.id = id, .pid = pid, .growth_pages = 3, .gained_pages = 4};
	assert_int_equal(rendezvous__listen_pid(t->rendezvous, p.pid, p.pid, -1), 0);
	assert_int_equal(write(p.in, "x", 1), 1);
	assert_int_equal(finish(t, &p), 0);
	assert_int_equal(t->met, 2);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_tracer_there_is_no_result),
		cmocka_unit_test_setup_teardown(a_result_is_read_from_the_page, start_tracer,
						stop_tracer),
		cmocka_unit_test_setup_teardown(a_result_of_another_window_or_process_is_not_taken,
						start_tracer, stop_tracer),
		cmocka_unit_test_setup_teardown(a_refused_library_goes_on_without_results,
						start_tracer, stop_tracer),
		cmocka_unit_test_setup_teardown(too_small_a_struct_is_refused, start_tracer,
						stop_tracer),
		cmocka_unit_test_setup_teardown(a_forked_child_meets_the_tracer_itself,
						start_tracer, stop_tracer),
		cmocka_unit_test(names_are_in_memory_when_the_probe_reads_them),
		cmocka_unit_test_setup_teardown(closed_standard_descriptors_stay_closed,
						start_tracer, stop_tracer),
		cmocka_unit_test_setup_teardown(a_later_tracer_is_found, start_tracer, stop_tracer),
	};

	if (argc > 1)
		return in_program(argv[1]);
	return cmocka_run_group_tests_name("marker", tests, NULL, NULL);
}
