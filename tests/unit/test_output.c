// SPDX-License-Identifier: GPL-2.0-or-later
/* Files that are complete or not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/output.h"

static struct identity self;
static char work[] = "/tmp/memtrace-output.XXXXXX";

static int enter(void **state)
{
	(void)state;
	self = (struct identity){.uid = getuid(), .gid = getgid()};
	return !mkdtemp(work) || chdir(work);
}

static int leave(void **state)
{
	(void)state;
	return chdir("/") || rmdir(work);
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void expect_content(const char *path, const char *text)
{
	char got[64] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_true(fread(got, 1, sizeof(got) - 1, file) <= sizeof(got));
	fclose(file);
	assert_string_equal(got, text);
}

static void expect_no_temporary_files(void)
{
	DIR *dir = opendir(".");
	struct dirent *entry;

	while ((entry = readdir(dir)))
		assert_int_not_equal(strncmp(entry->d_name, ".memtrace-", 10), 0);
	closedir(dir);
}

static int write_to(const char *path, const char *text)
{
	struct output *output = NULL;
	int err = output__open(&output, path, &self);

	if (err) {
		assert_null(output);
		return err;
	}
	assert_true(fputs(text, output__stream(output)) >= 0);
	return output__commit(output);
}

static void test_new_file(void **state)
{
	(void)state;
	assert_int_equal(write_to("new", "hello"), 0);
	expect_content("new", "hello");
	expect_no_temporary_files();
	unlink("new");
}

static void test_replaces_only_at_commit(void **state)
{
	struct output *output;
	struct stat st;

	(void)state;
	put("file", "old");
	assert_int_equal(chmod("file", 0640), 0);
	assert_int_equal(output__open(&output, "file", &self), 0);
	fputs("new", output__stream(output));
	expect_content("file", "old");
	assert_int_equal(output__commit(output), 0);
	expect_content("file", "new");
	assert_int_equal(stat("file", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	expect_no_temporary_files();
	unlink("file");
}

static void test_discard(void **state)
{
	struct output *output;

	(void)state;
	assert_int_equal(output__open(&output, "never", &self), 0);
	fputs("x", output__stream(output));
	output__discard(output);
	output__discard(NULL);
	assert_int_equal(access("never", F_OK), -1);
	expect_no_temporary_files();
}

static void test_refused(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "sock"};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(mkdir("dir", 0755), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_true(write_to("sock", "x") < 0);
	assert_true(write_to("dir", "x") < 0);
	assert_true(write_to("dir/", "x") < 0);
	assert_true(write_to("nodir/file", "x") < 0);
	assert_true(write_to("newdir/", "x") < 0);
	assert_true(write_to("loop", "x") < 0);
	assert_true(write_to("", "x") < 0);
	assert_true(write_to("/dev/fd/999", "x") < 0);
	assert_true(write_to("/", "x") < 0);
	close(fd);
	unlink("sock");
	unlink("loop");
	rmdir("dir");
}

static void test_links(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(mkdir("dir", 0755), 0);
	put("dir/target", "old");
	assert_int_equal(symlink("dir/target", "link"), 0);
	assert_int_equal(symlink("link", "link2"), 0);
	assert_int_equal(write_to("link2", "new"), 0);
	expect_content("dir/target", "new");
	assert_int_equal(lstat("link2", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(symlink("dir/fresh", "dangling"), 0);
	assert_int_equal(write_to("dangling", "fresh"), 0);
	expect_content("dir/fresh", "fresh");
	unlink("dir/target");
	unlink("dir/fresh");
	unlink("link");
	unlink("link2");
	unlink("dangling");
	rmdir("dir");
}

static void test_another_users_link(void **state)
{
	(void)state;
	if (getuid() != 0)
		skip();
	assert_int_equal(mkdir("shared", 0700), 0);
	assert_int_equal(chmod("shared", 01777), 0);
	put("victim", "precious");
	assert_int_equal(symlink("../victim", "shared/link"), 0);
	assert_int_equal(lchown("shared/link", 65534, 65534), 0);
	assert_true(write_to("shared/link", "x") < 0);
	expect_content("victim", "precious");
	unlink("shared/link");
	rmdir("shared");
	unlink("victim");
}

static void test_devices_and_descriptors(void **state)
{
	struct output *output;
	int fd;

	(void)state;
	assert_int_equal(write_to("/dev/null", "x"), 0);
	assert_true(write_to("/dev/full", "x") < 0);
	fd = open("file", O_CREAT | O_RDWR, 0600);
	assert_int_equal(dup2(fd, 40), 40);
	assert_int_equal(write_to("/dev/fd/40", "there"), 0);
	expect_content("file", "there");
	assert_int_equal(output__open(&output, "/dev/fd/40", &self), 0);
	assert_true(output__is_descriptor(output, 40));
	assert_false(output__is_descriptor(output, 1));
	output__discard(output);
	/* A descriptor that memtrace has opened itself is none of the user's. */
	assert_int_equal(fcntl(40, F_SETFD, FD_CLOEXEC), 0);
	assert_true(write_to("/dev/fd/40", "x") < 0);
	close(40);
	close(fd);
	unlink("file");
}

static void test_fifo(void **state)
{
	struct output *output;
	char got[8] = "";
	int reader;

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	/* No reader: opening does not wait. */
	assert_int_equal(output__open(&output, "fifo", &self), 0);
	output__discard(output);
	reader = open("fifo", O_RDONLY | O_NONBLOCK);
	assert_int_equal(write_to("fifo", "hello"), 0);
	assert_int_equal(read(reader, got, sizeof(got)), 5);
	assert_string_equal(got, "hello");
	assert_int_equal(read(reader, got, sizeof(got)), 0);
	close(reader);
	unlink("fifo");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_file),
		cmocka_unit_test(test_replaces_only_at_commit),
		cmocka_unit_test(test_discard),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_another_users_link),
		cmocka_unit_test(test_devices_and_descriptors),
		cmocka_unit_test(test_fifo),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
