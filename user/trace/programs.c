// SPDX-License-Identifier: GPL-2.0-or-later
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "trace/faults.h"
#include "trace/programs_private.h"

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
	r = programs__load(p, options);
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

bool programs__perf_probes(const struct programs *p)
{
	struct bpf_program *const programs[] = {
		p->skel->progs.on_marker_begin,
		p->skel->progs.on_usdt_begin, /* libbpf chooses; since 1.3 one link for many */
		p->skel->progs.on_function_entry,
	};

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (bpf_program__autoload(programs[i]) &&
		    bpf_program__expected_attach_type(programs[i]) != ATTACH_UPROBE_MULTI)
			return true;
	return false;
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
