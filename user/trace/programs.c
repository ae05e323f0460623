// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/programs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "memtrace.skel.h"
#include "trace/editions.h"
#include "trace/faults.h"
#include "trace/kernel.h"

/* Of the views of all spaces together; beyond, fewer spaces are traced at one time. */
#define VIEWS_MAX_BYTES (64u << 20)
#define VIEW_BYTES	64u
#define ALL_FACTOR_BITS 3 /* tens of thousands of processes */
#define EVENTS_BYTES	(1u << 20)

struct programs {
	struct memtrace_bpf *skel;
	enum edition edition;
	struct faults *faults; /* where the kernel has no tracepoints for them */
	struct bpf_link *scan; /* of the task iterator */
	uint32_t spaces;       /* how many fit */
	uint32_t max_sources;
	bool many;
};

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

/* Fills a queue with 0 .. len-1. */
static int fill_queue(const struct bpf_map *map, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		if (bpf_map_update_elem(bpf_map__fd(map), NULL, &i, BPF_ANY))
			return -errno;
	return 0;
}

static int run_once(const struct bpf_program *program)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	return bpf_prog_test_run_opts(bpf_program__fd(program), &opts) ? -errno : 0;
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

/* What the verifier need not look at is not loaded. */
static int size_sources(struct programs *p, const struct programs_options *options)
{
	struct memtrace_bpf *skel = p->skel;

	bpf_program__set_autoload(skel->progs.on_usdt_begin, options->usdt);
	bpf_program__set_autoload(skel->progs.on_usdt_end, options->usdt);
	bpf_program__set_autoload(skel->progs.on_function_entry, options->functions);
	bpf_program__set_autoload(skel->progs.on_function_return, options->functions);
	bpf_program__set_autoload(skel->progs.on_catch, options->functions);
	p->many = options->functions && options->kernel->uprobe_multi;
	if (p->many) {
		bpf_program__set_expected_attach_type(skel->progs.on_function_entry,
						      ATTACH_UPROBE_MULTI);
		bpf_program__set_expected_attach_type(skel->progs.on_function_return,
						      ATTACH_UPROBE_MULTI);
	}
	p->max_sources = options->functions ? MT_MAX_SOURCES : options->usdt ? MT_MAX_USDT : 1;
	return bpf_map__set_max_entries(skel->maps.sources, p->max_sources);
}

/* What an edition does without: maps of the others, elements that are made when they are needed. */
static int size_edition(struct programs *p, const struct kernel *kernel, unsigned int factor_bits)
{
	struct memtrace_bpf *skel = p->skel;
	struct bpf_map *const fixed[] = {skel->maps.procs, skel->maps.wanted, skel->maps.op_ids,
					 skel->maps.result_of};
	bool serial = p->edition == EDITION_SPLIT_SERIAL, lags = p->edition != EDITION_PERCPU,
	     lags_unseen;
	int r = 0;

	bpf_program__set_autoload(skel->progs.on_fault_done, lags && kernel->fault_end);
	lags_unseen = lags && !kernel->fault_end;
	bpf_program__set_autoload(skel->progs.on_fault_user,
				  lags_unseen && kernel->fault_tracepoints);
	bpf_program__set_autoload(skel->progs.on_fault_kernel,
				  lags_unseen && kernel->fault_tracepoints);
	bpf_program__set_autoload(skel->progs.on_fault_event,
				  lags_unseen && !kernel->fault_tracepoints);
	for (size_t i = 0; !r && serial && i < sizeof(fixed) / sizeof(fixed[0]); i++)
		r = bpf_map__set_map_flags(fixed[i], 0);
	if (!r)
		r = bpf_map__set_autocreate(skel->maps.turn, serial);
	if (!r && lags)
		return bpf_map__set_max_entries(skel->maps.task_views, MT_MAX_TASKS << factor_bits);
	return r ? r : bpf_map__set_autocreate(skel->maps.task_views, false);
}

static int load(struct programs *p, const struct programs_options *options)
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

