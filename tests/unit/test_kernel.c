// SPDX-License-Identifier: GPL-2.0-or-later
/* How a kernel counts, told from its types: never taken for what it is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <bpf/btf.h>

#include "made_btf.h"
#include "trace/kernel.h"

static void each_layout_is_told_apart(void **state)
{
	static const struct {
		const char *name;
		enum counters counters;
		bool rss_stat;
	} cases[] = {
		{"percpu", COUNTERS_PERCPU, true},
		{"one-cpu", COUNTERS_PERCPU, true},
		{"split", COUNTERS_SPLIT, true},
		{"tree", COUNTERS_UNKNOWN, true},
		{"reordered", COUNTERS_UNKNOWN, true},
		{"wide-slots", COUNTERS_UNKNOWN, true},
		{"few", COUNTERS_UNKNOWN, true},
		{"old-tracepoint", COUNTERS_UNKNOWN, true},
		{"no-tracepoint", COUNTERS_UNKNOWN, false},
		{"no-mm", COUNTERS_UNKNOWN, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct btf *btf = made_btf__new(cases[i].name);
		struct kernel kernel;

		assert_non_null(btf);
		kernel__read(&kernel, btf);
		if (kernel.counters != cases[i].counters || kernel.rss_stat != cases[i].rss_stat)
			fail_msg("%s: %s, tracepoint %d", cases[i].name,
				 kernel__counters_name(kernel.counters), kernel.rss_stat);
		assert_false(kernel.loops);
		assert_false(kernel.uprobe_multi);
		assert_false(kernel.fault_tracepoints);
		btf__free(btf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_layout_is_told_apart),
	};

	return cmocka_run_group_tests_name("kernel", tests, NULL, NULL);
}
