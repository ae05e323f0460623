/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linux 6.2 and later keep RSS in per-CPU counters: exact at constant cost.
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
 */
#pragma once

extern void *bpf_rdonly_cast(void *object, __u32 btf_id) __ksym __weak;

#define ACCOUNT_LAGS 0
#define RESYNC_TRIES 16

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
 * 0 where there are none: kernels for one CPU, and those of vendors (openEuler) that leave them out
 * until a process has a second thread. All is in count then.
 */
static __always_inline u64 slots_of(const struct percpu_counter *counter)
{
	return bpf_core_field_exists(counter->counters) ? (u64)counter->counters : 0;
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
	u32 has_count;
	s64 count;
	s64 own_slot; /* change of this CPU's slot */
	struct cpu_view
		*emptied;  /* of another CPU whose slot is 0 now: it may be the one that folded */
	s64 emptied_slot;  /* change of its slot */
	s64 emptied_total; /* that and its share of the fold */
};

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
		change = (s64)slot - (s32)exchange(&view->seen[member], slot);
	r->change.claimed += change;
	if (cpu == r->cpu) {
		r->change.own += change;
		r->own_slot += change;
		return 0;
	}
	if (change) { /* its event has yet to come: that CPU is at it right now */
		fetch_add(&view->credit[member], (s32)change);
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
		fetch_add(&r->emptied->credit[r->member & (MT_TYPES - 1)], (s32)(fold - own));
	}
}

static long take_turn(u32 i, struct resync *r)
{
	wait_when_long(i);
	r->has_turn = !compare_exchange(&r->state->resyncing[r->member & (MT_TYPES - 1)], 0, 1);
	return r->has_turn;
}

/* Reads the count while no fold is under way. */
static long read_between_folds(u32 i, struct resync *r)
{
	const struct percpu_counter *counter = counter_at(r->counter);

	wait_when_long(i);
	if (is_locked(counter))
		return 0;
	r->count = counter->count;
	r->has_count = 1;
	return 1;
}

/* One pass over the CPUs; the last one unless a fold came in between. */
static long resync_once(u32 i, struct resync *r)
{
	struct percpu_counter *counter = counter_at(r->counter);
	u32 member = r->member & (MT_TYPES - 1);
	s32 own_slot_now;
	s64 count, old;

	r->has_count = 0;
	LOOP(SPINS, SPINS, read_between_folds, r);
	if (!r->has_count)
		return 1; /* its CPU was taken away in between: no half of a fold is claimed */
	count = r->count;
	own_slot_now = read_s32(r->slots + cpu_offset[r->cpu & (MT_MAX_CPUS - 1)]);
	own_slot_now |= r->cpu >> 31; /* NONE: whatever folded, it was not we */
	barrier();
	LOOP(MAX_CPUS, cpus, resync_cpu, r);
	if (r->state->folded[member] != count) {
		old = exchange(&r->state->folded[member], count);
		r->change.claimed += count - old;
		resync_share_fold(r, count - old, own_slot_now);
	}
	barrier();
	r->settled = counter->count == count && !is_locked(counter);
	return r->settled;
}

/* Where there is nothing but the count. */
static __always_inline void claim_count(struct space *space, u32 member, s64 count,
					struct change *change)
{
	s64 pages = count - (s64)exchange(&space->folded[member], count);

	change->claimed += pages;
	change->own += pages;
	change->gained += increase(pages);
}

/*
 * Claims whatever changed on any CPU and adds it to *change. O(CPUs): once a fold, and at the begin
 * of a space. Where it does not settle, what is left will be claimed by a later event. Not static,
 * like some functions below: the verifier then looks at it once, instead of once a call.
 */
SHARED_FUNCTION int account__resync(struct space *space, u32 key, u32 member, u32 cpu,
				    struct change *change)
{
	struct resync r = {.state = space, .space = key, .cpu = cpu};

	if (!space || !change)
		return 0;
	r.member = member & (MT_TYPES - 1);
	r.counter = counter_address(space, r.member);
	r.slots = slots_of(counter_at(r.counter));
	if (!r.slots) {
		claim_count(space, r.member, counter_at(r.counter)->count, change);
		return 0;
	}
	/* One at a time, or two CPUs could claim the two halves of one fold. */
	LOOP(SPINS, SPINS, take_turn, &r);
	if (r.has_turn) {
		LOOP(RESYNC_TRIES, RESYNC_TRIES, resync_once, &r);
		exchange(&space->resyncing[r.member & (MT_TYPES - 1)], 0);
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
	return view->credit[member] ? (s32)exchange(&view->credit[member], 0) : 0;
}

static __always_inline struct change account__event(struct space *space, u32 key, u32 member,
						    s64 unused)
{
	struct percpu_counter *counter = counter_at(counter_address(space, member));
	u32 cpu = bpf_get_smp_processor_id();
	struct cpu_view *view = view_of(key, cpu);
	struct change change = {};
	u64 slots = slots_of(counter);
	bool folded;
	s32 slot;

	if (!view)
		return change;
	change.own = take_credit(view, member);
	folded = counter->count != space->folded[member];
	if (!folded && slots) {
		slot = read_s32(slots + cpu_offset[cpu & (MT_MAX_CPUS - 1)]);
		change.claimed = (s64)slot - (s32)exchange(&view->seen[member], slot);
		change.gained = increase(change.claimed);
		change.own += change.claimed;
	}
	if (folded || !change.own) { /* no change here: migrated since, or claimed by another */
		account__resync(space, key, member, cpu, &change);
		change.own += take_credit(view, member);
	}
	note_step(view, change.own);
	return change;
}

/* No thread counts for itself. */
struct thread_walk {
};

static __always_inline struct change account__moved(u32 member, const struct thread_walk *walk)
{
	return (struct change){};
}

static __always_inline void account__catch_up(struct space *space, struct thread_walk *walk)
{
}

/* What the other CPUs changed stays to their credit. */
static __always_inline void account__settle(struct space *space, u32 key, u32 member,
					    struct change *change)
{
	account__resync(space, key, member, NONE, change);
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

static __always_inline void account__drop_credits(u32 key)
{
	LOOP(MAX_CPUS, cpus, drop_credit, &key);
}
