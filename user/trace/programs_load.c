// SPDX-License-Identifier: GPL-2.0-or-later
/* Loading the programs: which of them, with maps of which size. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "trace/kernel.h"
#include "trace/programs_private.h"

/* Of the views of all spaces together; beyond, fewer spaces are traced at one time. */
#define VIEWS_MAX_BYTES (64u << 20)
#define VIEW_BYTES	64u
#define ALL_FACTOR_BITS 3 /* tens of thousands of processes */
#define EVENTS_BYTES	(1u << 20)

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	char *text, *rest, *line;

	if (!log__is_verbose() || level == LIBBPF_DEBUG || vasprintf(&text, format, args) < 0)
		return 0;
	/* The verifier's log is a message of many lines. */
	rest = text;
	while ((line = strsep(&rest, "\n")))
		if (*line)
			log__debug("%s", line);
	free(text);
	return 0;
}

/* Room for spaces and processes: 2 to the power of factor_bits times the usual. */
static int size_spaces(struct programs *p, unsigned int cpus, unsigned int factor_bits)
{
	struct memtrace_bpf *skel = p->skel;
	struct {
		struct bpf_map *map;
		uint32_t entries;
	} sizes[] = {
		{skel->maps.cpu_views, 0},
		{skel->maps.spaces, MT_MAX_SPACES << factor_bits},
		{skel->maps.free_spaces, MT_MAX_SPACES << factor_bits},
		{skel->maps.space_index, MT_INDEX_BUCKETS << factor_bits},
		{skel->maps.procs, MT_MAX_PROCS << factor_bits},
		{skel->maps.events, EVENTS_BYTES << factor_bits},
		{skel->maps.walks, MT_WALKS * cpus},
	};
	int r = 0;

	p->spaces = VIEWS_MAX_BYTES / (VIEW_BYTES * cpus);
	if (p->spaces > sizes[1].entries)
		p->spaces = sizes[1].entries;
	sizes[0].entries = p->spaces * cpus;
	skel->rodata->max_spaces = p->spaces;
	skel->rodata->index_shift -= factor_bits;
	for (size_t i = 0; !r && i < sizeof(sizes) / sizeof(sizes[0]); i++)
		r = bpf_map__set_max_entries(sizes[i].map, sizes[i].entries);
	return r;
}

/*
 * One link for many places. Bound to a process (--no-follow) that needs a newer kernel: up to
 * Linux 6.9 it takes the process' first thread for the whole of it.
 */
static void expect_many(struct memtrace_bpf *skel, const struct programs_options *options)
{
	const struct kernel *kernel = options->kernel;
	struct bpf_program *const programs[] = {
		skel->progs.on_marker_begin,   skel->progs.on_marker_end,
		skel->progs.on_function_entry, skel->progs.on_function_return,
		skel->progs.on_catch,
	};

	if (!(options->follow ? kernel->uprobe_multi : kernel->uprobe_multi_pid))
		return;
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		bpf_program__set_expected_attach_type(programs[i], ATTACH_UPROBE_MULTI);
}

/* What the verifier need not look at is not loaded. */
static int size_sources(struct programs *p, const struct programs_options *options)
{
	struct memtrace_bpf *skel = p->skel;

	bpf_program__set_autoload(skel->progs.on_usdt_begin, options->usdt);
	bpf_program__set_autoload(skel->progs.on_usdt_end, options->usdt);
	bpf_program__set_autoload(skel->progs.on_function_entry, options->functions);
	bpf_program__set_autoload(skel->progs.on_function_return, options->functions);
	bpf_program__set_autoload(skel->progs.on_catch, options->functions);
	expect_many(skel, options);
	p->max_sources = options->functions ? MT_MAX_SOURCES : options->usdt ? MT_MAX_USDT : 1;
	return bpf_map__set_max_entries(skel->maps.sources, p->max_sources);
}

