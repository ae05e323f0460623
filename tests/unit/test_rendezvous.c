// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each side of a meeting alone: the tracer's against clients of the test's own, then the library's
 * reading of a result page that the test fills. Both together: test_marker.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "marker/protocol.h"
#include "trace/maps.h"
#include "trace/rendezvous.h"
/* The library's reader, with its tracer played below. */
#include "marker/result.c"

#define SILENT 100 /* more than are served at once */

struct tracer {
	struct rendezvous *rendezvous;
	int met;
	int error;
	int results_fd;
	pid_t pid;
	ino_t inode;
};

static int on_meet(void *context, pid_t pid, int object_fd, const char *path, int *results_fd)
{
	struct tracer *t = context;
	struct stat st;

	assert_false(fstat(object_fd, &st));
	assert_true(fcntl(object_fd, F_GETFD) & FD_CLOEXEC);
	assert_true(path[0] != '\0');
	t->met++;
	t->pid = pid;
	t->inode = st.st_ino;
	*results_fd = t->results_fd;
	return t->error;
}

static int start_tracer(void **state)
{
	static struct tracer t;
	const struct rendezvous_callbacks callbacks = {.meet = on_meet, .context = &t};

	t = (struct tracer){.results_fd = -1};
	*state = &t;
	return rendezvous__open(&t.rendezvous, &callbacks);
}

static int stop_tracer(void **state)
{
	rendezvous__close(((struct tracer *)*state)->rendezvous);
	return 0;
}

static int connect_to(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
	if (!connect(fd, (struct sockaddr *)&address,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))))
		return fd;
	close(fd);
	return -1;
}

static void say_hello(int fd, const void *address)
{
	const struct marker_hello hello = {MARKER_MAGIC, sizeof(hello), (uintptr_t)address};

	assert_int_equal(send(fd, &hello, sizeof(hello), MSG_NOSIGNAL), sizeof(hello));
}

/* What the tracer answers: 0 or negative errno; 1: nothing, it hung up; 2: nothing yet. */
static int answer_of(struct tracer *t, int fd, int *results)
{
	struct marker_welcome welcome = {0};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec iov = {&welcome, sizeof(welcome)};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	ssize_t n;

	for (int i = 0; i < 4; i++)
		rendezvous__dispatch(t->rendezvous);
	n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	if (n <= 0)
		return n && errno == EAGAIN ? 2 : 1;
	assert_int_equal(n, sizeof(welcome));
	assert_int_equal(welcome.magic, MARKER_MAGIC);
	assert_int_equal(welcome.results, message.msg_controllen != 0);
	if (results && welcome.results)
		memcpy(results, CMSG_DATA(&control.header), sizeof(int));
	return welcome.error;
}

static void a_client_gets_the_answer_and_the_page(void **state)
{
	struct tracer *t = *state;
	int fd = connect_to(rendezvous__name(t->rendezvous)), results = -1;
	struct stat st;

	t->results_fd = memfd_create("page", MFD_CLOEXEC);
	say_hello(fd, (const void *)(uintptr_t)answer_of);
	assert_int_equal(answer_of(t, fd, &results), 0);
	assert_int_equal(t->pid, getpid());
	assert_false(stat("/proc/self/exe", &st));
	assert_int_equal(t->inode, st.st_ino);
	assert_true(results >= 0);
	close(results);
	close(fd);
	fd = connect_to(rendezvous__name(t->rendezvous));
	t->error = -EPERM;
	close(t->results_fd);
	t->results_fd = -1;
	say_hello(fd, (const void *)(uintptr_t)answer_of);
	assert_int_equal(answer_of(t, fd, NULL), -EPERM);
	close(fd);
}

/* Neither data nor nothing at all is an object that could have markers. */
static void an_address_outside_code_is_refused(void **state)
{
	struct tracer *t = *state;
	const void *addresses[] = {NULL, &t, *state, (void *)-1};

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		int fd = connect_to(rendezvous__name(t->rendezvous));

		say_hello(fd, addresses[i]);
		assert_int_equal(answer_of(t, fd, NULL), -ESRCH);
		close(fd);
	}
	assert_int_equal(t->met, 0);
}

