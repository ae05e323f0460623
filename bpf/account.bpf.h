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

#define RESYNC_TRIES 4
#define FOLD_SPINS   256  /* a fold takes some ten nanoseconds */
#define TURN_SPINS   1024 /* a resync some hundred */

/* What a change to the counters amounts to. */
struct change {
	s64 claimed; /* pages newly accounted for, by whomever they were changed */
	s64 gained;  /* sum of the increases among them */
	s64 own;     /* pages that belong to this very event */
};

/* A load that the verifier lets through without a call: the address may be anything. */
static __always_inline s32 read_s32(u64 address)
{
	struct refcount_struct *cell =
		bpf_rdonly_cast((void *)address, bpf_core_type_id_kernel(struct refcount_struct));

	return cell->refs.counter;
}

/*
 * Where the counter of one type is. The kernel's order is file, anon, swap, shmem: ours with the
 * last bit flipped. The address is made from the number in the space, since the verifier allows
 * neither a variable index into nor arithmetic on the mm itself.
 */
static __always_inline u64 counter_address(const struct space *space, u32 member)
{
	return space->mm + bpf_core_field_offset(struct mm_struct, rss_stat) +
	       (member ^ 1) * bpf_core_type_size(struct percpu_counter);
}

static __always_inline struct percpu_counter *counter_at(u64 address)
{
	return bpf_rdonly_cast((void *)address, bpf_core_type_id_kernel(struct percpu_counter));
}

/*
 * A fold takes the lock, then changes count before the slot: while it is held both can't be read.
 */
static __always_inline bool is_locked(const struct percpu_counter *counter)
{
	if (!bpf_core_field_exists(counter->lock.raw_lock.val.counter))
		return false; /* one CPU */
	return counter->lock.raw_lock.val.counter != 0;
}

static __always_inline struct cpu_view *view_of(u32 space, u32 cpu)
{
	u32 key = space * cpus + cpu;

	return bpf_map_lookup_elem(&cpu_views, &key);
}

struct resync {
	struct change change;
	struct space *state;
	u64 counter; /* addresses */
	u64 slots;
	u32 space;
	u32 member;
	u32 cpu; /* this one; NONE: not on behalf of an event */
	u32 settled;
	u32 has_turn;
	u32 pad;
	s64 own_slot; /* change of this CPU's slot */
	struct cpu_view
		*emptied;  /* of another CPU whose slot is 0 now: it may be the one that folded */
	s64 emptied_slot;  /* change of its slot */
	s64 emptied_total; /* that and its share of the fold */
};

static __always_inline s64 increase(s64 pages)
{
	return pages > 0 ? pages : 0;
}

static __always_inline void resync_note_emptied(struct resync *r, struct cpu_view *view, s64 change)
{
	if (r->emptied != view) {
		r->change.gained += increase(r->emptied_total);
		r->emptied_slot = r->emptied_total = 0;
		r->emptied = view;
	}
	r->emptied_slot += change;
	r->emptied_total += change;
}

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
	if (change) { /* its event has yet to come: that CPU is at it right now */
		__sync_fetch_and_add(&view->credit[member], (s32)change);
		r->state->concurrent = CONCURRENT_CPUS;
	}
	if (!slot && (change || !r->emptied))
		resync_note_emptied(r, view, change);
	else
		r->change.gained += increase(change);
	return 0;
}

/*
 * Shares a change of count out between this CPU and the one that seems to have folded. Where both
 * may have, the split is a guess, counted as ambiguous; the sum is right all the same.
 */
static __always_inline void resync_share_fold(struct resync *r, s64 fold, s32 own_slot_now)
{
	bool ambiguous = false;
	s64 own = fold;

	if (own_slot_now != 0) { /* a fold leaves 0: not this CPU's */
		if (r->emptied)
			own = 0;
	} else if (r->emptied && r->emptied_slot) {
		own = ((fold + r->own_slot + r->emptied_slot) >> 1) - r->own_slot;
		ambiguous = true;
	}
	if (ambiguous && r->state->open)
		lost(MT_LOSS_AMBIGUOUS_OWN);
	r->change.own += own;
	if (own != fold && r->emptied) {
		r->emptied_total += fold - own;
		__sync_fetch_and_add(&r->emptied->credit[r->member & (MT_TYPES - 1)],
				     (s32)(fold - own));
	}
}

static long take_turn(u32 i, struct resync *r)
{
	r->has_turn = !__sync_val_compare_and_swap(&r->state->resyncing[r->member & (MT_TYPES - 1)],
						   0, 1);
	return r->has_turn;
}

static long wait_for_fold(u32 i, struct resync *r)
{
	return !is_locked(counter_at(r->counter));
}

