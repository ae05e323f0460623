// SPDX-License-Identifier: GPL-2.0-or-later
/* COMMAND in two steps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "trace/spawn.h"

#define ARGV(...) ((char *const[]){__VA_ARGS__, NULL})

static char script[] = "/tmp/memtrace-spawn.XXXXXX";

/* Its wait status. */
static int run(const struct spawn_options *options)
{
	struct spawn spawn = SPAWN_INIT;
	int status;

	assert_int_equal(spawn__prepare(&spawn, options), 0);
	assert_true(spawn.pid > 0);
	assert_int_equal(spawn__go(&spawn), 0);
	assert_int_equal(waitpid(spawn.pid, &status, 0), spawn.pid);
	spawn__abandon(&spawn);
	return status;
}

static int prepare(char *name)
{
	const struct spawn_options options = {.argv = ARGV(name)};
	struct spawn spawn = SPAWN_INIT;
	int err = spawn__prepare(&spawn, &options);

	if (err)
		assert_int_equal(spawn.pid, -1);
	spawn__abandon(&spawn);
	return err;
}

static void write_script(const char *text)
{
	int fd = open(script, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_true(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static int enter(void **state)
{
	int fd = mkstemp(script);

	(void)state;
	return fd < 0 || fchmod(fd, 0755) || close(fd);
}

static int leave(void **state)
{
	(void)state;
	return unlink(script);
}

static void test_status(void **state)
{
	const struct spawn_options options = {.argv = ARGV("sh", "-c", "exit 7")};
	int status = run(&options);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}

static void test_waits_until_go(void **state)
{
	const struct spawn_options options = {.argv = ARGV("true")};
	struct spawn spawn = SPAWN_INIT;
	char path[64], exe[256] = "", own[256] = "";

	(void)state;
	assert_int_equal(spawn__prepare(&spawn, &options), 0);
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)spawn.pid);
	assert_true(readlink(path, exe, sizeof(exe) - 1) > 0);
	assert_true(readlink("/proc/self/exe", own, sizeof(own) - 1) > 0);
	assert_string_equal(exe, own);
	spawn__abandon(&spawn);
	assert_int_equal(spawn.pid, -1);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void test_not_found(void **state)
{
	(void)state;
	assert_int_equal(prepare("memtrace-no-such-command"), -ENOENT);
	assert_int_equal(prepare("./memtrace-no-such-command"), -ENOENT);
	assert_int_equal(prepare(""), -ENOENT);
	assert_int_equal(prepare("/tmp"), -EACCES);
	assert_int_equal(prepare("/etc/passwd"), -EACCES);
	assert_int_equal(prepare("/etc/passwd/x"), -EACCES);
	assert_int_equal(prepare("/dev/null"), -EACCES);
	assert_int_equal(prepare("true"), 0);
}

static void test_path(void **state)
{
	char *before = strdup(getenv("PATH"));

	(void)state;
	setenv("PATH", "/nonexistent:/tmp", 1);
	assert_int_equal(prepare("true"), -ENOENT);
	assert_int_equal(prepare(script + strlen("/tmp/")), 0);
	/* Found first where it may not be executed, then where it may. */
	setenv("PATH", "/etc", 1);
	assert_int_equal(prepare("passwd"), -EACCES);
	setenv("PATH", "/etc:/usr/bin", 1);
	assert_int_equal(prepare("passwd"), 0);
	unsetenv("PATH");
	assert_int_equal(prepare("true"), 0);
	setenv("PATH", before, 1);
	free(before);
}

static void test_exec_error(void **state)
{
	const struct spawn_options options = {.argv = ARGV(script)};
	struct spawn spawn = SPAWN_INIT;

	(void)state;
	write_script("#!/no/such/interpreter\n");
	assert_int_equal(spawn__prepare(&spawn, &options), 0);
	assert_int_equal(spawn__go(&spawn), -EACCES);
	assert_int_equal(spawn.pid, -1);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void test_script_without_interpreter(void **state)
{
	const struct spawn_options options = {.argv = ARGV(script, "3")};

	(void)state;
	write_script("exit $1\n");
	assert_int_equal(WEXITSTATUS(run(&options)), 3);
}

static void test_environment(void **state)
{
	const struct spawn_variable variables[] = {{"ANSWER", "42"}, {"QUESTION", "?"}};
	const struct spawn_options options = {
		.argv = ARGV("sh", "-c", "test \"$ANSWER$QUESTION\" = '42?'"),
		.variables = variables,
		.variables_len = 2,
	};

	(void)state;
	assert_int_equal(run(&options), 0);
	assert_null(getenv("ANSWER"));
}

static void test_signals(void **state)
{
	sigset_t before, blocked;
	struct spawn_options options = {.mask = &before, .ignore_sigchld = true};

	(void)state;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	/* SIGTERM (15) is bit 14, in the fourth digit from the right: not set. */
	options.argv = ARGV("grep", "-Eq", "^SigBlk:.*[012389ab][0-9a-f]{3}$", "/proc/self/status");
	assert_int_equal(run(&options), 0);
	/* SIGCHLD (17) is bit 16, in the fifth one: set. */
	options.argv = ARGV("grep", "-Eq", "^SigIgn:.*[13579bdf][0-9a-f]{4}$", "/proc/self/status");
	assert_int_equal(run(&options), 0);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void test_dies_with_its_parent(void **state)
{
	const struct spawn_options options = {.argv = ARGV("true")};
	struct spawn spawn = SPAWN_INIT;
	int status;

	(void)state;
	assert_int_equal(spawn__prepare(&spawn, &options), 0);
	/* What the kernel does when memtrace dies. */
	close(spawn.go_fd);
	assert_int_equal(waitpid(spawn.pid, &status, 0), spawn.pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 125);
	close(spawn.error_fd);
}

static void test_killed_while_waiting(void **state)
{
	const struct spawn_options options = {.argv = ARGV("true")};
	struct spawn spawn = SPAWN_INIT;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(spawn__prepare(&spawn, &options), 0);
	kill(spawn.pid, SIGKILL);
	while (waitid(P_PID, spawn.pid, &(siginfo_t){0}, WEXITED | WNOWAIT))
		;
	assert_true(spawn__go(&spawn) < 0);
	assert_int_equal(spawn.pid, -1);
	signal(SIGPIPE, SIG_DFL);
}

static void test_user(void **state)
{
	struct spawn_options options = {
		.argv = ARGV("sh", "-c", "test $(id -u) = 65534 && test $USER = nobody"),
		.user = "nobody",
	};
	struct spawn spawn = SPAWN_INIT;

	(void)state;
	if (getuid() != 0) {
		assert_int_equal(spawn__prepare(&spawn, &options), -EINVAL);
		return;
	}
	assert_int_equal(run(&options), 0);
	options.user = "memtrace-no-such-user";
	assert_int_equal(spawn__prepare(&spawn, &options), -EINVAL);
	options.user = NULL;
	setenv("SUDO_UID", "65534", 1);
	setenv("SUDO_GID", "65534", 1);
	assert_int_equal(run(&options), 0);
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_waits_until_go),
		cmocka_unit_test(test_not_found),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_exec_error),
		cmocka_unit_test(test_script_without_interpreter),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_dies_with_its_parent),
		cmocka_unit_test(test_killed_while_waiting),
		cmocka_unit_test(test_user),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
