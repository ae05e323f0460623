// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/groups.h"

#define KIB(n) ((int64_t)((n)*1024.0))
#define MIB(n) ((int64_t)((n)*1024.0 * 1024.0))
#define MS(n)  ((int64_t)((n)*1e6))
#define LEN(a) (sizeof(a) / sizeof((a)[0]))

#define SUMMARY(n, sum, least, middle, most, exact, spread)                                        \
	{                                                                                          \
		.count = (n), .total = (sum), .min = (least), .max = (most),                       \
		.mean = (double)(sum) / (n), .median = (middle), .median_exact = (exact),          \
		.stddev = (spread)                                                                 \
	}

/* Packed: one value a line is more than fits a screen. */
// clang-format off
static const struct operation operations[FIXTURE_OPERATIONS] = {
	[FIXTURE_LOAD] = {
		.name = "load stage", .count = 5, .parent = -1,
		.growth_bytes = SUMMARY(5, MIB(60), MIB(10), MIB(12), MIB(14), true, 1658102.5),
		.peak_growth_bytes = SUMMARY(5, MIB(80), MIB(14), MIB(16), MIB(18), true, 1482909.0),
		.duration_ns = SUMMARY(5, MS(2060), MS(400), MS(412), MS(424.5), true, 12.1e6),
		.peak_rss_bytes = MIB(118), .peak_by_type_bytes = { MIB(100), MIB(17), MIB(1) },
		.by_type_bytes = { MIB(58), MIB(1.5), MIB(0.5), MIB(2) }, .gained_bytes = MIB(72),
		.returned_bytes = MIB(12), .own_growth_bytes = MIB(60),
		.self_growth_bytes = MIB(22.5), .foreign_growth_bytes = 0,
		.own_faults = { true, 15360, 3 },
	},
	[FIXTURE_PARSE] = {
		.name = "parse", .count = 25, .parent = FIXTURE_LOAD,
		.growth_bytes = SUMMARY(25, MIB(37.5), MIB(1), MIB(1.5), MIB(2), true, 204800.25),
		.peak_growth_bytes = SUMMARY(25, MIB(50), MIB(1), MIB(2), MIB(4), true, 409600.5),
		.duration_ns = SUMMARY(25, MS(1030), MS(39), MS(41), MS(48), true, 2.34e6),
		.peak_rss_bytes = MIB(118), .peak_by_type_bytes = { MIB(100), MIB(17), MIB(1) },
		.by_type_bytes = { MIB(37.5), 0, 0, 0 }, .gained_bytes = MIB(40),
		.returned_bytes = MIB(2.5), .own_growth_bytes = MIB(37.5),
		.self_growth_bytes = MIB(37.4), .own_faults = { true, 9600, 0 },
	},
	[FIXTURE_TOKENIZE] = {
		.name = "tokenize", .count = 250000, .parent = FIXTURE_PARSE,
		.growth_bytes = SUMMARY(250000, KIB(104), 0, 0, KIB(4), false, 83.2),
		.peak_growth_bytes = SUMMARY(250000, KIB(104), 0, 0, KIB(8), false, 83.5),
		.duration_ns = SUMMARY(250000, MS(250), 880, 990, 31000, false, 410.7),
		.peak_rss_bytes = MIB(117.5), .peak_by_type_bytes = { MIB(100), MIB(16.5), MIB(1) },
		.by_type_bytes = { KIB(104), 0, 0, 0 }, .gained_bytes = KIB(108),
		.returned_bytes = KIB(4), .own_growth_bytes = KIB(104),
		.self_growth_bytes = KIB(104), .own_faults = { true, 26, 0 },
	},
	[FIXTURE_SERVE] = {
		.name = "serve request", .count = 40, .overlapped_count = 12, .parent = -1,
		.growth_bytes = SUMMARY(40, -KIB(812), -KIB(64), -KIB(20), KIB(4), true, 9000.0),
		.peak_growth_bytes = SUMMARY(40, MIB(20), 0, KIB(512), MIB(1), true, 100000.0),
		.duration_ns = SUMMARY(40, 8200000, 150000, 201000, 390000, true, 61234.5),
		.peak_rss_bytes = MIB(64), .peak_by_type_bytes = { MIB(50), MIB(14), 0 },
		.by_type_bytes = { -KIB(812), 0, 0, KIB(800) }, .gained_bytes = MIB(20),
		.returned_bytes = MIB(20) + KIB(812), .own_growth_bytes = -KIB(12),
		.self_growth_bytes = -KIB(812), .foreign_growth_bytes = -KIB(800),
	},
	[FIXTURE_HOSTILE] = {
		.name = "\x1b[31mred\x1b[0m \"quoted\", comma\nnewline", .count = 1,
		.parent = FIXTURE_SERVE,
		.growth_bytes = SUMMARY(1, 4096, 4096, 4096, 4096, true, 0),
		.peak_growth_bytes = SUMMARY(1, 4096, 4096, 4096, 4096, true, 0),
		.duration_ns = SUMMARY(1, 850, 850, 850, 850, true, 0), .peak_rss_bytes = MIB(64),
		.peak_by_type_bytes = { MIB(50), MIB(14), 0 }, .by_type_bytes = { 4096, 0, 0, 0 },
		.gained_bytes = 4096, .own_growth_bytes = 4096, .self_growth_bytes = 4096,
		.own_faults = { true, 1, 0 },
	},
	[FIXTURE_FORMULA] = {
		.name = "=cmd|' /C calc'!A0", .count = 2, .parent = -1,
		.growth_bytes = SUMMARY(2, 0, 0, 0, 0, true, 0.0),
		.peak_growth_bytes = SUMMARY(2, 0, 0, 0, 0, true, 0.0),
		.duration_ns = SUMMARY(2, 1600, 750, 800, 850, true, 70.7),
		.peak_rss_bytes = MIB(64), .peak_by_type_bytes = { MIB(50), MIB(14), 0 },
		.own_faults = { true, 0, 0 },
	},
	[FIXTURE_BYTES] = {
		.name = "caf\xc3\xa9 \xe6\xbc\xa2\xe5\xad\x97 \xff\xfe", .count = 1,
		.parent = -1,
		.growth_bytes = SUMMARY(1, MIB(2048), MIB(2048), MIB(2048), MIB(2048), true, 0),
		.peak_growth_bytes = SUMMARY(1, MIB(2048), MIB(2048), MIB(2048), MIB(2048), true, 0),
		.duration_ns = SUMMARY(1, MS(1234), MS(1234), MS(1234), MS(1234), true, 0),
		.peak_rss_bytes = MIB(2112), .peak_by_type_bytes = { MIB(2098), MIB(14), 0 },
		.by_type_bytes = { MIB(2048), 0, 0, 0 }, .gained_bytes = MIB(2048),
		.own_growth_bytes = MIB(2048), .self_growth_bytes = MIB(2048),
		.own_faults = { true, 1024, 0 },
	},
	[FIXTURE_WORKER] = {
		.name = "spawn worker", .count = 2, .incomplete = 1, .parent = -1,
		.growth_bytes = SUMMARY(1, MIB(1), MIB(1), MIB(1), MIB(1), true, 0),
		.peak_growth_bytes = SUMMARY(1, MIB(2), MIB(2), MIB(2), MIB(2), true, 0),
		.duration_ns = SUMMARY(1, MS(3), MS(3), MS(3), MS(3), true, 0),
		.peak_rss_bytes = MIB(66), .peak_by_type_bytes = { MIB(52), MIB(14), 0 },
		.by_type_bytes = { MIB(1.5), 0, 0, 0 }, .gained_bytes = MIB(2),
		.returned_bytes = MIB(0.5), .own_growth_bytes = MIB(1.5),
		.self_growth_bytes = MIB(1.5), .own_faults = { true, 384, 0 },
	},
	[FIXTURE_CUT] = {
		.name = "shut down", .count = 1, .incomplete = 1, .parent = -1,
	},
};

