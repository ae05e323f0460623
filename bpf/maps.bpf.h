/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every map, global and rodata knob of the programs.
 *
 * The state of an address space lives in an array slot ("space"), found through a set-associative
 * table keyed by the mm pointer: a lookup touches one cache line, and a removal leaves no
 * tombstone. Entries live from the begin of a space (exec, fork, attach) to its teardown, so that
 * an mm address that the kernel uses again at once is never taken for its predecessor.
 */
#pragma once

#include "compat.bpf.h"
#include <bpf/bpf_tracing.h>
#include "contract.h"
#include "space.h"

#define INDEX_WAYS     8
#define THREAD_BUCKETS 8192
#define THREAD_WAYS    4
#define NONE	       0xffffffffu
#define PAIR_ID	       0 /* as no marker's */
#define DETAILS_SIZE   (4 << 20)
#define DETAILS_WAKE   (DETAILS_SIZE / 8)

enum window_state { WINDOW_FREE, WINDOW_OPENING, WINDOW_OPEN, WINDOW_CLOSING };

struct window {
	u64 id; /* as the target knows it */
	u64 serial;
	u64 parent_serial; /* 0: none */
	u64 index;
	u32 state; /* enum window_state */
	u32 tid;   /* of the thread that began it, initial pid namespace */
	u32 op;
	u32 parent;    /* window number of the parent, NONE: none */
	u32 parent_op; /* NONE: none */
	u32 overlapped;
	u32 boundary; /* number of the boundary that opened it, 24 bits */
	s32 ns_tid;
	u32 source;  /* not of markers */
	u32 pairing; /* enum mt_pairing */
	u32 skipped; /* begins of its source inside that were filtered out and have not ended */
	u32 pad;
	u64 sp, site;		    /* at the begin; 0: a marker */
	s64 rss, file, shmem, swap; /* at begin */
	s64 gained, foreign, own;   /* counters at begin */
	s64 child;
	s64 peak, peak_file, peak_shmem;
	u64 begin_ns;
	u64 minor, major;
};

struct chunk {
	u64 used; /* a bit a window */
	struct window window[MT_CHUNK_WINDOWS];
};

/* A thread that has or had a window open. */
struct thread {
	u64 tid;     /* 0: free */
	s64 own;     /* growth it made while windows were open in its process */
	u64 mm;	     /* the space that top belongs to */
	u32 top;     /* innermost open window it began, NONE: none */
	u32 last_op; /* of its latest window: the next one's name is often the same */
	s32 ns_tid;  /* its id in memtrace's pid namespace; 0: not yet looked up */
	u32 pad;
};

struct index_bucket {
	u64 mm[INDEX_WAYS];
	u32 space[INDEX_WAYS];
	u32 pad[8];
};

struct thread_bucket {
	struct thread way[THREAD_WAYS];
};

struct op_name {
	char bytes[MT_NAME_SIZE];
	u64 thread; /* 0, or with by_thread whose operation it is, see current_thread() */
};

/*
 * mm -> space. Full bucket: the space is not traced, MT_LOSS_PROCESSES. How many entries this map
 * and those of spaces and processes have is set by the loader.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MT_INDEX_BUCKETS);
	__type(key, u32);
	__type(value, struct index_bucket);
} space_index SEC(".maps");

/* Written by every program; mapped by the loader for the live view. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MT_MAX_SPACES);
	__type(key, u32);
	__type(value, struct space);
} spaces SEC(".maps");

static __always_inline struct space *space__at(u32 key)
{
	return bpf_map_lookup_elem(&spaces, &key);
}

/* space * cpus + cpu -> view; max_entries is set by the loader. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cpu_view);
} cpu_views SEC(".maps");

/* Free spaces and chunks, filled by the loader. Empty: counted (MT_LOSS_PROCESSES, _TABLE_FULL). */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, MT_MAX_SPACES);
	__type(value, u32);
} free_spaces SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, MT_MAX_CHUNKS);
	__type(value, u32);
} free_chunks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MT_MAX_CHUNKS);
	__type(key, u32);
	__type(value, struct chunk);
} chunks SEC(".maps");

