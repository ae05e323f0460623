/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of one address space: values of the maps "spaces" and "cpu_views". The programs write
 * them; the loader reads them for the live view, while they change.
 */
#pragma once

#include "contract.h"

enum space_state { SPACE_FREE, SPACE_COUNTING, SPACE_ENDED };

/*
 * Whose changes came: one thread's; also those of somebody outside the process, while the thread
 * may have stood still; of two CPUs at once, for all that is known.
 */
enum concurrency { CONCURRENT_NONE, CONCURRENT_FOREIGN, CONCURRENT_CPUS };

#define RUN_SHIFT 40 /* see space.run */
#define RUN_MASK  ((1ull << RUN_SHIFT) - 1)
#define HISTORY	  16 /* intervals; a power of two */

/* What one interval between two window boundaries came to. */
struct interval {
	__u64 run; /* as in struct space; the number is that of the boundary that ended it */
	__s64 file, shmem;
};

/* One address space. Pages; RSS types other than anon are kept, anon is what remains. */
struct space {
	__u64 mm;
	__s64 rss;
	__s64 gained;
	__s64 folded[MT_TYPES];	   /* percpu_counter.count as last seen */
	__u32 resyncing[MT_TYPES]; /* a CPU is in account__resync() */
	__s64 file, shmem, swap;
	/*
	 * The highest RSS since the last window boundary in the low 40 bits, the number of the
	 * boundary in the high 24: one word, so that a maximum belongs to one interval only.
	 * Kept up to date before shrinks and at boundaries, which is enough for a maximum.
	 */
	__u64 run;
	__s64 run_file, run_shmem;
	__u64 run_at;
	__u32 state;	  /* enum space_state */
	__u32 first_tid;  /* whose event came first */
	__u32 concurrent; /* enum concurrency */
	__u32 open;	  /* windows open now */
	__u32 folding;	  /* boundaries whose maximum has not yet reached all windows */
	__u32 probe_page; /* the page for probes is there, see leave_out_probe_page() */
	struct interval history[HISTORY]; /* of the latest, by number */
	__s64 foreign; /* growth made by nobody in the process, while windows are open */
	__s64 peak, peak_file, peak_shmem;
	__u64 peak_at;
	__s64 swap_peak;
	__u32 peak_ops[MT_PEAK_OPS];
	__u32 peak_ops_len;
	__u32 tree_ops_len;
	__u32 tree_ops[MT_PEAK_OPS];
	__u64 tree_ops_at; /* the tree's peak to which tree_ops belong */
	__u32 tgid;	   /* in the initial pid namespace */
	__s32 pid, ppid;
	__u32 serial;
	__u32 windows; /* highest window number ever used, plus 1 */
	__u32 chunks;  /* chunks held */
	__u32 chunk[MT_SPACE_CHUNKS];
	__u64 leader;  /* address of the process' first thread */
	__u32 threads; /* split: whose caches have been seen */
	__u32 key;     /* its own number in the map */
};

/* What has been seen of one thread's cache (Linux up to 6.1), see account_split.bpf.h. */
struct task_view {
	__u32 space; /* serial */
	__u32 pad;
	__s32 seen[MT_TYPES];
	__s32 moved[MT_TYPES];
};

/* What has been seen of one CPU's share of a space's counters. A cache line each. */
struct cpu_view {
	__s32 seen[MT_TYPES];
	__s32 credit[MT_TYPES]; /* claimed by another CPU's resync, not yet by this CPU's event */
	__s64 max_step;
	__u64 events;
	__u64 pad[2];
};