static int attach(struct programs *p)
{
	int r = memtrace_bpf__attach(p->skel);

	if (r) {
		log__error("attaching to the kernel's tracepoints: %s", strerror(-r));
		return r;
	}
	if (bpf_program__autoload(p->skel->progs.on_fault_event)) {
		r = faults__attach(&p->faults, p->skel->progs.on_fault_event);
		if (r) {
			log__error("perf event of page faults: %s", strerror(-r));
			return r;
		}
	}
	p->scan = bpf_program__attach_iter(p->skel->progs.scan_tasks, NULL);
	if (!p->scan) {
		r = -errno;
		log__error("task iterator: %s", strerror(errno));
	}
	return r;
}

int programs__open(struct programs **out, const struct programs_options *options)
{
	struct programs *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	libbpf_set_print(print_libbpf);
	p->edition = editions__choose(options->kernel);
	if (p->edition == EDITION_SPLIT_SERIAL && (options->usdt || options->functions)) {
		log__error("--window: on this kernel there are only windows between markers");
		log__hint("functions and USDT probes need Linux 5.17");
		r = -ENOTSUP;
		goto fail;
	}
	p->skel = editions__open(p->edition);
	if (!p->skel) {
		r = -errno;
		log__error("opening the BPF programs: %s", strerror(errno));
		goto fail;
	}
	bpf_program__set_autoattach(p->skel->progs.scan_tasks, false);
	bpf_program__set_autoattach(p->skel->progs.prepare, false);
	bpf_program__set_autoattach(p->skel->progs.let_go, false);
	bpf_program__set_autoattach(p->skel->progs.on_fault_event, false);
	r = load(p, options);
	if (r)
		goto fail;
	r = fill_queue(p->skel->maps.free_spaces, p->spaces);
	if (!r && p->edition == EDITION_SPLIT_SERIAL)
		r = fill_queue(p->skel->maps.turn, 1);
	if (!r)
		r = fill_queue(p->skel->maps.free_chunks, MT_MAX_CHUNKS);
	if (!r)
		r = run_once(p->skel->progs.prepare);
	if (r) {
		log__error("preparing the BPF programs: %s", strerror(-r));
		goto fail;
	}
	r = attach(p);
	if (r)
		goto fail;
	*out = p;
	return 0;
fail:
	programs__close(p);
	return r;
}

const struct bpf_program *programs__get(const struct programs *p, enum program program)
{
	switch (program) {
	case PROGRAM_MARKER_BEGIN: return p->skel->progs.on_marker_begin;
	case PROGRAM_MARKER_END: return p->skel->progs.on_marker_end;
	case PROGRAM_USDT_BEGIN: return p->skel->progs.on_usdt_begin;
	case PROGRAM_USDT_END: return p->skel->progs.on_usdt_end;
	case PROGRAM_FUNCTION_ENTRY: return p->skel->progs.on_function_entry;
	case PROGRAM_FUNCTION_RETURN: return p->skel->progs.on_function_return;
	default: return p->skel->progs.on_catch;
	}
}

bool programs__many(const struct programs *p)
{
	return p->many;
}

uint32_t programs__max_sources(const struct programs *p)
{
	return p->max_sources;
}

int programs__set_source(const struct programs *p, uint32_t number, const struct mt_source *source)
{
	return bpf_map_update_elem(bpf_map__fd(p->skel->maps.sources), &number, source, BPF_ANY)
		       ? -errno
		       : 0;
}

int programs__details_fd(const struct programs *p)
{
	return bpf_map__fd(p->skel->maps.details);
}

int programs__events_fd(const struct programs *p)
{
	return bpf_map__fd(p->skel->maps.events);
}

int programs__result_pages_fd(const struct programs *p)
{
	return bpf_map__fd(p->skel->maps.result_pages);
}

int programs__result_of_fd(const struct programs *p)
{
	return bpf_map__fd(p->skel->maps.result_of);
}

int programs__spaces_fd(const struct programs *p, uint32_t *len)
{
	*len = p->spaces;
	return bpf_map__fd(p->skel->maps.spaces);
}

int programs__views_fd(const struct programs *p, uint32_t *cpus)
{
	*cpus = p->skel->rodata->cpus;
	return bpf_map__fd(p->skel->maps.cpu_views);
}