/* How page faults are seen: one of three ways. None is loaded unless it is chosen. */
static void choose_faults(struct memtrace_bpf *skel, const struct kernel *kernel)
{
	if (kernel->fault_end) {
		bpf_program__set_autoload(skel->progs.on_fault_done, true);
	} else if (kernel->fault_tracepoints) {
		bpf_program__set_autoload(skel->progs.on_fault_user, true);
		bpf_program__set_autoload(skel->progs.on_fault_kernel, true);
	} else {
		bpf_program__set_autoload(skel->progs.on_fault_event, true);
	}
}

/* What an edition does without: maps of the others, elements that are made when they are needed. */
static int size_edition(struct programs *p, const struct kernel *kernel, unsigned int factor_bits)
{
	struct memtrace_bpf *skel = p->skel;
	struct bpf_map *const fixed[] = {skel->maps.procs, skel->maps.wanted, skel->maps.op_ids,
					 skel->maps.result_of};
	bool serial = p->edition == EDITION_SPLIT_SERIAL, split = p->edition != EDITION_PERCPU;
	int r = bpf_map__set_autocreate(skel->maps.turn, serial);

	if (!r)
		r = bpf_map__set_autocreate(skel->maps.task_views, split);
	if (!r)
		r = bpf_map__set_max_entries(skel->maps.task_views, MT_MAX_TASKS << factor_bits);
	for (size_t i = 0; !r && serial && i < sizeof(fixed) / sizeof(fixed[0]); i++)
		r = bpf_map__set_map_flags(fixed[i], 0);
	if (split)
		choose_faults(p->skel, kernel);
	return r;
}

static int set_and_load(struct programs *p, const struct programs_options *options)
{
	int cpus = libbpf_num_possible_cpus(), r;
	int most = p->edition == EDITION_SPLIT_SERIAL ? MT_SERIAL_CPUS : MT_MAX_CPUS;
	unsigned int factor_bits = options->all ? ALL_FACTOR_BITS : 0;

	if (cpus < 0 || cpus > most) {
		log__error("CPUs: %d possible, up to %d can be told apart", cpus, most);
		return -ENOTSUP;
	}
	p->skel->rodata->cpus = (uint32_t)cpus;
	p->skel->rodata->follow = options->follow;
	p->skel->rodata->hold_cpu = options->kernel->hold_cpu;
	p->skel->rodata->by_thread = options->by_thread;
	r = size_spaces(p, (unsigned int)cpus, factor_bits);
	if (!r)
		r = size_edition(p, options->kernel, factor_bits);
	if (!r)
		r = size_sources(p, options);
	if (!r)
		r = memtrace_bpf__load(p->skel);
	if (r) {
		log__error("loading the BPF programs: %s", strerror(-r));
		log__hint(r == -EPERM
				  ? "run with sudo; `memtrace doctor` shows what is missing"
				  : "`memtrace doctor` shows what this kernel lacks, -v what the "
				    "verifier says");
		return r;
	}
	return 0;
}

int programs__load(struct programs *p, const struct programs_options *options)
{
	libbpf_set_print(print_libbpf);
	p->edition = editions__choose(options->kernel);
	if (p->edition == EDITION_SPLIT_SERIAL && (options->usdt || options->functions)) {
		log__error("--window: on this kernel there are only windows between markers");
		log__hint("functions and USDT probes need Linux 5.17");
		return -ENOTSUP;
	}
	p->skel = editions__open(p->edition);
	if (!p->skel) {
		int r = -errno;

		log__error("opening the BPF programs: %s", strerror(-r));
		return r;
	}
	bpf_program__set_autoattach(p->skel->progs.scan_tasks, false);
	bpf_program__set_autoattach(p->skel->progs.prepare, false);
	bpf_program__set_autoattach(p->skel->progs.let_go, false);
	bpf_program__set_autoattach(p->skel->progs.on_fault_event, false);
	return set_and_load(p, options);
}
