/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations: names to numbers, and the totals over their windows. */
#pragma once

#include "space.bpf.h"

static __always_inline struct mt_op *op__at(u32 op)
{
	return bpf_map_lookup_elem(&ops, &op);
}

/*
 * Whether an operation of the same thread has this zero-padded name; without a branch a word, for
 * the verifier's sake.
 */
static __always_inline bool op__is_named(u32 key, const struct op_name *name)
{
	const struct mt_op *op = op__at(key);
	u64 different = 0;

	if (!op)
		return false;
#pragma unroll
	for (int i = 0; i < MT_NAME_SIZE / 8; i++)
		different |= ((const u64 *)op->name)[i] ^ ((const u64 *)name->bytes)[i];
	return !different;
}

/* Before the first value, so that any value is a new minimum and maximum. */
static __always_inline void op__init(struct mt_op *op)
{
	const s64 low = 1ull << 63, high = ~(1ull << 63);

	op->growth_min = op->peak_min = op->duration_min = high;
	op->growth_max = op->peak_max = op->duration_max = low;
}

/* A thread id is given away again: which of its owners this is shows in when it began. */
static __always_inline u64 current_thread(void)
{
	struct task_struct *task;

	if (!by_thread)
		return 0;
	task = current_task();
	return (u64)TASK(task, pid) << 32 | (u32)(TASK(task, start_time) >> 20);
}

/* The current thread is the one whose operation it is. */
static __always_inline void op__note_thread(struct mt_op *op)
{
	if (!by_thread)
		return;
	op->tid = pid_of(current_task());
	bpf_get_current_comm(op->comm, sizeof(op->comm));
}

/*
 * Number of the operation with this zero-padded name, of the current thread where it has one;
 * MT_OP_OTHER when the table is full.
 */
static __noinline u32 op__get(const struct op_name *name)
{
	struct mt_op *op;
	u32 *found, key;

	if (!name)
		return MT_OP_OTHER;
	found = bpf_map_lookup_elem(&op_ids, name);
	if (found)
		return *found;
	if (op_count + 1 >= MT_MAX_OPS)
		goto full;
	key = fetch_add(&op_count, 1) + 1;
	op = op__at(key);
	if (!op)
		goto full;
	op__init(op);
	__builtin_memcpy(op->name, name->bytes, MT_NAME_SIZE);
	op->first_begin_ns = bpf_ktime_get_ns();
	op__note_thread(op);
	if (!bpf_map_update_elem(&op_ids, name, &key, BPF_NOEXIST))
		return key;
	/* Another CPU was first: its number counts, ours stays unused. */
	found = bpf_map_lookup_elem(&op_ids, name);
	if (found)
		return *found;
full:
	lost(MT_LOSS_TABLE_FULL);
	return MT_OP_OTHER;
}

SHARED_FUNCTION int note_min(s64 *where, s64 value)
{
	s64 old;

	if (!where)
		return 0;
	old = *(volatile s64 *)where;
	for (int i = 0; i < 8; i++) {
		s64 seen;

		if (value >= old)
			return 0;
		seen = compare_exchange(where, old, value);
		if (seen == old)
			return 1;
		old = seen;
	}
	lost(MT_LOSS_INEXACT_READS);
	return 0;
}

/* 1 when value is the new maximum. */
SHARED_FUNCTION int note_max(s64 *where, s64 value)
{
	s64 old;

	if (!where)
		return 0;
	old = *(volatile s64 *)where;
	for (int i = 0; i < 8; i++) {
		s64 seen;

		if (value <= old)
			return 0;
		seen = compare_exchange(where, old, value);
		if (seen == old)
			return 1;
		old = seen;
	}
	lost(MT_LOSS_INEXACT_READS);
	return 0;
}

static __always_inline void add(s64 *where, s64 value)
{
	if (value)
		fetch_add(where, value);
}

/* Adds value squared, with the carry between the halves: exact without a lock. */
SHARED_FUNCTION int add_square(struct mt_sum128 *sum, s64 value)
{
	u64 v = value < 0 ? -value : value, low = (u32)v, high = v >> 32;
	u64 middle = low * high, lo = low * low, hi = high * high + (middle >> 31), old;

	if (!sum || !v)
		return 0;
	middle <<= 33;
	lo += middle;
	hi += lo < middle;
	old = fetch_add(&sum->lo, lo);
	hi += old + lo < old;
	if (hi)
		fetch_add(&sum->hi, hi);
	return 0;
}

/* One measure of a complete window. Mostly nothing changes but the sum: calls are for the rest. */
static __always_inline void add_measure(s64 value, s64 *sum, s64 *min, s64 *max,
					struct mt_sum128 *squares)
{
	add(sum, value);
	if (value)
		add_square(squares, value);
	if (value < *(volatile s64 *)min)
		note_min(min, value);
	if (value > *(volatile s64 *)max)
		note_max(max, value);
}

/*
 * Enters a window. One that was cut short (incomplete) counts, and its highest RSS was real; what
 * it would have come to is not known, so sums and statistics leave it out.
 */
SHARED_FUNCTION int op__add(struct mt_op *op, const struct outcome *o)
{
	if (!op || !o)
		return 0;
	fetch_add(&op->count, 1);
	if (o->overlapped)
		fetch_add(&op->overlapped, 1);
	if (o->peak_rss > op->peak_rss && note_max(&op->peak_rss, o->peak_rss)) {
		op->peak_by_type[MT_FILE] = o->peak_file;
		op->peak_by_type[MT_SHMEM] = o->peak_shmem;
		op->peak_by_type[MT_ANON] = o->peak_rss - o->peak_file - o->peak_shmem;
	}
	if (o->incomplete) {
		fetch_add(&op->incomplete, 1);
		return 0;
	}
	add_measure(o->growth, &op->growth_sum, &op->growth_min, &op->growth_max,
		    &op->growth_squares);
	add_measure(o->peak, &op->peak_sum, &op->peak_min, &op->peak_max, &op->peak_squares);
	add_measure(o->duration, &op->duration_sum, &op->duration_min, &op->duration_max,
		    &op->duration_squares);
	add(&op->by_type[MT_ANON], o->growth - o->file - o->shmem);
	add(&op->by_type[MT_FILE], o->file);
	add(&op->by_type[MT_SHMEM], o->shmem);
	add(&op->by_type[MT_SWAP], o->swap);
	add(&op->gained, o->gained);
	add(&op->own, o->own);
	add(&op->child, o->child);
	add(&op->foreign, o->foreign);
	if (o->faults_known) {
		add(&op->minor, o->minor);
		add(&op->major, o->major);
	} else {
		fetch_add(&op->faults_unknown, 1);
	}
	return 0;
}

static __always_inline void op__note_parent(struct mt_op *op, u32 parent)
{
	u32 now = parent == NONE ? MT_PARENT_NONE : MT_PARENT_OP + parent, old = op->parent;

	if (old == now || old == MT_PARENT_DIFFERS)
		return;
	if (old != MT_PARENT_UNSET || compare_exchange(&op->parent, MT_PARENT_UNSET, now))
		op->parent = MT_PARENT_DIFFERS;
}