/* Runs the task iterator over the whole host. */
static int scan(struct programs *p)
{
	int fd = bpf_iter_create(bpf_link__fd(p->scan));
	char nothing[64];
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		n = read(fd, nothing, sizeof(nothing));
	} while (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)));
	n = n < 0 ? -errno : 0;
	close(fd);
	return (int)n;
}

int programs__add_pids(struct programs *p, const pid_t *pids, size_t len, enum mt_wanted mode,
		       pid_t *missing)
{
	int fd = bpf_map__fd(p->skel->maps.wanted), r;

	for (size_t i = 0; i < len; i++) {
		uint32_t key = (uint32_t)pids[i], value = mode;

		if (bpf_map_update_elem(fd, &key, &value, BPF_ANY))
			return -errno;
	}
	r = scan(p);
	for (size_t i = 0; i < len; i++) {
		uint32_t key = (uint32_t)pids[i], value = mode;

		bpf_map_lookup_elem(fd, &key, &value);
		if (value && !r) {
			*missing = pids[i];
			r = -ESRCH;
		}
		bpf_map_delete_elem(fd, &key);
	}
	return r;
}

int programs__add_all(struct programs *p)
{
	p->skel->bss->all = 1;
	return scan(p);
}

int programs__let_go(struct programs *p)
{
	int r;

	uint32_t step = p->edition == EDITION_SPLIT_SERIAL ? 1 : p->spaces;

	p->skel->bss->scan_detach = 1;
	r = scan(p);
	for (uint32_t i = 0; !r && i < p->spaces; i += step) {
		p->skel->bss->let_go_from = i;
		r = run_once(p->skel->progs.let_go);
	}
	return r;
}

void programs__each_process(const struct programs *p,
			    void (*each)(void *context, const struct mt_proc *process),
			    void *context)
{
	int fd = bpf_map__fd(p->skel->maps.procs);
	uint32_t *previous = NULL, key;
	struct mt_proc value;

	while (!bpf_map_get_next_key(fd, previous, &key)) {
		previous = &key;
		if (!bpf_map_lookup_elem(fd, &key, &value))
			each(context, &value);
	}
}

bool programs__read_op(const struct programs *p, uint32_t op, struct mt_op *out)
{
	uint32_t count = __atomic_load_n(&p->skel->bss->op_count, __ATOMIC_RELAXED);

	if (op > count || op >= MT_MAX_OPS)
		return false;
	return !bpf_map_lookup_elem(bpf_map__fd(p->skel->maps.ops), &op, out);
}

void programs__counters(const struct programs *p, struct programs_counters *out)
{
	const struct memtrace_bpf__bss *bss = p->skel->bss;

	out->rss_pages = bss->tree_rss;
	out->peak_pages = bss->tree_peak > bss->tree_rss ? bss->tree_peak : bss->tree_rss;
	out->peak_at_ns = bss->tree_peak_at;
	out->windows_ended = bss->windows_ended;
	out->spaces = bss->space_serial;
	out->processes = bss->live_procs;
	memcpy(out->losses, (const void *)bss->losses, sizeof(out->losses));
}

/* Adds up what a member of bpf_prog_info says of each program. */
static uint64_t sum_info(const struct programs *p, size_t offset)
{
	struct bpf_program *program;
	uint64_t sum = 0;

	bpf_object__for_each_program (program, p->skel->obj) {
		struct bpf_prog_info info = {0};
		uint32_t len = sizeof(info);

		if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &len))
			continue;
		sum += *(const uint64_t *)((const char *)&info + offset);
	}
	return sum;
}

uint64_t programs__recursion_misses(const struct programs *p)
{
	return sum_info(p, offsetof(struct bpf_prog_info, recursion_misses));
}

int64_t programs__run_time_ns(const struct programs *p)
{
	uint64_t sum = sum_info(p, offsetof(struct bpf_prog_info, run_time_ns));

	return sum ? (int64_t)sum : -1;
}

void programs__close(struct programs *p)
{
	if (!p)
		return;
	bpf_link__destroy(p->scan);
	faults__free(p->faults);
	memtrace_bpf__destroy(p->skel);
	free(p);
}
