/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the running kernel's types say about it: how it counts, and what can be asked of it. */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>

struct btf;

/* How the kernel keeps the RSS counters of an address space. */
enum counters {
	COUNTERS_UNKNOWN,
	COUNTERS_SPLIT,	 /* mm_rss_stat and a cache a task, until Linux 6.1 */
	COUNTERS_PERCPU, /* percpu_counter, since 6.2 (f1a7941243c1) */
};

struct kernel {
	enum counters counters;
	bool rss_stat;		/* the tracepoint */
	bool fault_end;		/* programs at the end of handle_mm_fault(), tried where of use */
	bool fault_tracepoints; /* page_fault_user and page_fault_kernel */
	bool loops;		/* bpf_loop() */
	bool hold_cpu;		/* programs may keep from being preempted (6.15) */
	bool uprobe_multi;	/* one link for many probes (Linux 6.6) */
	bool uprobe_multi_pid;	/* bound to a process with all its threads, too (6.10) */
};

/* From the types of a kernel. */
void kernel__read(struct kernel *out, const struct btf *btf);

/* Then, of the running one: what only trying tells. */
void kernel__try(struct kernel *kernel);

/*
 * Loads a program that does nothing, for a tracepoint or function of the running kernel. Its
 * descriptor, or a negative errno.
 */
int kernel__load_empty(const char *target, enum bpf_attach_type type);

bool kernel__has_tracepoint(const struct btf *btf, const char *name);

/* "split", "percpu", "unknown" */
const char *kernel__counters_name(enum counters counters);