static char *python[] = {"python3", "bench.py", "--rounds=5"};

static char *worker[] = {"./worker", "\x1b]0;owned\a", "two\nlines", "\xff"};

static char *nested[] = {"load stage", "parse"};

static char *tree_open[] = {"load stage", "parse", "spawn worker"};

static const struct process_row processes[] = {
	{
		.pid = 4711, .ppid = 4700, .comm = "python3", .command = python,
		.command_len = LEN(python), .cgroup = "/user.slice", .user = "ann",
		.begin = ROW_BEGIN_EXEC, .end = ROW_END_EXIT, .exited = true,
		.duration_ns = MS(3500), .rss_begin_bytes = KIB(4), .rss_end_bytes = MIB(96.25),
		.peak_rss_bytes = MIB(118), .peak_at_ns = MS(512),
		.peak_by_type_bytes = { MIB(100), MIB(17), MIB(1) }, .peak_operations = nested,
		.peak_operations_len = LEN(nested), .gained_bytes = MIB(160),
		.returned_bytes = MIB(63.75), .faults = { true, 31042, 7 },
	},
	{
		.pid = 4712, .ppid = 4711, .comm = "python3", .hidden = true,
		.begin = ROW_BEGIN_FORK, .end = ROW_END_EXEC, .begin_ns = MS(500),
		.duration_ns = MS(1), .rss_begin_bytes = MIB(12), .rss_end_bytes = MIB(12),
		.peak_rss_bytes = MIB(12), .peak_at_ns = MS(500),
		.peak_by_type_bytes = { MIB(4), MIB(8), 0 }, .faults = { true, 80, 0 },
	},
	{
		.pid = 4712, .ppid = 4711, .comm = "worker", .command = worker,
		.command_len = LEN(worker), .begin = ROW_BEGIN_EXEC, .end = ROW_END_EXIT,
		.exited = true, .exit_signal = 11, .begin_ns = MS(501), .duration_ns = MS(1200),
		.rss_begin_bytes = 0, .rss_end_bytes = MIB(64), .peak_rss_bytes = MIB(66),
		.peak_at_ns = MS(900), .peak_by_type_bytes = { MIB(52), MIB(14), 0 },
		.swap_peak_bytes = KIB(800), .gained_bytes = MIB(70), .returned_bytes = MIB(6),
		.faults = { false, 0, 0 },
	},
};

