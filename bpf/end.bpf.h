/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of an address space: its windows close, its row is written, its slot is free again. */
#pragma once

#include "close.bpf.h"

struct cpu_total {
	u32 space;
	u32 cpus;
	s64 max_step;
	u64 events;
};

static long add_cpu(u32 cpu, struct cpu_total *total)
{
	struct cpu_view *view = view_of(total->space, cpu);

	if (!view)
		return 1;
	total->events += view->events;
	total->cpus += view->events != 0;
	if (view->max_step > total->max_step)
		total->max_step = view->max_step;
	return 0;
}

static __always_inline void space__remove(struct space *space, u32 key)
{
	struct index_bucket *bucket = index_bucket(space->mm);

	if (bucket)
		for (int i = 0; i < INDEX_WAYS; i++)
			if (bucket->mm[i] == space->mm && bucket->space[i] == key)
				bucket->mm[i] = 0;
}

static long give_back_chunk(u32 i, struct each *each)
{
	u32 chunk = each->space->chunk[i & (MT_SPACE_CHUNKS - 1)];

	if (chunk != NONE)
		bpf_map_push_elem(&free_chunks, &chunk, 0);
	return 0;
}

static __always_inline void write_space_end(struct space *space, u32 key, struct walk *w,
					    struct task_struct *task)
{
	struct cpu_total total = {.space = key};
	struct mt_space_end *record;
	struct mt_proc *proc;

	LOOP(MAX_CPUS, cpus, add_cpu, &total);
	record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
	if (!record) {
		lost(MT_LOSS_EVENTS);
		return;
	}
	__builtin_memset(record, 0, sizeof(*record));
	record->header.type = MT_RECORD_SPACE_END;
	record->header.space = space->serial;
	record->header.at_ns = w->b.now;
	record->header.pid = space->pid;
	record->header.ppid = space->ppid;
	record->end = w->end;
	record->changers = ACCOUNT_LAGS ? space->threads : total.cpus;
	record->concurrent = space->concurrent == CONCURRENT_CPUS;
	record->max_step = total.max_step;
	record->events = total.events;
	record->by_type[MT_ANON] = w->b.rss - w->b.file - w->b.shmem;
	record->by_type[MT_FILE] = w->b.file;
	record->by_type[MT_SHMEM] = w->b.shmem;
	record->by_type[MT_SWAP] = w->b.swap;
	record->gained = w->b.gained;
	record->peak = space->peak;
	record->peak_by_type[MT_ANON] = space->peak - space->peak_file - space->peak_shmem;
	record->peak_by_type[MT_FILE] = space->peak_file;
	record->peak_by_type[MT_SHMEM] = space->peak_shmem;
	record->peak_at_ns = space->peak_at;
	record->swap_peak = space->swap_peak;
	record->peak_ops_len = space->peak_ops_len;
	__builtin_memcpy(record->peak_ops, space->peak_ops, sizeof(record->peak_ops));
	record->tree_ops_len = space->tree_ops_len;
	record->tree_ops_at_ns = space->tree_ops_at;
	__builtin_memcpy(record->tree_ops, space->tree_ops, sizeof(record->tree_ops));
	if (task && TASK(task, tgid) == space->tgid) {
		u32 tgid = TASK(task, tgid);

		BPF_CORE_READ_STR_INTO(&record->comm, task, group_leader, comm);
		proc = bpf_map_lookup_elem(&procs, &tgid);
		if (proc) {
			record->minor = proc->minor + TASK(task, min_flt);
			record->major = proc->major + TASK(task, maj_flt);
		}
	}
	bpf_ringbuf_submit(record, 0);
}

/*
 * end: enum mt_end; with MT_END_DETACH it is the loader that lets go, otherwise this happens in the
 * context of a task. The totals are those before the event at hand, the first of the teardown.
 */
__noinline int space__end(u32 key, u32 end)
{
	struct space *space = space__at(key);
	struct task_struct *task = end == MT_END_DETACH ? NULL : current_task();
	struct each each = {.space = space};
	struct walk *w;

	if (!space ||
	    compare_exchange(&space->state, SPACE_COUNTING, SPACE_ENDED) != SPACE_COUNTING)
		return 0;
	w = walk__take(task, end);
	if (w) {
		windows__close(space, w, 0);
		write_space_end(space, key, w, task);
		walk__give(w);
	}
	fetch_add(&tree_rss, -space->rss);
	fetch_add(&live_spaces, -1);
	space__remove(space, key);
	LOOP(MAX_CHUNKS, space->chunks, give_back_chunk, &each);
	bpf_map_push_elem(&free_spaces, &key, 0);
	return 0;
}
