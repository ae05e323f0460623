/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The begin of an address space: exec, fork, or attaching to a running process. */
#pragma once

#include "end.bpf.h"

static __always_inline bool index_add(u64 mm, u32 key)
{
	struct index_bucket *bucket = index_bucket(mm);

	if (!bucket)
		return false;
#pragma unroll
	for (int i = 0; i < INDEX_WAYS; i++) {
		if (!bucket->mm[i] && !compare_exchange(&bucket->mm[i], 0, 1)) {
			bucket->space[i] = key;
			barrier();
			bucket->mm[i] = mm;
			return true;
		}
	}
	return false;
}

/*
 * Words of the new program's command line, as it lies in its memory. sched_process_exec comes
 * before the program runs, and the kernel has just written these pages.
 */
static __always_inline void copy_args(struct mt_space_begin *record, const struct mm_struct *mm)
{
	u64 start = BPF_CORE_READ(mm, arg_start), size = BPF_CORE_READ(mm, arg_end) - start;

	record->args_size = size;
	if (size > MT_ARGS_SIZE)
		size = MT_ARGS_SIZE;
	asm volatile("" : "+r"(size)); /* keeps the check below where the verifier sees it */
	if (size > MT_ARGS_SIZE || bpf_probe_read_user(record->args, size, (void *)start))
		record->args_size = 0;
}

/* A child's are those it begins in, also with CLONE_INTO_CGROUP. */
static __always_inline void note_cgroups(struct mt_space_begin *record,
					 const struct task_struct *task)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup_subsys_state *memory = NULL;

	record->cgroup = BPF_CORE_READ(set, dfl_cgrp, kn, id);
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		bpf_probe_read_kernel(
			&memory, sizeof(memory),
			(void *)set + bpf_core_field_offset(struct css_set, subsys) +
				bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id) *
					sizeof(memory));
	record->memory_cgroup = BPF_CORE_READ(memory, cgroup, kn, id);
}

static __always_inline void write_space_begin(struct space *space, const struct task_struct *task,
					      const s64 types[MT_TYPES], u32 begin, u32 previous)
{
	struct mt_space_begin *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);

	if (!record) {
		lost(MT_LOSS_EVENTS);
		return;
	}
	record->header.type = MT_RECORD_SPACE_BEGIN;
	record->header.space = space->serial;
	record->header.at_ns = bpf_ktime_get_ns();
	record->header.pid = space->pid;
	record->header.ppid = space->ppid;
	record->begin = begin;
	record->previous = previous;
	record->uid = BPF_CORE_READ(task, cred, uid.val);
	record->args_size = 0;
	note_cgroups(record, task);
	__builtin_memcpy(record->by_type, types, sizeof(record->by_type));
	BPF_CORE_READ_STR_INTO(&record->comm, task, group_leader, comm);
	if (begin == MT_BEGIN_EXEC)
		copy_args(record, (const struct mm_struct *)space->mm);
	bpf_ringbuf_submit(record, 0);
}

static __always_inline void space__reset(struct space *space, u32 key, u64 mm,
					 const struct task_struct *task)
{
	const struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	__builtin_memset(space, 0, __builtin_offsetof(struct space, chunk));
	__builtin_memset(space->chunk, 0xff, sizeof(space->chunk)); /* NONE */
	space->mm = mm;
	space->leader = (u64)leader;
	space->threads = 0;
	space->key = key;
	space->tgid = BPF_CORE_READ(task, tgid);
	space->pid = pid_of(leader);
	space->ppid = pid_of(BPF_CORE_READ(leader, real_parent));
	space->probe_page =
		BPF_CORE_READ((const struct mm_struct *)mm, uprobes_state.xol_area) != NULL;
	space->serial = fetch_add(&space_serial, 1) + 1;
	space->tree_ops_at = tree_peak_at;
}

/*
 * Begins to count the mm of a task (its address) for a process. previous: serial of the space that
 * it came from.
 */
__noinline int space__begin(u64 task_address, u32 tgid, u32 begin, u32 previous)
{
	struct mt_proc *proc = bpf_map_lookup_elem(&procs, &tgid);
	const struct task_struct *task = (const struct task_struct *)task_address;
	u64 mm = (u64)BPF_CORE_READ(task, mm);
	s64 types[MT_TYPES] = {};
	struct space *space;
	struct walk *w;
	u32 key = 0;

	if (!mm || !proc)
		return 0;
	if (bpf_map_pop_elem(&free_spaces, &key)) {
		lost(MT_LOSS_PROCESSES);
		return 0;
	}
	space = space__at(key);
	if (!space)
		return 0;
	w = walk__take(NULL, 0);
	if (!w) {
		bpf_map_push_elem(&free_spaces, &key, 0);
		return 0;
	}
	space__reset(space, key, mm, task);
	account__begin(space, key, types, &w->threads);
	/* What was claimed now is the past of this space. A running process is settled once more.
	 */
	space->concurrent = begin == MT_BEGIN_ATTACH ? CONCURRENT_FOREIGN : CONCURRENT_NONE;
	space->file = types[MT_FILE];
	space->shmem = types[MT_SHMEM];
	space->swap = space->swap_peak = types[MT_SWAP];
	space->rss = types[MT_ANON] + types[MT_FILE] + types[MT_SHMEM];
	fetch_add(&tree_rss, space->rss);
	if (!index_add(mm, key)) {
		lost(MT_LOSS_PROCESSES);
		fetch_add(&tree_rss, -space->rss);
		bpf_map_push_elem(&free_spaces, &key, 0);
		walk__give(w);
		return 0;
	}
	proc->space = key;
	proc->serial = space->serial;
	write_space_begin(space, task, types, begin, previous);
	fetch_add(&live_spaces, 1);
	barrier();
	space->state = SPACE_COUNTING;
	if (begin == MT_BEGIN_ATTACH) { /* it ran on between the first look and this */
		space__settle(key, w->key, SETTLE_ALL);
		account__drop_credits(key);
		space->concurrent = CONCURRENT_NONE;
	}
	walk__give(w);
	return 0;
}
