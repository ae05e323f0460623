/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the kernel's RSS counters become running totals. There is a model for each way in which
 * kernels keep them; the programs are built once for each (MT_SPLIT: the older one) and use
 *
 *	account__event()	the change that an rss_stat event stands for
 *	account__catch_up()	looks at what threads have counted for themselves
 *	account__moved()	then: what that came to
 *	account__settle()	what else has changed without an event so far
 *	account__begin()	starts from what the counters hold
 *	account__drop_credits() what was claimed before the begin is nobody's growth
 *	ACCOUNT_LAGS		a thread's changes can be without an event for long: settle at every
 *				boundary, and see account_split.bpf.h for what else there is to do
 */
#pragma once

#include "maps.bpf.h"

/* What a change to the counters amounts to. */
struct change {
	s64 claimed; /* pages newly accounted for, by whomever they were changed */
	s64 moved;   /* the same, of some time ago: no maximum is looked for before it */
	s64 gained;  /* sum of the increases among them */
	s64 own;     /* pages that belong to this very event */
};

static __always_inline s64 increase(s64 pages)
{
	return pages > 0 ? pages : 0;
}

static __always_inline struct cpu_view *view_of(u32 space, u32 cpu)
{
	u32 key = space * cpus + cpu;

	return bpf_map_lookup_elem(&cpu_views, &key);
}

/* Not shared: the programs that note do not run twice on one CPU. */
static __always_inline void note_step(struct cpu_view *view, s64 own)
{
	s64 step = own < 0 ? -own : own;

	view->events++;
	if (step > view->max_step)
		view->max_step = step;
}

#ifdef MT_SPLIT
#include "account_split.bpf.h"
#else
#include "account_percpu.bpf.h"
#endif

static long forget_cpu(u32 cpu, u32 *space)
{
	struct cpu_view *view = view_of(*space, cpu);

	if (!view)
		return 1;
	__builtin_memset(view, 0, sizeof(*view));
	return 0;
}

/* Starts from what the counters hold now; types[] gets it. The space is not counting yet. */
static __always_inline void account__begin(struct space *space, u32 key, s64 types[MT_TYPES],
					   struct thread_walk *walk)
{
	LOOP(MAX_CPUS, cpus, forget_cpu, &key);
	for (int i = 0; i < MT_TYPES; i++)
		space->folded[i] = 0;
	account__catch_up(space, walk);
#pragma unroll
	for (int i = 0; i < MT_TYPES; i++) {
		struct change change = account__moved(i, walk);

		account__settle(space, key, i, &change);
		types[i] = change.claimed + change.moved;
	}
	account__drop_credits(key);
}