/* tid -> thread, set-associative. Full bucket: own growth not known, MT_LOSS_TABLE_FULL. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, THREAD_BUCKETS);
	__type(key, u32);
	__type(value, struct thread_bucket);
} threads SEC(".maps");

/* Traced processes by tgid of the initial pid namespace. Full: MT_LOSS_PROCESSES. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MT_MAX_PROCS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u32);
	__type(value, struct mt_proc);
} procs SEC(".maps");

/* Pids of memtrace's namespace that the loader wants added: value enum mt_wanted, 0 once found. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MT_MAX_PROCS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u32);
	__type(value, u32);
} wanted SEC(".maps");

/* Name (and thread) -> operation. Full: the window counts under MT_OP_OTHER, MT_LOSS_TABLE_FULL. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MT_MAX_OPS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct op_name);
	__type(value, u32);
} op_ids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MT_MAX_OPS);
	__type(key, u32);
	__type(value, struct mt_op);
} ops SEC(".maps");

/* By number, written by the loader; max_entries is set by it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct mt_source);
} sources SEC(".maps");

/* struct mt_window_record. Full: MT_LOSS_WINDOWS, totals stay right. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, DETAILS_SIZE);
} details SEC(".maps");

/* Lifetimes, apart from the windows so that these cannot crowd them out. Full: MT_LOSS_EVENTS. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

/* A process' result page, frozen for user space (user/marker/protocol.h). */
struct result_page {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(u32));
	__uint(value_size, MT_RESULT_SIZE);
};

/* By number; the loader puts new ones in, many at a time. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, MT_MAX_PROCS);
	__type(key, u32);
	__array(values, struct result_page);
} result_pages SEC(".maps");

/* Pid of memtrace's namespace -> number of its result page; entries come and go by the loader. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MT_MAX_PROCS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u32);
	__type(value, u32);
} result_of SEC(".maps");

/* tid -> what is known of its cache (Linux up to 6.1). Full: counted, MT_LOSS_INEXACT_READS. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MT_MAX_TASKS);
	__type(key, u32);
	__type(value, struct task_view);
} task_views SEC(".maps");

/* One token: who has it may change what is kept (MT_SERIAL). */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1);
	__type(value, u32);
} turn SEC(".maps");

/* Only there to find where each CPU's copy of per-CPU memory lies, see account.bpf.h. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} anchor SEC(".maps");

/* Set by the loader before loading. These types show in the skeleton: uapi names. */
const volatile __u32 cpus = 1;	    /* possible CPUs */
const volatile __u32 follow = 1;    /* children of traced processes are traced */
const volatile __u32 by_thread = 0; /* an operation is a name and a thread */
const volatile __u32 max_spaces = MT_MAX_SPACES;
const volatile __u32 index_shift = 22; /* 32 less the bits of MT_INDEX_BUCKETS */

const volatile __u32 hold_cpu = 0; /* programs run to their end, see cpu.bpf.h */

/* Shared with the loader through .bss. */
__u64 cpu_offset[MT_MAX_CPUS] = {}; /* of per-CPU memory, by CPU */
__u64 losses[MT_LOSS_MAX] = {};
__s64 tree_rss = 0; /* sum over the living spaces */
__s64 tree_peak = 0;
__u64 tree_peak_at = 0;
__u32 live_spaces = 0;
__u32 live_procs = 0;
__u32 space_serial = 0;
__u64 window_serial = 0;
__u64 windows_ended = 0;
__u32 op_count = 0;  /* beside MT_OP_OTHER, which is there from the start */
__u32 own_level = 0; /* of memtrace's pid namespace */
__u64 own_namespace = 0;
__u32 own_tgid = 0;	/* memtrace itself */
__u32 all = 0;		/* every process of the host is traced, from the scan on */
__u32 let_go_from = 0;	/* number of the first space that let_go() looks at */
__u64 scratch[32] = {}; /* of who has the turn */
__u32 scan_detach = 0;	/* what the task iterator is run for: 0 adding, 1 last faults */

/*
 * Some microseconds. There is no helper that waits; this one copies 64 KiB, which are the same all
 * along, to where they are.
 */
static __always_inline void wait_briefly(void)
{
	bpf_probe_read_kernel(cpu_offset, sizeof(cpu_offset), cpu_offset);
}

static __always_inline void wait_some_more(void)
{
#pragma clang loop unroll(disable)
	for (int i = 0; i < 16; i++)
		wait_briefly();
}

/* Between tries: what is waited for may have lost its CPU to a hypervisor for milliseconds. */
static __always_inline void wait_when_long(u32 tries)
{
	if (tries >= 256)
		wait_briefly();
}

static __always_inline void lost(enum mt_loss what)
{
	__sync_fetch_and_add(&losses[what], 1); /* also out of turn */
}
