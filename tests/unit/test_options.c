// SPDX-License-Identifier: GPL-2.0-or-later
/* Command lines and what they become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/pids.h"
#include "cli/values.h"

/* Parses the words up to NULL; they stay where `options` points. */
static int parse(struct options *options, char **words)
{
	int argc = 0;

	while (words[argc])
		argc++;
	return options__parse(options, argc, words);
}

#define PARSE(options, ...) parse(options, (char *[]){"memtrace", __VA_ARGS__, NULL})

static void test_command(void **state)
{
	char *words[] = {"memtrace", "-q", "--", "ls", "-l", "--", "x", NULL};
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, words), 0);
	assert_ptr_equal(o.command, words + 3);
	assert_string_equal(o.command[3], "x");
	assert_null(o.command[4]);
	assert_true(o.quiet);
	assert_int_equal(o.pids_len, 0);
	options__free(&o);
}

static void test_defaults(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(PARSE(&o, "--", "true"), 0);
	assert_int_equal(o.specs_len, 1);
	assert_string_equal(o.specs[0].text, "marker");
	assert_int_equal(o.exports_len, 0);
	assert_int_equal(o.duration_ns, 0);
	assert_int_equal(o.top, 0);
	assert_int_equal(o.color, COLOR_AUTO);
	assert_int_equal(o.by, BY_PROCESS);
	assert_null(o.columns);
	assert_null(o.sort);
	assert_null(o.user);
	assert_null(o.ready_file);
	assert_false(o.no_follow || o.windows || o.bytes || o.quiet || o.verbose || o.strict);
	options__free(&o);
}

static void test_everything(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(PARSE(&o, "-w", "marker", "--window=marker", "--no-follow", "-d1.5",
			       "--json", "a.json", "--csv=-", "--json", "b.json", "--windows",
			       "--by", "cgroup", "--columns", "name,count", "--sort", "peak", "-n",
			       "7", "--bytes", "-qv", "--ready-file", "r", "--strict", "--color",
			       "never", "-p", "1"),
			 0);
	assert_int_equal(o.specs_len, 2);
	assert_true(o.duration_ns == 1500000000);
	assert_int_equal(o.exports_len, 3);
	assert_string_equal(o.exports[0].format, "json");
	assert_string_equal(o.exports[1].format, "csv");
	assert_string_equal(o.exports[1].path, "-");
	assert_string_equal(o.exports[2].path, "b.json");
	assert_int_equal(o.by, BY_CGROUP);
	assert_string_equal(o.columns, "name,count");
	assert_string_equal(o.sort, "peak");
	assert_int_equal(o.top, 7);
	assert_int_equal(o.color, COLOR_NEVER);
	assert_string_equal(o.ready_file, "r");
	assert_true(o.no_follow && o.windows && o.bytes && o.quiet && o.verbose && o.strict);
	assert_int_equal(o.pids_len, 1);
	assert_null(o.command);
	options__free(&o);
}

static void test_pids(void **state)
{
	pid_t *pids = NULL;
	size_t len = 0;
	char own[16];

	(void)state;
	assert_int_equal(pids__add(&pids, &len, "1,2"), 0);
	assert_int_equal(pids__add(&pids, &len, " 3 4\n5\n"), 0);
	assert_int_equal(pids__add(&pids, &len, "2, 6"), 0);
	assert_int_equal(len, 6);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(pids[i], i + 1);
	snprintf(own, sizeof(own), "%d", (int)getpid());
	assert_true(pids__add(&pids, &len, own) < 0);
	assert_true(pids__add(&pids, &len, "") < 0);
	assert_true(pids__add(&pids, &len, " ,\n") < 0);
	assert_true(pids__add(&pids, &len, "0") < 0);
	assert_true(pids__add(&pids, &len, "-1") < 0);
	assert_true(pids__add(&pids, &len, "2147483648") < 0);
	assert_true(pids__add(&pids, &len, "99999999999999999999") < 0);
	assert_true(pids__add(&pids, &len, "1x") < 0);
	free(pids);
}

static void test_unquoted_pids(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(PARSE(&o, "-p", "1", "2", "-q", "3"), 0);
	assert_int_equal(o.pids_len, 3);
	assert_true(o.quiet);
	options__free(&o);
	assert_true(PARSE(&o, "1", "2") < 0);
	options__free(&o);
}

static void test_duration(void **state)
{
	static const char *const bad[] = {"",	 ".",	"0",   "-1", "1e3",
					  "0x1", "inf", "nan", "1s", "1..2"};
	int64_t ns = -1;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(values__duration(&ns, bad[i]) < 0);
	assert_true(ns == -1);
	assert_int_equal(values__duration(&ns, "2"), 0);
	assert_true(ns == 2000000000);
	assert_int_equal(values__duration(&ns, ".25"), 0);
	assert_true(ns == 250000000);
	assert_int_equal(values__duration(&ns, "3."), 0);
	assert_true(ns == 3000000000);
	assert_int_equal(values__duration(&ns, "3000000000"), 0);
	assert_true(ns == 3000000000LL * 1000000000LL);
}

static void test_refused(void **state)
{
	struct options o;

	(void)state;
#define REFUSED(...)                                                                               \
	do {                                                                                       \
		assert_true(PARSE(&o, __VA_ARGS__) < 0);                                           \
		options__free(&o);                                                                 \
	} while (0)
	REFUSED("--");
	REFUSED("ls");
	REFUSED("-p", "1", "--", "ls");
	REFUSED("-a", "--", "ls");
	REFUSED("-o", "x", "--", "ls");
	REFUSED("--by=nosuch", "--", "ls");
	REFUSED("-w", "func:", "--", "ls");
	REFUSED("--nosuch", "--", "ls");
	REFUSED("-qZ", "--", "ls");
	REFUSED("-n", "0", "--", "ls");
	REFUSED("--color", "maybe", "--", "ls");
	REFUSED("--by", "pid", "--", "ls");
	REFUSED("--columns", "nosuch", "--", "ls");
	REFUSED("--user", "root", "-p", "1");
	REFUSED("--json", "f", "--csv", "f", "--", "ls");
	REFUSED("--json");
#undef REFUSED
}

static void test_usage_status(void **state)
{
	char *with[] = {"memtrace", "--nosuch", "--", "ls"};
	char *without[] = {"memtrace", "--nosuch"};

	(void)state;
	assert_int_equal(options__usage_status(4, with), 125);
	assert_int_equal(options__usage_status(2, without), 2);
}

static void test_commands(void **state)
{
	char *doctor[] = {"memtrace", "doctor"};
	char *plain[] = {"memtrace", "--", "doctor"};
	char *diff[] = {"memtrace", "diff"};

	(void)state;
	assert_ptr_equal(commands__find(2, doctor)->run, doctor__run);
	assert_null(commands__find(3, plain)->name);
	assert_null(commands__find(1, plain)->name);
	assert_int_equal(commands__find(2, diff)->run(2, diff), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command),	      cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_everything),    cmocka_unit_test(test_pids),
		cmocka_unit_test(test_unquoted_pids), cmocka_unit_test(test_duration),
		cmocka_unit_test(test_refused),	      cmocka_unit_test(test_usage_status),
		cmocka_unit_test(test_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
