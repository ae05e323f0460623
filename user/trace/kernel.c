// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/kernel.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TYPES 4 /* of memory, that have a counter each */

/* The type of a member, looked for in anonymous structs too; 0 when there is none. */
static __u32 member_type(const struct btf *btf, const struct btf_type *type, const char *name)
{
	const struct btf_member *members = btf_members(type);

	for (int i = 0; i < btf_vlen(type); i++) {
		const char *member = btf__name_by_offset(btf, members[i].name_off);
		const struct btf_type *inner = btf__type_by_id(btf, members[i].type);
		__u32 found;

		if (!strcmp(member, name))
			return members[i].type;
		if (*member || !btf_is_composite(inner))
			continue;
		found = member_type(btf, inner, name);
		if (found)
			return found;
	}
	return 0;
}

/* Enumerators that tell something, and what was found of them; -1: there is none. */
enum { FIRST_TYPE, LOOP = TYPES, UPROBE_MULTI, KPROBE_SESSION, ENUMERATORS };

static const char *const enumerator_names[ENUMERATORS] = {
	/* The order that bpf/account_*.bpf.h goes by. */
	"MM_FILEPAGES",
	"MM_ANONPAGES",
	"MM_SWAPENTS",
	"MM_SHMEMPAGES",
	[LOOP] = "BPF_FUNC_loop",
	[UPROBE_MULTI] = "BPF_TRACE_UPROBE_MULTI",
	/* Came with the same kernel as the mend of UPROBE_MULTI's pid. */
	[KPROBE_SESSION] = "BPF_TRACE_KPROBE_SESSION",
};

static void note_enumerator(const char *name, __s32 value, long found[ENUMERATORS])
{
	if (strncmp(name, "MM_", 3) && strncmp(name, "BPF_", 4))
		return;
	for (int i = 0; i < ENUMERATORS; i++)
		if (!strcmp(name, enumerator_names[i]))
			found[i] = value;
}

/* All of them in one pass: a kernel has 100,000 types and more. */
static void find_enumerators(const struct btf *btf, long found[ENUMERATORS])
{
	const __u32 types = btf__type_cnt(btf);

	for (int i = 0; i < ENUMERATORS; i++)
		found[i] = -1;
	for (__u32 id = 1; id < types; id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		if (!btf_is_enum(type))
			continue;
		for (int i = 0; i < btf_vlen(type); i++)
			note_enumerator(btf__name_by_offset(btf, btf_enum(type)[i].name_off),
					btf_enum(type)[i].val, found);
	}
}

static bool is_known_order(const long found[ENUMERATORS])
{
	for (long i = FIRST_TYPE; i < TYPES; i++)
		if (found[i] >= 0 && found[i] != i)
			return false;
	return true;
}

static bool is_long_array(const struct btf *btf, __u32 id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	return btf_is_array(type) && btf_array(type)->nelems >= TYPES &&
	       btf__resolve_size(btf, btf_array(type)->type) == 8;
}

/* mm_rss_stat: an array of numbers; a task may have a cache of them. */
static bool is_split(const struct btf *btf, const struct btf_type *type)
{
	__u32 count = btf_is_struct(type) ? member_type(btf, type, "count") : 0;

	return count && is_long_array(btf, count);
}

/* An array of percpu_counter; a kernel for one CPU has nothing but the count in it. */
static bool is_percpu(const struct btf *btf, const struct btf_type *array)
{
	const struct btf_type *type, *slots;
	__u32 id;

	if (!btf_is_array(array) || btf_array(array)->nelems < TYPES)
		return false;
	type = btf__type_by_id(btf, btf_array(array)->type);
	if (strcmp(btf__name_by_offset(btf, type->name_off), "percpu_counter"))
		return false;
	id = member_type(btf, type, "count");
	if (!id || btf__resolve_size(btf, id) != 8)
		return false;
	id = member_type(btf, type, "counters");
	if (!id)
		return !member_type(btf, type, "lock");
	slots = btf__type_by_id(btf, id);
	return btf_is_ptr(slots) && btf__resolve_size(btf, slots->type) == 4;
}

