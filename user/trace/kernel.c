// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/kernel.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

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

static enum counters find_counters(const struct btf *btf)
{
	__s32 mm = btf__find_by_name_kind(btf, "mm_struct", BTF_KIND_STRUCT);
	const struct btf_type *type;
	__u32 id;

	if (mm < 0)
		return COUNTERS_UNKNOWN;
	id = member_type(btf, btf__type_by_id(btf, mm), "rss_stat");
	if (!id)
		return COUNTERS_UNKNOWN;
	type = btf__type_by_id(btf, id);
	if (btf_is_array(type))
		type = btf__type_by_id(btf, btf_array(type)->type);
	if (!strcmp(btf__name_by_offset(btf, type->name_off), "mm_rss_stat"))
		return COUNTERS_SPLIT;
	if (strcmp(btf__name_by_offset(btf, type->name_off), "percpu_counter") ||
	    !member_type(btf, type, "count") || !member_type(btf, type, "counters"))
		return COUNTERS_UNKNOWN;
	return COUNTERS_PERCPU;
}

bool kernel__has_tracepoint(const struct btf *btf, const char *name)
{
	char type[64];

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	return btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF) > 0;
}

/* Whether any enum has this name for a value. */
static bool has_enumerator(const struct btf *btf, const char *name)
{
	for (__u32 id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		if (!btf_is_enum(type))
			continue;
		for (int i = 0; i < btf_vlen(type); i++)
			if (!strcmp(btf__name_by_offset(btf, btf_enum(type)[i].name_off), name))
				return true;
	}
	return false;
}

void kernel__read(struct kernel *out, const struct btf *btf)
{
	*out = (struct kernel){
		.counters = find_counters(btf),
		.rss_stat = kernel__has_tracepoint(btf, "rss_stat"),
		.fault_tracepoints = kernel__has_tracepoint(btf, "page_fault_user") &&
				     kernel__has_tracepoint(btf, "page_fault_kernel"),
		.loops = has_enumerator(btf, "BPF_FUNC_loop"),
		.uprobe_multi = has_enumerator(btf, "BPF_TRACE_UPROBE_MULTI"),
	};
}

int kernel__look(struct kernel *out)
{
	struct btf *btf = btf__load_vmlinux_btf();

	if (!btf)
		return errno ? -errno : -ENOENT;
	kernel__read(out, btf);
	btf__free(btf);
	return 0;
}

const char *kernel__counters_name(enum counters counters)
{
	static const char *const names[] = {"unknown", "split", "percpu"};

	return names[counters];
}
