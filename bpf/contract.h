/* SPDX-License-Identifier: MIT */
/*
 * What the BPF programs and the loader share: limits, map values, ring records, loss counters.
 *
 * Memory is in pages, times are CLOCK_MONOTONIC nanoseconds. Pids are those of the pid namespace
 * memtrace runs in. Both sides are built from one tree, so the layout may change freely; the static
 * asserts at the end catch a compiler that pads the two sides differently.
 */
#pragma once

#ifndef __VMLINUX_TYPES__
#include <linux/types.h>
#include <stdbool.h>
#endif

enum { MT_ANON, MT_FILE, MT_SHMEM, MT_SWAP, MT_TYPES }; /* order of by-type arrays here */

#define MT_NAME_MAX	 127 /* bytes of an operation's name that are kept */
#define MT_NAME_SIZE	 (MT_NAME_MAX + 1)
#define MT_COMM_SIZE	 16
#define MT_ARGS_SIZE	 1024  /* bytes of a command line that an exec record carries */
#define MT_PEAK_OPS	 8     /* operations remembered at a peak */
#define MT_MAX_OPS	 16384 /* operation names; one more goes to MT_OP_OTHER */
#define MT_OP_OTHER	 0
#define MT_MAX_SPACES	 4096  /* address spaces traced at one time */
#define MT_INDEX_BUCKETS 1024  /* of 8 spaces: twice as many as there are */
#define MT_MAX_PROCS	 16384 /* processes traced at one time */
#define MT_CHUNK_WINDOWS 16    /* windows in a chunk */
#define MT_MAX_TASKS	 32768 /* threads whose caches are known */
#define MT_MAX_CHUNKS	 2048  /* chunks in the pool: 32768 windows open on the host */
#define MT_SPACE_CHUNKS	 64    /* chunks a space can hold: 1024 windows open in one process */
#define MT_MAX_SOURCES	 16384 /* functions probed */
#define MT_MAX_USDT	 1024  /* or pairs of USDT probes */
#define MT_ARGUMENTS	 6     /* of a function, that a name can be made of */
#define MT_MAX_CPUS	 8192
#define MT_WALKS	 8    /* programs of one CPU that are under way, preempted ones too */
#define MT_SERIAL_CPUS	 512  /* with the programs for kernels before 5.17 */
#define MT_SERIAL_CHUNKS 4    /* the same: 64 windows open in one process */
#define MT_RESULT_SIZE	 4096 /* a process' result page, see user/marker/protocol.h */

/* Loss counters; their meaning for the reader stands in user/model/losses.h. */
enum mt_loss {
	MT_LOSS_WINDOWS, /* windows counted in their totals, without a record of their own */
	MT_LOSS_UNMATCHED_ENDS,
	MT_LOSS_NAMES_TRUNCATED,
	MT_LOSS_EVENTS,	       /* process records dropped by a full ring */
	MT_LOSS_TABLE_FULL,    /* windows or threads that found no room */
	MT_LOSS_INEXACT_READS, /* reads that did not settle */
	MT_LOSS_AMBIGUOUS_OWN, /* two CPUs folded at once: the split between threads is a guess */
	MT_LOSS_PROCESSES,     /* address spaces that found no room */
	MT_LOSS_MAX,
};

enum mt_end {
	MT_END_END,
	MT_END_UNWOUND,
	MT_END_THREAD_EXIT,
	MT_END_EXEC,
	MT_END_EXIT,
	MT_END_DETACH
};
enum mt_begin { MT_BEGIN_EXEC, MT_BEGIN_FORK, MT_BEGIN_ATTACH };

/* What a pid asked for by the user is, before the programs have seen it. */
enum mt_wanted { MT_WANTED_ATTACH = 1, MT_WANTED_EXEC = 2 };

/* How an end finds its begin: but for markers on the same thread. */
enum mt_pairing {
	MT_PAIR_ID,	/* by the marker's id */
	MT_PAIR_THREAD, /* the innermost of the source */
	MT_PAIR_SITE, /* the same; a begin where the last one was, in the same frame, replaces it */
	MT_PAIR_FRAME, /* by the stack pointer: the function's own return */
};

enum mt_naming { MT_NAME_FIXED, MT_NAME_STRING, MT_NAME_NUMBER };

/*
 * The cookie of a function's exit: the source's number, and above it 0, or 1 + the condition (of an
 * x86 Jcc) under which the instruction leaves.
 */
#define MT_CONDITION_SHIFT 32

/* What opens and closes windows but markers; its number is the cookie of its probes. */
struct mt_source {
	__u32 pairing;	/* enum mt_pairing */
	__u32 naming;	/* enum mt_naming: what the begin's argument is */
	__u32 argument; /* its number, from 0 */
	__u32 prefix_len;
	__u32 op; /* of a fixed name, once it is known */
	__u32 pad;
	char name[MT_NAME_SIZE];   /* or what stands before the argument */
	char filter[MT_NAME_SIZE]; /* of the argument; '*' and '?' match; "": all are wanted */
};

