/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads that open windows: their own growth and their innermost window. */
#pragma once

#include "maps.bpf.h"

/* Pid of a task in memtrace's pid namespace; 0: it is not to be seen from there. */
static __always_inline s32 pid_of(const struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct upid upid = {};

	if (!own_level)
		return BPF_CORE_READ(task, pid);
	if (!pid || BPF_CORE_READ(pid, level) < own_level)
		return 0;
	bpf_probe_read_kernel(&upid, sizeof(upid),
			      (void *)pid + bpf_core_field_offset(struct pid, numbers) +
				      own_level * bpf_core_type_size(struct upid));
	return (u64)upid.ns == own_namespace ? upid.nr : 0;
}

static __always_inline struct thread_bucket *thread_bucket(u32 tid)
{
	u32 key = tid & (THREAD_BUCKETS - 1);

	return bpf_map_lookup_elem(&threads, &key);
}

/* 1 when a equals b, without a branch: each would double what the verifier has to look at. */
static __always_inline u64 equal(u64 a, u64 b)
{
	u64 d = a ^ b;

	return ((d | -d) >> 63) ^ 1;
}

static __always_inline struct thread *thread__find(u32 tid)
{
	struct thread_bucket *bucket = thread_bucket(tid);
	u64 way, second, third, fourth;

	if (!bucket)
		return NULL;
	second = equal(bucket->way[1].tid, tid);
	third = equal(bucket->way[2].tid, tid);
	fourth = equal(bucket->way[3].tid, tid);
	if (!(equal(bucket->way[0].tid, tid) | second | third | fourth))
		return NULL;
	way = second + 2 * third + 3 * fourth;
	return &bucket->way[way & (THREAD_WAYS - 1)];
}

/* NULL when its bucket is full. */
static __always_inline struct thread *thread__get(u32 tid)
{
	struct thread *thread = thread__find(tid);
	struct thread_bucket *bucket;

	if (thread)
		return thread;
	bucket = thread_bucket(tid);
	if (!bucket)
		return NULL;
	for (int i = 0; i < THREAD_WAYS; i++) {
		thread = &bucket->way[i];
		if (!thread->tid && !compare_exchange(&thread->tid, 0, (u64)tid)) {
			thread->own = 0;
			thread->mm = 0;
			thread->top = NONE;
			thread->last_op = MT_OP_OTHER;
			thread->ns_tid = 0;
			return thread__find(tid);
		}
	}
	lost(MT_LOSS_TABLE_FULL);
	return NULL;
}

/* NULL when its bucket is full; the thread is the current one. */
static __always_inline struct thread *thread__know(u32 tid)
{
	struct thread *thread = thread__get(tid);

	if (thread && !thread->ns_tid)
		thread->ns_tid = pid_of(current_task());
	return thread;
}

static __always_inline void thread__add_own(u32 tid, s64 pages)
{
	struct thread *thread = thread__find(tid);

	if (thread)
		fetch_add(&thread->own, pages);
}

static __always_inline void thread__forget(u32 tid)
{
	struct thread *thread = thread__find(tid);

	if (thread)
		thread->tid = 0;
}