static const struct window_row windows[] = {
	{
		.operation = FIXTURE_PARSE, .id = 2, .parent = 1, .pid = 4711, .tid = 4711,
		.begin_ns = MS(20), .duration_ns = MS(41.2), .end = WINDOW_END_END,
		.rss_begin_bytes = MIB(12), .growth_bytes = MIB(1.5), .peak_growth_bytes = MIB(2),
		.gained_bytes = MIB(1.6), .returned_bytes = MIB(0.1), .own_growth_bytes = MIB(1.5),
		.self_growth_bytes = MIB(1.5), .by_type_bytes = { MIB(1.5), 0, 0, 0 },
		.own_faults = { true, 384, 0 },
	},
	{
		.operation = FIXTURE_LOAD, .id = 1, .pid = 4711, .tid = 4711, .begin_ns = MS(12.5),
		.duration_ns = MS(412), .end = WINDOW_END_END, .rss_begin_bytes = MIB(10),
		.growth_bytes = MIB(12), .peak_growth_bytes = MIB(16), .gained_bytes = MIB(18),
		.returned_bytes = MIB(6), .own_growth_bytes = MIB(12),
		.self_growth_bytes = MIB(10.5), .by_type_bytes = { MIB(12), 0, 0, 0 },
		.own_faults = { true, 3072, 1 },
	},
	{
		.operation = FIXTURE_SERVE, .id = 3, .pid = 4712, .tid = 4713, .overlapped = true,
		.begin_ns = MS(600), .duration_ns = 201000, .end = WINDOW_END_UNWOUND,
		.rss_begin_bytes = MIB(60), .growth_bytes = -KIB(20), .peak_growth_bytes = 0,
		.returned_bytes = KIB(20), .own_growth_bytes = -KIB(20),
		.self_growth_bytes = -KIB(20), .by_type_bytes = { -KIB(20), 0, 0, KIB(20) },
	},
	{
		.operation = FIXTURE_WORKER, .id = 5, .parent = 4, .index = 1, .pid = 4712,
		.tid = 4712, .begin_ns = MS(1650), .duration_ns = MS(51), .end = WINDOW_END_EXIT,
		.rss_begin_bytes = MIB(64), .growth_bytes = MIB(0.5), .peak_growth_bytes = MIB(2),
		.gained_bytes = MIB(2), .returned_bytes = MIB(1.5), .own_growth_bytes = MIB(0.5),
		.self_growth_bytes = MIB(0.5), .by_type_bytes = { MIB(0.5), 0, 0, 0 },
		.own_faults = { true, 512, 0 },
	},
};
// clang-format on

