/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exact counters at constant cost, for kernels that keep RSS in per-CPU counters (Linux 6.2+).
 *
 * The kernel's value is count + the sum of one slot a CPU; a slot is folded into count when it
 * grows past a batch. We keep, for each space, the last count ("folded") and the last value of each
 * slot ("seen") that we accounted for, and a running total. The invariant
 *
 *	total = folded + sum of seen
 *
 * holds whatever the interleaving, since each difference is claimed by one atomic exchange and then
 * added once. As long as count stands still only this CPU's slot can have changed by this event;
 * when it moved, or nothing seems to have changed, every slot is looked at (account__resync()).
 *
 * The rest of the programs uses three functions: account__begin(), account__event(),
 * account__settle(). Another accounting model (Linux up to 6.1) is another file with these three.
 */
#pragma once

#include "maps.bpf.h"

extern void *bpf_rdonly_cast(void *object, __u32 btf_id) __ksym __weak;

/* What a change to the counters amounts to. */
struct change {
	s64 claimed;	/* pages newly accounted for, by whomever they were changed */
	s64 own;	/* pages that belong to this very event */
};

/* A load that the verifier lets through without a call: the address may be anything. */
static __always_inline s32 read_s32(u64 address)
{
	struct refcount_struct *cell = bpf_rdonly_cast(
		(void *)address, bpf_core_type_id_kernel(struct refcount_struct));

	return cell->refs.counter;
}

/*
 * The counter of one type. The kernel's order is file, anon, swap, shmem: ours with the last bit
 * flipped. Its address is made from the number in the space, since the verifier allows neither a
 * variable index into nor arithmetic on the mm itself.
 */
static __always_inline struct percpu_counter *counter_of(struct space *space, u32 member)
{
	u64 address = space->mm + bpf_core_field_offset(struct mm_struct, rss_stat) +
		      (member ^ 1) * bpf_core_type_size(struct percpu_counter);

	return bpf_rdonly_cast((void *)address, bpf_core_type_id_kernel(struct percpu_counter));
}

/* A fold takes the lock, then changes count before the slot: while it is held both can't be read. */
static __always_inline u32 counter_locked(struct percpu_counter *counter)
{
	if (!bpf_core_field_exists(counter->lock.raw_lock.val.counter))
		return 0; /* one CPU */
	return counter->lock.raw_lock.val.counter;
}

static __always_inline struct cpu_view *view_of(u32 space, u32 cpu)
{
	u32 key = space * cpus + cpu;

	return bpf_map_lookup_elem(&cpu_views, &key);
}

struct resync {
	struct change change;
	u64 slots;
	u32 space;
	u32 member;
	u32 cpu;		/* this one; NONE: not on behalf of an event */
	u32 open;
	s64 own_slot;		/* change of this CPU's slot */
	s64 emptied_by;		/* change of the slot below */
	struct cpu_view *emptied; /* of another CPU whose slot is 0 now: it may be the one that folded */
};

static long resync_cpu(u32 cpu, struct resync *r)
{
	struct cpu_view *view = view_of(r->space, cpu);
	u32 member = r->member & (MT_TYPES - 1);
	s64 change = 0;
	s32 slot;

	if (!view)
		return 1;
	slot = read_s32(r->slots + cpu_offset[cpu & (MT_MAX_CPUS - 1)]);
	if (view->seen[member] != slot)
		change = (s64)slot - (s32)__sync_lock_test_and_set(&view->seen[member], slot);
	r->change.claimed += change;
	if (cpu == r->cpu) {
		r->change.own += change;
		r->own_slot += change;
		return 0;
	}
	if (change)
		__sync_fetch_and_add(&view->credit[member], (s32)change);
	if (!slot && (change || !r->emptied)) {
		r->emptied = view;
		r->emptied_by = change;
	}
	return 0;
}

/*
 * Shares a change of count out between this CPU and the one that seems to have folded. With two
 * folds in flight the split is a guess, counted as ambiguous; the sum is right all the same.
 */