static void nonsense_is_hung_up_on(void **state)
{
	struct tracer *t = *state;
	const struct marker_hello wrong = {.magic = MARKER_MAGIC + 1, .size = sizeof(wrong)};
	int fd = connect_to(rendezvous__name(t->rendezvous));

	assert_int_equal(send(fd, "nonsense", 8, MSG_NOSIGNAL), 8);
	assert_int_equal(answer_of(t, fd, NULL), 1);
	close(fd);
	fd = connect_to(rendezvous__name(t->rendezvous));
	assert_int_equal(send(fd, &wrong, sizeof(wrong), MSG_NOSIGNAL), sizeof(wrong));
	assert_int_equal(answer_of(t, fd, NULL), 1);
	close(fd);
	assert_int_equal(t->met, 0);
}

/* A client that says nothing keeps nobody waiting, is not answered, and is dropped in time. */
static void silent_clients_do_not_block_others(void **state)
{
	struct tracer *t = *state;
	int silent[SILENT], fd;

	for (int i = 0; i < SILENT; i++) {
		silent[i] = connect_to(rendezvous__name(t->rendezvous));
		assert_true(silent[i] >= 0);
		rendezvous__dispatch(t->rendezvous);
	}
	fd = connect_to(rendezvous__name(t->rendezvous));
	say_hello(fd, (const void *)(uintptr_t)answer_of);
	assert_int_equal(answer_of(t, fd, NULL), 0);
	close(fd);
	assert_int_equal(answer_of(t, silent[SILENT - 1], NULL), 2);
	usleep((MARKER_WAIT_MS + 50) * 1000);
	for (int i = 0; i < SILENT; i++) {
		assert_int_equal(answer_of(t, silent[i], NULL), 1);
		close(silent[i]);
	}
	assert_int_equal(t->met, 1);
}

static void a_process_is_heard_by_its_pid(void **state)
{
	struct tracer *t = *state;
	int fd;

	assert_int_equal(rendezvous__listen_pid(t->rendezvous, 77, 123456789, -1), 0);
	assert_int_equal(rendezvous__listen_pid(t->rendezvous, 77, 123456789, -1), -EADDRINUSE);
	fd = connect_to("@memtrace/123456789");
	say_hello(fd, (const void *)(uintptr_t)answer_of);
	assert_int_equal(answer_of(t, fd, NULL), 0);
	close(fd);
	rendezvous__forget_pid(t->rendezvous, 77);
	assert_int_equal(connect_to("@memtrace/123456789"), -1);
}

/* Needs the right to enter another network namespace. */
static void a_process_in_another_network_is_heard(void **state)
{
	struct tracer *t = *state;
	struct stat before, after;
	char path[64], go = 0;
	int up[2], down[2], status, netns;
	pid_t child;

	assert_false(pipe(up) || pipe(down) || stat("/proc/self/ns/net", &before));
	child = fork();
	if (!child) {
		go = unshare(CLONE_NEWNET) ? 'n' : 'y';
		status = write(up[1], &go, 1) != 1 || read(down[0], &go, 1) != 1;
		_exit(!status && connect_to("@memtrace/123456789") >= 0 ? 0 : 1);
	}
	assert_int_equal(read(up[0], &go, 1), 1);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", child);
	netns = open(path, O_RDONLY | O_CLOEXEC);
	if (go == 'y')
		assert_int_equal(rendezvous__listen_pid(t->rendezvous, child, 123456789, netns), 0);
	close(netns);
	assert_false(stat("/proc/self/ns/net", &after));
	assert_int_equal(before.st_ino, after.st_ino); /* home again */
	assert_int_equal(connect_to("@memtrace/123456789"), -1);
	assert_int_equal(write(down[1], &go, 1), 1);
	waitpid(child, &status, 0);
	for (int i = 0; i < 2; i++) {
		close(up[i]);
		close(down[i]);
	}
	if (go != 'y')
		skip();
	assert_int_equal(status, 0);
}

static int match(void *context, const struct exec_mapping *m)
{
	struct exec_mapping *wanted = context;

	if (m->start != wanted->start)
		return 0;
	*wanted = *m;
	return 1;
}

/* The file itself is opened, though its name is gone and another file has it. */
static void a_deleted_object_is_opened(void **state)
{
	char path[] = "/tmp/memtrace-test-XXXXXX";
	int fd = mkstemp(path), opened;
	struct exec_mapping m = {0};
	struct stat st, found;
	void *code;

	(void)state;
	assert_true(fd >= 0 && !ftruncate(fd, 4096));
	code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	if (code == MAP_FAILED) { /* /tmp is mounted noexec */
		unlink(path);
		close(fd);
		skip();
	}
	unlink(path);
	m.start = (uint64_t)(uintptr_t)code;
	assert_int_equal(maps__each_exec(getpid(), match, &m), 1);
	assert_false(fstat(fd, &st));
	assert_int_equal(m.inode, st.st_ino);
	opened = maps__open_object(getpid(), &m);
	if (opened == -EPERM)
		skip();
	assert_true(opened >= 0 && !fstat(opened, &found));
	assert_int_equal(found.st_ino, st.st_ino);
	close(opened);
	close(fd);
	munmap(code, 4096);
	assert_int_equal(maps__each_exec(-1, match, &m), -ENOENT);
}

