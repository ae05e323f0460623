/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads that open windows: their own growth and their innermost window. */
#pragma once

#include "maps.bpf.h"

static __always_inline struct thread_bucket *thread_bucket(u32 tid)
{
	u32 key = tid & (THREAD_BUCKETS - 1);

	return bpf_map_lookup_elem(&threads, &key);
}

static __always_inline struct thread *thread__find(u32 tid)
{
	struct thread_bucket *bucket = thread_bucket(tid);

	if (!bucket)
		return NULL;
#pragma unroll
	for (int i = 0; i < THREAD_WAYS; i++)
		if (bucket->way[i].tid == tid)
			return &bucket->way[i];
	return NULL;
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
#pragma unroll
	for (int i = 0; i < THREAD_WAYS; i++) {
		thread = &bucket->way[i];
		if (!thread->tid && !__sync_val_compare_and_swap(&thread->tid, 0, (u64)tid)) {
			thread->own = 0;
			thread->mm = 0;
			thread->top = NONE;
			return thread;
		}
	}
	lost(MT_LOSS_TABLE_FULL);
	return NULL;
}

static __always_inline void thread__add_own(u32 tid, s64 pages)
{
	struct thread *thread = thread__find(tid);

	if (thread)
		thread->own += pages; /* by this thread only */
}

static __always_inline void thread__forget(u32 tid)
{
	struct thread *thread = thread__find(tid);

	if (thread)
		thread->tid = 0;
}
