/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one trace observed, as plain data: the only thing the renderers read.
 *
 * Everything is in bytes and nanoseconds; times count from the start of the trace. Strings are the
 * target's own bytes, unescaped and possibly not UTF-8: each renderer escapes for its own medium.
 * A report owns all that it points to; report__free() accepts NULL and half-built reports.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Order of the per-type arrays. RSS is anon + file + shmem; swap stands beside it. */
enum mem_type { MEM_ANON, MEM_FILE, MEM_SHMEM, MEM_SWAP, MEM_TYPES };
#define MEM_RSS_TYPES 3 /* the types that make up RSS */

struct summary {
	uint64_t count; /* values summarised; 0: every other field is unknown (null) */
	int64_t total;
	int64_t min;
	int64_t max;
	double mean;
	int64_t median;
	bool median_exact; /* false: estimated from a sample of the values */
	double stddev;	   /* of the sample; unknown (null) when count < 2 */
};

struct faults {
	bool known; /* false: null */
	int64_t minor;
	int64_t major;
};

enum row_begin { ROW_BEGIN_EXEC, ROW_BEGIN_FORK, ROW_BEGIN_ATTACH };
enum row_end { ROW_END_EXIT, ROW_END_EXEC, ROW_END_DETACH };

/* One address space. */
struct process_row {
	int32_t pid;
	int32_t ppid;
	char *comm;
	char **command; /* command_len strings */
	size_t command_len;
	char *cgroup; /* NULL: not known */
	char *user;   /* NULL: not known */
	enum row_begin begin;
	enum row_end end;
	bool exited; /* exit_code and exit_signal are known */
	int32_t exit_code;
	int32_t exit_signal; /* 0: none */
	bool hidden;	     /* the short stretch between fork and exec: not in the table */
	int64_t begin_ns;
	int64_t duration_ns;
	int64_t rss_begin_bytes;
	int64_t rss_end_bytes; /* just before the teardown */
	int64_t peak_rss_bytes;
	int64_t peak_at_ns;
	int64_t peak_by_type_bytes[MEM_RSS_TYPES];
	int64_t swap_peak_bytes;
	char **peak_operations; /* names of the operations open at the peak, outermost first */
	size_t peak_operations_len;
	int64_t gained_bytes;
	int64_t returned_bytes;
	struct faults faults;
};

/* What is put together in a report (--by). */
enum report_by {
	BY_PROCESS, /* nothing: a row an address space */
	BY_COMM,
	BY_CGROUP,
	BY_USER,
	BY_THREAD, /* of operations: a row a name and thread */
};

/* Processes of the same comm, cgroup or user; without those between fork and exec. */
struct process_group {
	char *key;		/* NULL: not known */
	uint64_t processes;	/* address spaces */
	uint64_t alive;		/* of them, those that were still there at the end */
	int64_t growth_bytes;	/* sum of RSS at the end less RSS at the begin */
	int64_t rss_end_bytes;	/* of those alive, together */
	int64_t peak_rss_bytes; /* the highest of one process */
	int32_t peak_pid;	/* which one's */
	int64_t gained_bytes;
	int64_t returned_bytes;
	struct faults faults; /* not known when one process' are not */
};

/* Address spaces that report.processes has no room for; groups and the tree have them. */
struct left_out {
	uint64_t processes;
	int64_t peak_rss_bytes; /* the highest */
	int64_t gained_bytes;
	int64_t returned_bytes;
};

struct operation {
	char *name;
	int32_t tid;	     /* BY_THREAD: whose windows these are; 0: not known, or several */
	char *thread;	     /* its comm; NULL: not known */
	uint64_t count;	     /* windows, complete and incomplete */
	uint64_t incomplete; /* closed by exec, exit, thread-exit or detach */
	uint64_t overlapped_count; /* windows during which another thread had one open */
	struct summary growth_bytes;
	struct summary peak_growth_bytes; /* .total is meaningless */
	int64_t peak_rss_bytes;		  /* of all windows; sums are of the complete ones */
	int64_t peak_by_type_bytes[MEM_RSS_TYPES];
	int64_t by_type_bytes[MEM_TYPES];
	int64_t gained_bytes;
	int64_t returned_bytes;
	int64_t own_growth_bytes;
	int64_t self_growth_bytes;
	int64_t foreign_growth_bytes;
	struct faults own_faults;
	struct summary duration_ns;
	/*
	 * Index into report.operations of the operation that every window of this one was nested
	 * directly inside, or -1: none, or not the same one each time.
	 */
	int64_t parent;
};