/* The tracer, as far as result.c sees it. */
static struct marker_slot page_of_results[MARKER_SLOTS];
static int has_page, retries, depth, statuses[MARKER_SLOTS + 1];

const struct marker_slot *meet__page(void)
{
	return has_page ? page_of_results : NULL;
}

void meet__retry(void)
{
	retries++;
}

/* With depth, other threads come while this one has its slot. */
void memtrace_site_end(uint64_t id, uint32_t slot)
{
	struct memtrace_result r = {.size = sizeof(r)};
	const int place = depth - 1;

	if (depth && depth--)
		statuses[place] = memtrace_end_result(id + 1, &r);
	if (slot != MARKER_NO_SLOT && id < 1000)
		page_of_results[slot] = (struct marker_slot){.id = id,
							     .pid = getpid(),
							     .faults_known = 1,
							     .growth_pages = -2,
							     .gained_pages = 3,
							     .major_faults = 1};
}

static void a_33rd_asker_finds_no_slot(void **state)
{
	struct memtrace_result r = {.size = sizeof(r)};

	(void)state;
	has_page = 1;
	depth = MARKER_SLOTS;
	assert_int_equal(memtrace_end_result(100, &r), 0);
	assert_int_equal(statuses[0], -EAGAIN);
	for (int i = 1; i < MARKER_SLOTS; i++)
		assert_int_equal(statuses[i], 0);
	assert_int_equal(slots_used, 0);
}

static void only_what_the_caller_knows_is_filled(void **state)
{
	struct {
		struct memtrace_result r;
		int64_t more[2];
	} big = {.more = {-7, -7}};
	struct memtrace_result small = {.size = sizeof(small) - 1, .own_major_faults = -7};
	long page = sysconf(_SC_PAGESIZE);

	(void)state;
	has_page = 1;
	big.r.size = sizeof(big);
	assert_int_equal(memtrace_end_result(5, &big.r), 0);
	assert_int_equal(big.r.growth_bytes, -2 * page);
	assert_int_equal(big.r.returned_bytes, 5 * page);
	assert_int_equal(big.r.own_major_faults, 1);
	assert_int_equal(big.r.size, sizeof(big));
	assert_true(big.more[0] == -7 && big.more[1] == -7);
	for (has_page = 0; has_page < 2; has_page++) {
		assert_int_equal(memtrace_end_result(5, &small), -EINVAL);
		assert_int_equal(memtrace_end_result(5, NULL), -EINVAL);
	}
	assert_int_equal(small.own_major_faults, -7);
}

/* One window without a result is its own fault, a second one may be the tracer's. */
static void a_silent_page_is_doubted(void **state)
{
	struct memtrace_result r = {.size = sizeof(r)};

	(void)state;
	has_page = 1;
	retries = 0;
	assert_int_equal(memtrace_end_result(5000, &r), -ENODATA);
	assert_int_equal(memtrace_end_result(6, &r), 0);
	assert_int_equal(memtrace_end_result(5000, &r), -ENODATA);
	assert_int_equal(retries, 0);
	assert_int_equal(memtrace_end_result(5000, &r), -ENODATA);
	assert_int_equal(retries, 1);
	has_page = 0;
	assert_int_equal(memtrace_end_result(7, &r), -ENODATA);
	assert_int_equal(retries, 2);
}

#define WITH_TRACER(test) cmocka_unit_test_setup_teardown(test, start_tracer, stop_tracer)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TRACER(a_client_gets_the_answer_and_the_page),
		WITH_TRACER(an_address_outside_code_is_refused),
		WITH_TRACER(nonsense_is_hung_up_on),
		WITH_TRACER(silent_clients_do_not_block_others),
		WITH_TRACER(a_process_is_heard_by_its_pid),
		WITH_TRACER(a_process_in_another_network_is_heard),
		cmocka_unit_test(a_deleted_object_is_opened),
		cmocka_unit_test(a_33rd_asker_finds_no_slot),
		cmocka_unit_test(only_what_the_caller_knows_is_filled),
		cmocka_unit_test(a_silent_page_is_doubted),
	};

	return cmocka_run_group_tests_name("rendezvous", tests, NULL, NULL);
}