/* A traced process, by tgid of the initial pid namespace. */
struct mt_proc {
	__u32 space;	    /* array slot; ~0: not yet (before exec, vfork) */
	__u32 serial;	    /* of its latest address space */
	__s64 minor, major; /* faults of its exited threads, less those before the space began */
};

/* Sum of squares in 128 bits: durations squared pass 64 bits after a few seconds. */
struct mt_sum128 {
	__u64 lo;
	__u64 hi;
};

/*
 * Totals of one operation over its complete windows; counts and peak_rss are of all. Written with
 * atomics by the window programs, read by the loader at the end. min > max: no value yet.
 */
struct mt_op {
	char name[MT_NAME_SIZE];
	__u64 begun; /* windows begun */
	__u64 count; /* windows ended, each way */
	__u64 incomplete;
	__u64 overlapped;
	__s64 growth_sum, growth_min, growth_max;
	struct mt_sum128 growth_squares;
	__s64 peak_sum, peak_min, peak_max;
	struct mt_sum128 peak_squares;
	__s64 duration_sum, duration_min, duration_max;
	struct mt_sum128 duration_squares;
	__s64 peak_rss;
	__s64 peak_by_type[3];
	__s64 by_type[MT_TYPES];
	__s64 gained;
	__s64 own;
	__s64 child; /* growth of the windows nested directly inside: self = growth - child */
	__s64 foreign;
	__s64 minor, major;   /* own faults */
	__u64 faults_unknown; /* windows that ended on another thread */
	__u64 first_begin_ns;
	__u32 parent; /* enum mt_parent, or MT_PARENT_OP + the operation it is nested in */
	__s32 tid;    /* by_thread: whose windows these are, 0: not known or several threads' */
	char comm[MT_COMM_SIZE]; /* of that thread, at the end of its latest window */
};

enum mt_parent { MT_PARENT_UNSET, MT_PARENT_NONE, MT_PARENT_DIFFERS, MT_PARENT_OP };

/* Ring "details": one a window. */
struct mt_window_record {
	__u64 id, parent, index; /* parent 0: none */
	__u32 op;
	__s32 pid, tid;
	__u32 end; /* enum mt_end */
	__u32 overlapped;
	__u32 faults_known;
	__u64 begin_ns, duration_ns;
	__s64 rss_begin, growth, peak, gained, own, child, foreign;
	__s64 by_type[MT_TYPES];
	__s64 minor, major;
};

/* Ring "events": lifetimes, in the order in which they happened. */
enum mt_record { MT_RECORD_SPACE_BEGIN, MT_RECORD_SPACE_END, MT_RECORD_PROCESS_EXIT };

struct mt_record_header {
	__u32 type;  /* enum mt_record */
	__u32 space; /* serial number of the address space, from 1 */
	__u64 at_ns;
	__s32 pid;
	__s32 ppid;
};

/* An address space began to count. */
struct mt_space_begin {
	struct mt_record_header header;
	__u32 begin;	     /* enum mt_begin */
	__u32 uid;	     /* in the initial user namespace */
	__u32 previous;	     /* serial of the space that this one came from (fork, exec), 0: none */
	__u32 args_size;     /* bytes of the command line, which may exceed MT_ARGS_SIZE */
	__u64 cgroup;	     /* id in the version 2 hierarchy, 0: not known */
	__u64 memory_cgroup; /* in the memory controller's, of whichever version */
	__s64 by_type[MT_TYPES];
	char comm[MT_COMM_SIZE];
	char args[MT_ARGS_SIZE]; /* NUL-separated; exec only */
};

/* An address space is about to be torn down, or is let go. */
struct mt_space_end {
	struct mt_record_header header;
	__u32 end;	  /* enum mt_end: EXEC, EXIT, DETACH */
	__u32 changers;	  /* CPUs that changed its counters; split: threads */
	__u32 concurrent; /* more than one thread changed them */
	__u32 peak_ops_len;
	__u32 tree_ops_len;
	char comm[MT_COMM_SIZE]; /* at the end: a program may rename itself */
	__u32 peak_ops[MT_PEAK_OPS];
	__u32 tree_ops[MT_PEAK_OPS]; /* open when the tree was at its peak of tree_ops_at_ns */
	__u64 tree_ops_at_ns;
	__s64 by_type[MT_TYPES];
	__s64 gained;
	__s64 peak;
	__s64 peak_by_type[3];
	__u64 peak_at_ns;
	__s64 swap_peak;
	__s64 max_step; /* largest change made by one event */
	__u64 events;
	__s64 minor, major; /* faults of its process, from its begin until now; not with DETACH */
};

struct mt_process_exit {
	struct mt_record_header header;
	__u32 exit_code; /* as wait(2) gives it */
	__u32 pad;
	__s64 minor, major; /* faults of the process since its last space began */
};

#define MT_ASSERT_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " is padded")
MT_ASSERT_SIZE(struct mt_record_header, 24);
MT_ASSERT_SIZE(struct mt_window_record, 168);