enum window_end {
	WINDOW_END_END,
	WINDOW_END_UNWOUND,
	WINDOW_END_THREAD_EXIT,
	WINDOW_END_EXEC,
	WINDOW_END_EXIT,
	WINDOW_END_DETACH,
};

struct window_row {
	size_t operation; /* index into report.operations */
	uint64_t id;	  /* from 1, in order of begin */
	uint64_t parent;  /* id of the window it is nested directly inside; 0: none (null) */
	uint64_t index;	  /* the operation's n-th window, from 0 */
	int32_t pid;
	int32_t tid;
	bool overlapped;
	int64_t begin_ns;
	int64_t duration_ns;
	enum window_end end;
	int64_t rss_begin_bytes;
	int64_t growth_bytes;
	int64_t peak_growth_bytes;
	int64_t gained_bytes;
	int64_t returned_bytes;
	int64_t own_growth_bytes;
	int64_t self_growth_bytes;
	int64_t foreign_growth_bytes;
	int64_t by_type_bytes[MEM_TYPES];
	struct faults own_faults;
};

/* Everything memtrace knows that it missed; what each means: losses.h. */
struct losses {
	uint64_t windows;
	uint64_t unmatched_ends;
	uint64_t names_truncated;
	uint64_t events;
	uint64_t recursion_misses;
	uint64_t table_full;
	uint64_t inexact_reads;
	uint64_t ambiguous_own;
	uint64_t processes;
	uint64_t late_attach;
};

struct host {
	char *kernel; /* uname -r */
	char *arch;
	uint32_t cpus;
	uint32_t page_size_bytes;
	char *thp; /* the setting of transparent_hugepage/enabled; NULL: not known */
};

struct accounting {
	const char *model; /* "percpu", ... */
	int64_t error_bound_bytes;
	char *note; /* NULL: none */
};

enum trace_mode { TRACE_COMMAND, TRACE_ATTACH, TRACE_ALL };

/* An object whose markers were attached after it had been mapped: earlier ones were missed. */
struct late_attach {
	char *object;
	int64_t at_ns;
};

struct trace_info {
	enum trace_mode mode; /* "command", "attach" or "all" */
	char **command;	      /* command_len strings; none otherwise (null) */
	size_t command_len;
	int32_t *pids;
	size_t pids_len;
	char **windows; /* the specs */
	size_t windows_len;
	int64_t started_at_s; /* Unix time */
	int64_t duration_ns;
	bool exited; /* exit_code and exit_signal are known */
	int32_t exit_code;
	int32_t exit_signal;
	uint64_t outside_processes;
	struct late_attach *late;
	size_t late_len;
};

struct tree {
	int64_t peak_rss_bytes;
	int64_t peak_at_ns;
	uint64_t processes; /* address spaces seen */
	char **peak_operations;
	size_t peak_operations_len;
};

struct overhead {
	int64_t attach_ns;
	int64_t bpf_time_ns; /* -1: not known */
	uint64_t bpf_events;
};

struct report {
	struct host host;
	struct accounting accounting;
	struct trace_info trace;
	struct process_row *processes; /* in order of begin */
	size_t processes_len;
	struct left_out processes_left_out;
	enum report_by by;
	struct process_group *groups; /* by `by`, the highest peak first */
	size_t groups_len;
	struct tree tree;
	struct operation *operations; /* in order of first begin */
	size_t operations_len;
	struct window_row *windows; /* in order of end; empty unless asked for */
	size_t windows_len;
	struct losses losses;
	struct overhead overhead;
};

void report__free(struct report *report);