static __always_inline void resync_share_fold(struct resync *r, s64 fold, s32 own_slot_now)
{
	s64 own = fold;

	if (own_slot_now != 0) { /* a fold leaves 0: not this CPU's */
		if (r->emptied)
			own = 0;
	} else if (r->emptied && r->emptied_by) {
		own = ((fold + r->own_slot + r->emptied_by) >> 1) - r->own_slot;
		if (r->open)
			lost(MT_LOSS_AMBIGUOUS_OWN);
	}
	r->change.own += own;
	if (own != fold && r->emptied)
		__sync_fetch_and_add(&r->emptied->credit[r->member & (MT_TYPES - 1)],
				     (s32)(fold - own));
}

/*
 * Claims whatever changed on any CPU and adds it to *change. O(CPUs): once a fold, and at the begin
 * of a space. Not static, like some functions below: the verifier then looks at it once, instead of
 * once a call.
 */
__noinline int account__resync(struct space *space, u32 key, u32 member, u32 cpu,
			       struct change *change)
{
	struct resync r = { .space = key, .cpu = cpu };
	struct percpu_counter *counter;
	s32 own_slot_now;
	u32 locked;
	s64 count;

	if (!space || !change)
		return 0;
	member &= MT_TYPES - 1;
	counter = counter_of(space, member);
	r.member = member;
	r.open = space->open;
	r.slots = (u64)counter->counters;
	own_slot_now = read_s32(r.slots + cpu_offset[cpu & (MT_MAX_CPUS - 1)]);
	for (int i = 0; i < 4; i++) {
		count = counter->count;
		locked = counter_locked(counter);
		barrier();
		bpf_loop(cpus, resync_cpu, &r, 0);
		if (space->folded[member] != count) {
			s64 old = __sync_lock_test_and_set(&space->folded[member], count);

			r.change.claimed += count - old;
			resync_share_fold(&r, count - old, own_slot_now);
		}
		barrier();
		locked |= counter_locked(counter);
		if (counter->count == count && !locked)
			goto settled;
	}
	lost(MT_LOSS_INEXACT_READS);
settled:
	change->claimed += r.change.claimed;
	change->own += r.change.own;
	return 0;
}

/*
 * The change that an rss_stat event of `member` (MT_ANON...) stands for. The caller adds
 * .claimed to the totals.
 */
static __always_inline struct change account__event(struct space *space, u32 key, u32 member)
{
	struct percpu_counter *counter = counter_of(space, member);
	u32 cpu = bpf_get_smp_processor_id();
	struct cpu_view *view = view_of(key, cpu);
	struct change change = {};
	bool folded;
	s64 step;
	s32 slot;

	if (!view)
		return change;
	view->events++; /* not shared: this program does not run twice on one CPU */
	if (view->credit[member])
		change.own = (s32)__sync_lock_test_and_set(&view->credit[member], 0);
	folded = counter->count != space->folded[member];
	if (!folded) {
		slot = read_s32((u64)counter->counters + cpu_offset[cpu & (MT_MAX_CPUS - 1)]);
		change.claimed =
			(s64)slot - (s32)__sync_lock_test_and_set(&view->seen[member], slot);
		change.own += change.claimed;
	}
	if (folded || !change.own) /* no change here: migrated since, or claimed by another */
		account__resync(space, key, member, cpu, &change);
	step = change.own < 0 ? -change.own : change.own;
	if (step > view->max_step)
		view->max_step = step;
	return change;
}

/* Claims what other CPUs have changed so far; what they changed stays to their credit. */
static __always_inline s64 account__settle(struct space *space, u32 key, u32 member)
{
	struct change change = {};

	account__resync(space, key, member, NONE, &change);
	return change.claimed;
}

static long forget_cpu(u32 cpu, u32 *space)
{
	struct cpu_view *view = view_of(*space, cpu);

	if (!view)
		return 1;
	__builtin_memset(view, 0, sizeof(*view));
	return 0;
}

static long drop_credit(u32 cpu, u32 *space)
{
	struct cpu_view *view = view_of(*space, cpu);

	if (!view)
		return 1;
	for (int i = 0; i < MT_TYPES; i++)
		view->credit[i] = 0;
	return 0;
}

/* Starts from what the counters hold now; types[] gets it. The space is not counting yet. */
static __always_inline void account__begin(struct space *space, u32 key, s64 types[MT_TYPES])
{
	bpf_loop(cpus, forget_cpu, &key, 0);
	for (int i = 0; i < MT_TYPES; i++) {
		space->folded[i] = 0;
		types[i] = account__settle(space, key, i);
	}
	bpf_loop(cpus, drop_credit, &key, 0);
}