static enum counters find_counters(const struct btf *btf, const long enumerators[ENUMERATORS])
{
	__s32 mm = btf__find_by_name_kind(btf, "mm_struct", BTF_KIND_STRUCT);
	const struct btf_type *type;
	__u32 id = mm < 0 ? 0 : member_type(btf, btf__type_by_id(btf, mm), "rss_stat");

	if (!id || !is_known_order(enumerators))
		return COUNTERS_UNKNOWN;
	type = btf__type_by_id(btf, id);
	if (is_percpu(btf, type))
		return COUNTERS_PERCPU;
	return is_split(btf, type) ? COUNTERS_SPLIT : COUNTERS_UNKNOWN;
}

/* Arguments of a tracepoint, without the one that all have first; -1: there is no such. */
static int tracepoint_arguments(const struct btf *btf, const char *name)
{
	const struct btf_type *type;
	char typedef_name[64];
	__s32 id;

	snprintf(typedef_name, sizeof(typedef_name), "btf_trace_%s", name);
	id = btf__find_by_name_kind(btf, typedef_name, BTF_KIND_TYPEDEF);
	if (id < 0)
		return -1;
	type = btf__type_by_id(btf, btf__type_by_id(btf, (__u32)id)->type);
	if (!btf_is_ptr(type))
		return -1;
	type = btf__type_by_id(btf, type->type);
	return btf_is_func_proto(type) ? btf_vlen(type) - 1 : -1;
}

bool kernel__has_tracepoint(const struct btf *btf, const char *name)
{
	return tracepoint_arguments(btf, name) >= 0;
}

void kernel__read(struct kernel *out, const struct btf *btf)
{
	/* mm and member; until Linux 6.1 also the counter's new value. */
	int arguments = tracepoint_arguments(btf, "rss_stat");
	long enumerators[ENUMERATORS];

	find_enumerators(btf, enumerators);
	*out = (struct kernel){
		.counters = find_counters(btf, enumerators),
		.rss_stat = arguments >= 0,
		.fault_tracepoints = kernel__has_tracepoint(btf, "page_fault_user") &&
				     kernel__has_tracepoint(btf, "page_fault_kernel"),
		.loops = enumerators[LOOP] >= 0,
		/* Came with the kernel that lets what holds a CPU call global functions. */
		.hold_cpu = btf__find_by_name_kind(btf, "bpf_res_spin_lock", BTF_KIND_FUNC) > 0,
		.uprobe_multi = enumerators[UPROBE_MULTI] >= 0,
		.uprobe_multi_pid =
			enumerators[UPROBE_MULTI] >= 0 && enumerators[KPROBE_SESSION] >= 0,
	};
	if ((out->counters == COUNTERS_PERCPU && arguments < 2) ||
	    (out->counters == COUNTERS_SPLIT && arguments < 3))
		out->counters = COUNTERS_UNKNOWN;
}

int kernel__load_empty(const char *target, enum bpf_attach_type type)
{
	const struct bpf_insn empty[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = type);
	int id = libbpf_find_vmlinux_btf_id(target, type);

	if (id < 0)
		return id;
	options.attach_btf_id = (__u32)id;
	return bpf_prog_load(BPF_PROG_TYPE_TRACING, "memtrace_probe", "GPL", empty,
			     sizeof(empty) / sizeof(empty[0]), &options);
}

/* Puts an empty program at the end of a function. */
static bool can_see_end_of(const char *function)
{
	int program = kernel__load_empty(function, BPF_TRACE_FEXIT), link;

	if (program < 0)
		return false;
	link = bpf_raw_tracepoint_open(NULL, program);
	close(program);
	if (link < 0)
		return false;
	close(link);
	return true;
}

void kernel__try(struct kernel *kernel)
{
	if (kernel->counters == COUNTERS_SPLIT)
		kernel->fault_end = can_see_end_of("handle_mm_fault");
}

const char *kernel__counters_name(enum counters counters)
{
	static const char *const names[] = {"unknown", "split", "percpu"};

	return names[counters];
}