/* One pass over the CPUs; the last one unless a fold came in between. */
static long resync_once(u32 i, struct resync *r)
{
	struct percpu_counter *counter = counter_at(r->counter);
	u32 member = r->member & (MT_TYPES - 1);
	s32 own_slot_now;
	s64 count, old;

	bpf_loop(FOLD_SPINS, wait_for_fold, r, 0);
	if (is_locked(counter))
		return 1; /* its CPU was taken away in between: no half of a fold is claimed */
	count = counter->count;
	own_slot_now = read_s32(r->slots + cpu_offset[r->cpu & (MT_MAX_CPUS - 1)]);
	own_slot_now |= r->cpu >> 31; /* NONE: whatever folded, it was not we */
	barrier();
	bpf_loop(cpus, resync_cpu, r, 0);
	if (r->state->folded[member] != count) {
		old = __sync_lock_test_and_set(&r->state->folded[member], count);
		r->change.claimed += count - old;
		resync_share_fold(r, count - old, own_slot_now);
	}
	barrier();
	r->settled = counter->count == count && !is_locked(counter);
	return r->settled;
}

/*
 * Claims whatever changed on any CPU and adds it to *change. O(CPUs): once a fold, and at the begin
 * of a space. Where it does not settle, what is left will be claimed by a later event. Not static,
 * like some functions below: the verifier then looks at it once, instead of once a call.
 */
__noinline int account__resync(struct space *space, u32 key, u32 member, u32 cpu,
			       struct change *change)
{
	struct resync r = {.state = space, .space = key, .cpu = cpu};

	if (!space || !change)
		return 0;
	r.member = member & (MT_TYPES - 1);
	r.counter = counter_address(space, r.member);
	r.slots = (u64)counter_at(r.counter)->counters;
	/* One at a time, or two CPUs could claim the two halves of one fold. */
	bpf_loop(TURN_SPINS, take_turn, &r, 0);
	if (r.has_turn) {
		bpf_loop(RESYNC_TRIES, resync_once, &r, 0);
		__sync_lock_test_and_set(&space->resyncing[r.member & (MT_TYPES - 1)], 0);
	}
	if (!r.settled && (cpu == NONE || r.change.claimed))
		lost(MT_LOSS_INEXACT_READS);
	else if (!r.settled && space->open)
		lost(MT_LOSS_AMBIGUOUS_OWN);
	change->claimed += r.change.claimed;
	change->gained += r.change.gained + increase(r.emptied_total) + increase(r.change.own);
	change->own += r.change.own;
	return 0;
}

/* What other CPUs' resyncs have claimed of this CPU's doing. */
static __always_inline s64 take_credit(struct cpu_view *view, u32 member)
{
	return view->credit[member] ? (s32)__sync_lock_test_and_set(&view->credit[member], 0) : 0;
}

/*
 * The change that an rss_stat event of `member` (MT_ANON...) stands for. The caller adds
 * .claimed to the totals.
 */
static __always_inline struct change account__event(struct space *space, u32 key, u32 member)
{
	struct percpu_counter *counter = counter_at(counter_address(space, member));
	u32 cpu = bpf_get_smp_processor_id();
	struct cpu_view *view = view_of(key, cpu);
	struct change change = {};
	bool folded;
	s64 step;
	s32 slot;

	if (!view)
		return change;
	view->events++; /* not shared: this program does not run twice on one CPU */
	change.own = take_credit(view, member);
	folded = counter->count != space->folded[member];
	if (!folded) {
		slot = read_s32((u64)counter->counters + cpu_offset[cpu & (MT_MAX_CPUS - 1)]);
		change.claimed =
			(s64)slot - (s32)__sync_lock_test_and_set(&view->seen[member], slot);
		change.gained = increase(change.claimed);
		change.own += change.claimed;
	}
	if (folded || !change.own) { /* no change here: migrated since, or claimed by another */
		account__resync(space, key, member, cpu, &change);
		change.own += take_credit(view, member);
	}
	step = change.own < 0 ? -change.own : change.own;
	if (step > view->max_step)
		view->max_step = step;
	return change;
}

/* Claims what other CPUs have changed so far; what they changed stays to their credit. */
static __always_inline struct change account__settle(struct space *space, u32 key, u32 member)
{
	struct change change = {};

	account__resync(space, key, member, NONE, &change);
	return change;
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

/* What has been claimed for other CPUs so far is nobody's growth. */
static __always_inline void account__drop_credits(u32 key)
{
	bpf_loop(cpus, drop_credit, &key, 0);
}

/* Starts from what the counters hold now; types[] gets it. The space is not counting yet. */
static __always_inline void account__begin(struct space *space, u32 key, s64 types[MT_TYPES])
{
	bpf_loop(cpus, forget_cpu, &key, 0);
	for (int i = 0; i < MT_TYPES; i++) {
		space->folded[i] = 0;
		types[i] = account__settle(space, key, i).claimed;
	}
	account__drop_credits(key);
}
