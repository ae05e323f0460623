/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linux up to 6.1 (SPLIT_RSS_COUNTING) keeps RSS in one counter an address space and a cache a
 * thread.
 *
 * The kernel's value is the counter + the caches of all threads that use the mm. A fault of the
 * thread itself mostly changes its cache, without an event; every 66th fault, and each unmapping,
 * hands the cache over to the counter, with one event a type. We keep, for each space, the last
 * value of the counter ("folded") and for each thread that of its cache ("seen"):
 *
 *	total = folded + sum of seen
 *
 * Caches are looked at where they may have changed: at faults (of the thread before this one), at
 * events, at window boundaries (those of all threads), before a maximum. A cache whose event comes
 * while it is handed over is in the counter already, and still there: it counts as "moved", that is
 * as 0, until it has another value.
 *
 * Exact at every boundary of a process in which one thread runs, and for its maxima, since a shrink
 * hands over first. With several threads a value may lack, or have twice, what another thread is
 * just about to count.
 */
#pragma once

#include "thread.bpf.h"
#include "turn.bpf.h"

#define ACCOUNT_LAGS 1
#define HANDED_OVER  65 /* with more faults than these a thread's cache is being handed over */
#define COUNT_TRIES  4
#define WALK_THREADS 4096
#define WALK_TRIES   64 /* some milliseconds: a CPU may be taken away by a hypervisor */
#define QUICK_TRIES  2
#define WALK_PART    64 /* threads that the verifier sees at once, where loops are unrolled */

/* Of struct task_rss_stat, in the kernel's order. */
struct counts {
	s32 count[MT_TYPES];
};

/* The kernel's order is file, anon, swap, shmem: ours with the last bit flipped. */
static __always_inline s64 read_counter(u64 mm, u32 member)
{
	s64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value),
			      (void *)(mm +
				       bpf_core_field_offset(struct mm_struct___split, rss_stat) +
				       (member ^ 1) * sizeof(value)));
	return value;
}

/* A kernel that is built for few CPUs has no caches. */
static __always_inline bool has_caches(void)
{
	return bpf_core_field_exists(((struct task_struct___split *)0)->rss_stat);
}

/* Address of a task's cache. */
static __always_inline void *cache_of(u64 task)
{
	return (void *)(task + bpf_core_field_offset(struct task_struct___split, rss_stat.count));
}

static __always_inline void read_counts(u64 task, struct counts *out)
{
	*out = (struct counts){};
	if (has_caches())
		bpf_probe_read_kernel(out, sizeof(*out), cache_of(task));
}

static __always_inline s32 read_count(u64 task, u32 member)
{
	s32 count = 0;

	if (has_caches())
		bpf_probe_read_kernel(&count, sizeof(count),
				      cache_of(task) + (member ^ 1) * sizeof(count));
	return count;
}

static __always_inline bool is_handing_over(u64 task)
{
	s32 events = 0;

	if (has_caches())
		bpf_probe_read_kernel(
			&events, sizeof(events),
			(void *)(task + bpf_core_field_offset(struct task_struct___split,
							      rss_stat.events)));
	return events > HANDED_OVER;
}

/*
 * What is known of a thread's cache; made when it is new, or has come from another space. NULL when
 * there is no room: what is in its cache is missing.
 */
static __always_inline struct task_view *task_view(u32 tid, u32 serial, u32 *fresh)
{
	struct task_view *view = bpf_map_lookup_elem(&task_views, &tid);
	struct task_view none = {.space = serial};

	if (view && view->space == serial)
		return view;
	if (bpf_map_update_elem(&task_views, &tid, &none, BPF_ANY)) {
		lost(MT_LOSS_INEXACT_READS);
		return NULL;
	}
	fetch_add(fresh, 1);
	return bpf_map_lookup_elem(&task_views, &tid);
}

/* Claims what a thread's cache of one type has come to. */
SHARED_FUNCTION s64 claim_cache(struct task_view *view, u32 member, s32 value)
{
	member &= MT_TYPES - 1;
	if (!view)
		return 0;
	if (view->moved[member]) {
		if (value == view->moved[member])
			value = 0;
		else
			view->moved[member] = 0;
	}
	if (value == view->seen[member])
		return 0;
	return (s64)value - (s32)exchange(&view->seen[member], value);
}

/* Claims what the counter has come to. What does not settle is left to the next event. */
static __always_inline s64 claim_counter(struct space *space, u32 member)
{
	s64 now = read_counter(space->mm, member), claimed = 0, before;

	for (int i = 0; i < COUNT_TRIES; i++) {
		claimed += now - (s64)exchange(&space->folded[member], now);
		before = now;
		now = read_counter(space->mm, member);
		if (now == before)
			break;
	}
	return claimed;
}

/* Whether the current thread's cache is of this space; it may be no thread of the process. */
static __always_inline bool uses(const struct task_struct *task, const struct space *space)
{
	return (u64)TASK(task, mm) == space->mm;
}