static char *copy(const char *string)
{
	return string ? strdup(string) : NULL;
}

static char **copy_list(char *const *strings, size_t len)
{
	char **list = calloc(len + 1, sizeof(*list));

	for (size_t i = 0; i < len; i++)
		list[i] = copy(strings[i]);
	return list;
}

static void fill_host(struct report *out)
{
	out->host = (struct host){
		.kernel = copy("6.18.44"),
		.arch = copy("x86_64"),
		.cpus = 2,
		.page_size_bytes = 4096,
		.thp = copy("madvise"),
	};
	out->accounting.model = "percpu";
	out->overhead =
		(struct overhead){.attach_ns = MS(81), .bpf_time_ns = -1, .bpf_events = 40213};
}

static void fill_trace(struct report *out)
{
	static char *specs[] = {"marker"};

	out->trace = (struct trace_info){
		.mode = TRACE_COMMAND,
		.command = copy_list(python, LEN(python)),
		.command_len = LEN(python),
		.pids = calloc(1, sizeof(int32_t)),
		.pids_len = 1,
		.windows = copy_list(specs, 1),
		.windows_len = 1,
		.started_at_s = 1795428000,
		.duration_ns = MS(3500.123456),
		.exited = true,
	};
	out->trace.pids[0] = 4711;
}

static void fill_processes(struct report *out)
{
	out->processes_len = LEN(processes);
	out->processes = calloc(LEN(processes), sizeof(*out->processes));
	for (size_t i = 0; i < LEN(processes); i++) {
		const struct process_row *from = &processes[i];
		struct process_row *p = &out->processes[i];

		*p = *from;
		p->comm = copy(from->comm);
		p->command = copy_list(from->command, from->command_len);
		p->cgroup = copy(from->cgroup);
		p->user = copy(from->user);
		p->peak_operations = copy_list(from->peak_operations, from->peak_operations_len);
	}
	out->tree = (struct tree){
		.peak_rss_bytes = MIB(180),
		.peak_at_ns = MS(512),
		.processes = LEN(processes),
		.peak_operations = copy_list(tree_open, LEN(tree_open)),
		.peak_operations_len = LEN(tree_open),
	};
}

void fixture__empty(struct report *out)
{
	*out = (struct report){0};
	fill_host(out);
	fill_trace(out);
}

void fixture__report(struct report *out)
{
	fixture__empty(out);
	fill_processes(out);
	out->operations_len = LEN(operations);
	out->operations = malloc(sizeof(operations));
	memcpy(out->operations, operations, sizeof(operations));
	for (size_t i = 0; i < LEN(operations); i++)
		out->operations[i].name = copy(operations[i].name);
	out->windows_len = LEN(windows);
	out->windows = malloc(sizeof(windows));
	memcpy(out->windows, windows, sizeof(windows));
}

void fixture__group(struct report *report, enum report_by by)
{
	static const struct process_row left_out = {
		.pid = 4720,
		.comm = (char *)"worker",
		.cgroup =
			(char *)"/system.slice/docker-3f4e5a6b7c8d9e0f112233445566778899aabbccddee"
				"ff00112233445566778a.scope",
		.user = (char *)"ann\x1b[31m",
		.end = ROW_END_DETACH,
		.rss_begin_bytes = MIB(1),
		.rss_end_bytes = MIB(3),
		.peak_rss_bytes = MIB(5),
		.gained_bytes = MIB(6),
		.returned_bytes = MIB(4),
		.faults = {true, 100, 0},
	};
	struct groups *groups;

	report->by = by;
	if (groups__new(&groups, by))
		abort();
	for (size_t i = 0; i < report->processes_len; i++)
		groups__add(groups, &report->processes[i]);
	for (int i = 0; i < 3; i++)
		groups__add(groups, &left_out);
	groups__take(groups, report);
	groups__free(groups);
	report->processes_left_out = (struct left_out){
		.processes = 3,
		.peak_rss_bytes = MIB(5),
		.gained_bytes = MIB(18),
		.returned_bytes = MIB(12),
	};
	report->tree.processes += 3;
}
