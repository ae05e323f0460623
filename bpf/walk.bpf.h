/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the programs know at a window boundary. Too large for the stack, of which a program and all
 * that it calls have 512 bytes; not a CPU's either, since a program may be preempted.
 */
#pragma once

#include "account.bpf.h"
#include "marker/protocol.h"

/* What a window boundary sees: the counters now, and the highest RSS since the last boundary. */
struct boundary {
	s64 rss, file, shmem, swap;
	s64 gained, foreign;
	s64 max, max_file, max_shmem;
	u64 max_at;
	u64 now;
	u32 number; /* 24 bits */
	u32 tid;
};

/* What one window came to. */
struct outcome {
	s64 growth, peak, duration;
	s64 peak_rss, peak_file, peak_shmem;
	s64 file, shmem, swap;
	s64 gained, own, child, foreign;
	s64 minor, major;
	u32 faults_known;
	u32 overlapped;
	u32 incomplete;
	u32 pad;
};

/* What a walk over a space's windows is for, and what it found. */
struct walk {
	u32 busy;
	u32 key;		    /* its own number in the map */
	struct thread_walk threads; /* set by account__catch_up() */
	struct outcome outcome;	    /* of the window that is being closed, set by window__close() */
	struct boundary b;	    /* from here on zero at first */
	u64 id;			    /* look for this window */
	u32 found;		    /* its number, or NONE */
	u32 opening;		    /* number of the window being opened, NONE: none */
	u32 tid;		    /* of the thread that opens, closes or exits; 0: any */
	u32 overlapped;		    /* another thread has a window open */
	u32 end;		    /* enum mt_end */
	u32 ops_len;
	u32 ops[MT_PEAK_OPS];
	u32 slot;	  /* of the result page */
	u32 current_tid;  /* 0: not on behalf of a thread */
	u64 minor, major; /* faults of current_tid so far */
};

/* From cpu * MT_WALKS on; max_entries is set by the loader. All busy: MT_LOSS_INEXACT_READS. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct walk);
} walks SEC(".maps");

/* To be given back; task NULL: not on behalf of a thread. NULL, counted, when there is none. */
static __always_inline struct walk *walk__take(const struct task_struct *task, u32 end)
{
	struct walk *w = NULL;
	u32 key = bpf_get_smp_processor_id() * MT_WALKS;

#pragma clang loop unroll(disable)
	for (int i = 0; i < MT_WALKS; i++, key++) {
		w = bpf_map_lookup_elem(&walks, &key);
		if (w && !exchange(&w->busy, 1))
			break;
		w = NULL;
	}
	if (!w) {
		lost(MT_LOSS_INEXACT_READS);
		return NULL;
	}
	w->key = key;
	__builtin_memset(&w->b, 0, sizeof(*w) - __builtin_offsetof(struct walk, b));
	w->opening = NONE;
	w->slot = MARKER_NO_SLOT;
	w->end = end;
	if (task) {
		w->current_tid = TASK(task, pid);
		w->minor = TASK(task, min_flt);
		w->major = TASK(task, maj_flt);
	}
	return w;
}

static __always_inline struct walk *walk__at(u32 key)
{
	return bpf_map_lookup_elem(&walks, &key);
}

static __always_inline void walk__give(struct walk *w)
{
	barrier();
	w->busy = 0;
}