/* count: of the event, the counter's value after the change. */
static __always_inline struct change account__event(struct space *space, u32 key, u32 member,
						    s64 count)
{
	struct cpu_view *cpu = view_of(key, bpf_get_smp_processor_id());
	s64 step = count - space->folded[member];
	struct task_struct *task = current_task();
	struct task_view *view = NULL;
	struct change change = {};

	if (uses(task, space))
		view = task_view(TASK(task, pid), space->serial, &space->threads);
	if (view) {
		s32 cache = read_count(address_of(task), member);

		if (cache && cache != view->moved[member] &&
		    (cache == step || is_handing_over(address_of(task)))) {
			view->moved[member] = cache;
			change.own = cache - (s32)exchange(&view->seen[member], 0);
			change.moved = claim_counter(space, member) - cache + change.own;
			change.gained = increase(change.own);
			if (cpu)
				note_step(cpu, change.own);
			return change;
		}
		/* It may be handing over all the same, with another thread's change in the step. */
		if (cache && cache != view->moved[member] && space->open &&
		    space->concurrent == CONCURRENT_CPUS)
			lost(MT_LOSS_AMBIGUOUS_OWN);
		change.moved = claim_cache(view, member, cache);
	}
	change.claimed = claim_counter(space, member);
	if (change.claimed != step && space->open)
		lost(MT_LOSS_AMBIGUOUS_OWN); /* another thread's is in it */
	change.own = change.moved + change.claimed;
	change.gained = increase(change.moved) + increase(change.claimed);
	if (cpu)
		note_step(cpu, change.own);
	return change;
}

/* What the current thread's last fault came to. */
static __always_inline void account__fault(struct space *space, u32 key,
					   struct change changes[MT_TYPES])
{
	struct cpu_view *cpu = view_of(key, bpf_get_smp_processor_id());
	struct task_struct *task = current_task();
	struct task_view *view = task_view(TASK(task, pid), space->serial, &space->threads);
	struct counts counts;

	if (!view || !cpu)
		return;
	read_counts(address_of(task), &counts);
#pragma unroll
	for (int i = 0; i < MT_TYPES; i++) {
		s64 pages;

		view->moved[i] = 0; /* between faults nothing is being handed over */
		pages = claim_cache(view, i, counts.count[i ^ 1]);
		if (!pages)
			continue;
		changes[i].claimed = changes[i].own = pages;
		changes[i].gained = increase(pages);
		note_step(cpu, pages);
	}
}

/* A walk over the caches of all threads of a space. */
struct thread_walk {
	u64 mm;
	u64 head, node;			       /* of the list of threads; node 0: at its end */
	u64 current;			       /* address of the current thread */
	s32 moved[MT_TYPES], gained[MT_TYPES]; /* claimed; of which increases */
	u32 serial;
	u32 threads; /* found for the first time */
	u32 handing_over;
	u32 open; /* windows: there is a growth of its own to be kept */
};

SHARED_FUNCTION int walk_thread(struct thread_walk *w, u64 address)
{
	const struct task_struct *task = (const struct task_struct *)address;
	struct task_view *view;
	struct counts counts;
	s64 own = 0;

	if (!w || (u64)BPF_CORE_READ(task, mm) != w->mm)
		return 0;
	view = task_view(BPF_CORE_READ(task, pid), w->serial, &w->threads);
	if (!view)
		return 0;
	read_counts(address, &counts);
#pragma unroll
	for (int i = 0; i < MT_TYPES; i++) {
		s64 pages;

		if (address == w->current)
			view->moved[i] = 0; /* it is not handing over, being here */
		pages = claim_cache(view, i, counts.count[i ^ 1]);
		w->moved[i] += pages;
		w->gained[i] += increase(pages);
		if (i != MT_SWAP)
			own += pages;
	}
	if (own && w->open)
		thread__add_own(BPF_CORE_READ(task, pid), own);
	if (is_handing_over(address))
		w->handing_over = 1;
	return 0;
}

/* A bpf_loop() callback wants a pointer to the stack of its caller. */
struct each_thread {
	struct thread_walk *walk;
};

static long walk_next(u32 i, struct each_thread *each)
{
	struct thread_walk *w = each->walk;
	u64 next = 0;

	if (!w->node)
		return 1;
	walk_thread(w, w->node - bpf_core_field_offset(struct task_struct, thread_node));
	bpf_probe_read_kernel(&next, sizeof(next), (void *)w->node);
	w->node = next == w->head ? 0 : next;
	return 0;
}

static __always_inline void walk_start(struct thread_walk *w, u64 leader)
{
	u64 signal = (u64)BPF_CORE_READ((const struct task_struct *)leader, signal), node = 0;

	w->head = signal + bpf_core_field_offset(struct signal_struct, thread_head);
	bpf_probe_read_kernel(&node, sizeof(node), (void *)w->head);
	w->node = node == w->head ? 0 : node;
}

