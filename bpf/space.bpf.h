/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address spaces: finding them, their running totals and maxima, the tree's. */
#pragma once

#include "walk.bpf.h"

#define BOUNDARY_MASK 0xffffffu
#define MAX_TRIES     16 /* of a compare-and-swap that other CPUs disturb */

static __always_inline struct index_bucket *index_bucket(u32 mm_low_bits)
{
	u32 key = ((mm_low_bits >> 6) * 0x9e3779b1u) >> index_shift;

	return bpf_map_lookup_elem(&space_index, &key);
}

/* Number of the space that counts for mm, or NONE. */
static __always_inline u32 space__key(struct mm_struct *mm)
{
	struct index_bucket *bucket = index_bucket(low_bits(mm));

	if (!bucket || !mm) /* 0 marks a free way */
		return NONE;
#pragma unroll
	for (int i = 0; i < INDEX_WAYS; i++)
		if (bucket->mm[i] == (u64)mm)
			return bucket->space[i];
	return NONE;
}

/*
 * The thread's own changes go to "own", all others' to "foreign": kernel threads that borrow an mm.
 */
static __always_inline bool is_own(struct task_struct *task, struct mm_struct *mm)
{
	return TASK(task, mm) == mm && !(TASK(task, flags) & PF_KTHREAD);
}

/*
 * Enters max into space->run when it is the highest of this interval. Its make-up goes beside it.
 */
static __always_inline void space__note_max(struct space *space, s64 max, s64 file, s64 shmem)
{
	u64 old = space->run;

	for (int i = 0; i < MAX_TRIES; i++) {
		u64 seen;

		if ((s64)(old & RUN_MASK) >= max)
			return;
		seen = compare_exchange(&space->run, old, (old & ~RUN_MASK) | (max & RUN_MASK));
		if (seen == old) {
			space->run_file = file;
			space->run_shmem = shmem;
			space->run_at = bpf_ktime_get_ns();
			return;
		}
		old = seen;
	}
	lost(MT_LOSS_INEXACT_READS);
}

static __always_inline void tree__note_max(s64 max)
{
	s64 old = tree_peak;

	for (int i = 0; i < MAX_TRIES; i++) {
		s64 seen;

		if (old >= max)
			return;
		seen = compare_exchange(&tree_peak, old, max);
		if (seen == old) {
			tree_peak_at = bpf_ktime_get_ns();
			return;
		}
		old = seen;
	}
	lost(MT_LOSS_INEXACT_READS);
}

/* What is neither is anonymous, and not kept. */
static __always_inline void space__add_type(struct space *space, u32 member, s64 pages)
{
	if (member == MT_FILE)
		fetch_add(&space->file, pages);
	else if (member == MT_SHMEM)
		fetch_add(&space->shmem, pages);
}

static __always_inline void space__add(struct space *space, u32 member, s64 pages)
{
	if (member == MT_SWAP) {
		s64 swap = fetch_add(&space->swap, pages) + pages;

		if (swap > space->swap_peak)
			space->swap_peak = swap;
		return;
	}
	space__add_type(space, member, pages);
	fetch_add(&space->rss, pages);
	fetch_add(&tree_rss, pages);
}

/*
 * Adds a claimed change to the totals. A maximum is looked for before a shrink only: the totals
 * before that one addition are the highest since the last shrink.
 */
static __always_inline void space__apply(struct space *space, u32 member,
					 const struct change *change)
{
	s64 file, shmem, pages = change->claimed, rss;

	if (change->gained && member != MT_SWAP)
		fetch_add(&space->gained, change->gained);
	if (ACCOUNT_LAGS && change->moved)
		space__add(space, member, change->moved);
	if (!pages)
		return;
	if (member == MT_SWAP || pages > 0) {
		space__add(space, member, pages);
		return;
	}
	file = space->file;
	shmem = space->shmem;
	space__add_type(space, member, pages);
	rss = fetch_add(&space->rss, pages);
	if (rss > (s64)(space->run & RUN_MASK))
		space__note_max(space, rss, file, shmem);
	rss = fetch_add(&tree_rss, pages);
	if (rss > tree_peak)
		tree__note_max(rss);
}

enum settle { SETTLE_ALL, SETTLE_THREADS };

/*
 * Claims changes whose events have not come yet, so that the totals have the counters' value of
 * this instant; or only what threads have counted for themselves (enum settle).
 */
__noinline int space__settle(u32 key, u32 walk_key, u32 what)
{
	struct space *space = space__at(key);
	struct walk *w = walk__at(walk_key);

	if (!space || !w)
		return 0;
	account__catch_up(space, &w->threads);
#pragma unroll
	for (int i = MT_TYPES - 1; i >= 0; i--) { /* a file page is replaced: shrinks first */
		struct change change = account__moved(i, &w->threads);

		if (what == SETTLE_ALL)
			account__settle(space, key, i, &change);
		space__apply(space, i, &change);
	}
	return 0;
}

/* For windows that close before the boundary's own walk has reached them, see add_history(). */
static __always_inline void keep_interval(struct space *space, const struct boundary *b)
{
	struct interval *interval = &space->history[b->number & (HISTORY - 1)];

	interval->run = 0;
	barrier();
	interval->file = b->max_file;
	interval->shmem = b->max_shmem;
	barrier();
	interval->run = ((u64)b->number << RUN_SHIFT) | (b->max & RUN_MASK);
}

/* Ends the interval since the last boundary and begins the next. windows__fold() follows. */
static __always_inline void space__boundary(struct space *space, struct boundary *b)
{
	u64 old = space->run;
	bool done = false;

	fetch_add(&space->folding, 1);
	b->now = bpf_ktime_get_ns();
	for (int i = 0; i < MAX_TRIES && !done; i++) {
		u64 seen, next;

		b->rss = space->rss;
		b->number = ((old >> RUN_SHIFT) + 1) & BOUNDARY_MASK;
		next = ((u64)b->number << RUN_SHIFT) | (b->rss & RUN_MASK);
		b->max_file = space->run_file;
		b->max_shmem = space->run_shmem;
		b->max_at = space->run_at;
		seen = compare_exchange(&space->run, old, next);
		done = seen == old;
		if (!done)
			old = seen;
	}
	if (!done)
		lost(MT_LOSS_INEXACT_READS);
	b->file = space->file;
	b->shmem = space->shmem;
	b->swap = space->swap;
	b->gained = space->gained;
	b->foreign = space->foreign;
	b->max = old & RUN_MASK;
	if (b->rss >= b->max) {
		b->max = b->rss;
		b->max_file = b->file;
		b->max_shmem = b->shmem;
		b->max_at = b->now;
	}
	keep_interval(space, b);
	if (tree_rss > tree_peak)
		tree__note_max(tree_rss);
}