#ifdef MT_SERIAL
_Static_assert(sizeof(struct thread_walk) <= sizeof(scratch), "scratch is too small");
#define SCRATCH_WALK ((struct thread_walk *)scratch)

/* Part of a walk, looked at once by the verifier: with pointers only to what is global. */
__noinline int walk_part(u32 unused)
{
	struct each_thread each = {SCRATCH_WALK};

	LOOP(WALK_PART, WALK_PART, walk_next, &each);
	return !SCRATCH_WALK->node;
}

/* w: SCRATCH_WALK. */
static __always_inline void walk_all(struct thread_walk *w)
{
	for (int i = 0; i < WALK_THREADS / WALK_PART; i++)
		if (walk_part(0))
			break;
}
#else
static __always_inline void walk_all(struct thread_walk *w)
{
	struct each_thread each = {w};

	LOOP(WALK_THREADS, WALK_THREADS, walk_next, &each);
}
#endif

static __always_inline void walk_caches(struct space *space, struct thread_walk *w)
{
	struct task_struct *task = current_task();

	w->mm = space->mm;
	w->current = address_of(task);
	w->serial = space->serial;
	w->open = space->open;
	if (space->concurrent || !uses(task, space) || TASK(task, tgid) != space->tgid) {
		walk_start(w, space->leader);
		walk_all(w);
		if (w->node) /* there are more threads */
			lost(MT_LOSS_INEXACT_READS);
	}
	/* It may be no thread of the process: a vfork child. */
	if (uses(task, space) && (!w->head || TASK(task, tgid) != space->tgid))
		walk_thread(w, address_of(task));
	fetch_add(&space->threads, w->threads);
	w->threads = 0;
}

struct settling {
	struct space *space;
	struct thread_walk *walk;
	u64 settled;
};

/* Not the same for two sets of values, as good as always. */
static __always_inline s64 mix_counters(u64 mm)
{
	return read_counter(mm, 0) + (read_counter(mm, 1) << 13) + (read_counter(mm, 2) << 26) +
	       (read_counter(mm, 3) << 39);
}

/* One walk, good when no cache was handed over meanwhile. */
static long settle_once(u32 i, struct settling *s)
{
	struct thread_walk *w = s->walk;
	s64 before;

	if (i >= QUICK_TRIES)
		wait_some_more();
	before = mix_counters(s->space->mm);
	w->handing_over = 0;
	walk_caches(s->space, w);
	s->settled = before == mix_counters(s->space->mm) && !w->handing_over;
	return s->settled;
}

#ifdef MT_SERIAL
/* A try, looked at once by the verifier, as above. */
__noinline int settle_part(u32 key)
{
	struct settling s = {.space = space__at(key), .walk = SCRATCH_WALK};

	return !s.space || settle_once(0, &s);
}

SHARED_FUNCTION int account__catch_up(struct space *space, struct thread_walk *walk)
{
	bool settled = false;

	*walk = (struct thread_walk){};
	for (int i = 0; i < WALK_TRIES; i++) {
		*SCRATCH_WALK = *walk;
		settled = settle_part(space->key);
		*walk = *SCRATCH_WALK;
		if (settled)
			break;
		/*
		 * One that is handing over waits for its turn to say so; others come as far as
		 * their next event and no farther, as long as this one goes on.
		 */
		if (walk->handing_over)
			turn__let_others();
	}
	if (!settled)
		lost(MT_LOSS_INEXACT_READS);
	return 0;
}
#else
SHARED_FUNCTION int account__catch_up(struct space *space, struct thread_walk *walk)
{
	struct settling s = {.space = space, .walk = walk};

	if (!space || !walk)
		return 0;
	*walk = (struct thread_walk){};
	LOOP(WALK_TRIES, WALK_TRIES, settle_once, &s);
	if (!s.settled)
		lost(MT_LOSS_INEXACT_READS);
	return 0;
}
#endif

static __always_inline struct change account__moved(u32 member, const struct thread_walk *walk)
{
	return (struct change){.moved = walk->moved[member], .gained = walk->gained[member]};
}

static __always_inline void account__settle(struct space *space, u32 key, u32 member,
					    struct change *change)
{
	change->claimed = claim_counter(space, member);
	change->gained += increase(change->claimed);
	if (change->claimed && space->open)
		lost(MT_LOSS_AMBIGUOUS_OWN); /* whose event, yet to come, will find nothing */
}

/* A thread is gone, and its cache with it: what it handed over unseen is in the counter. */
static __always_inline void account__leave(struct space *space, u32 tid,
					   struct change changes[MT_TYPES])
{
	struct task_view *view = bpf_map_lookup_elem(&task_views, &tid);

	if (view && space && view->space == space->serial)
#pragma unroll
		for (int i = 0; i < MT_TYPES; i++)
			changes[i].moved = -(s64)(s32)exchange(&view->seen[i], 0);
	if (view)
		bpf_map_delete_elem(&task_views, &tid);
}

static __always_inline void account__drop_credits(u32 key)
{
}
