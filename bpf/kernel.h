/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's structures, with just the fields that are used. CO-RE finds each field in the
 * running kernel's BTF; what not every kernel has is asked for with bpf_core_field_exists().
 */
#pragma once

#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

struct refcount_struct {
	atomic_t refs;
};

struct qspinlock {
	atomic_t val;
};

typedef struct raw_spinlock {
	struct qspinlock raw_lock;
} raw_spinlock_t;

/* Linux 6.2 (f1a7941243c1): RSS is count plus the sum of *counters over all CPUs. */
struct percpu_counter {
	raw_spinlock_t lock;
	s64 count;
	s32 *counters;
};

/* Until then: one counter each, and what a task has changed since it last handed that over. */
typedef struct {
	s64 counter;
} atomic_long_t;

struct mm_rss_stat {
	atomic_long_t count[4];
};

struct task_rss_stat {
	int events;
	int count[4];
};

struct mm_struct___split {
	struct mm_rss_stat rss_stat;
};

struct task_struct___split {
	struct task_rss_stat rss_stat;
};

struct list_head {
	struct list_head *next;
};

struct xol_area;

struct uprobes_state {
	struct xol_area *xol_area;
};

enum uprobe_task_state { UTASK_RUNNING, UTASK_SSTEP };

struct uprobe_task {
	enum uprobe_task_state state;
};

struct mm_struct {
	atomic_t mm_users;
	struct uprobes_state uprobes_state;
	unsigned long arg_start, arg_end;
	struct percpu_counter rss_stat[4];
};

struct pid_namespace;

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

typedef struct {
	u32 val;
} kuid_t;

struct cred {
	kuid_t uid;
};

/* Linux 5.5 (67c0496e87d1): 64 bits that are the inode number, too. */
struct kernfs_node {
	u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

/* memory_cgrp_id is missing where the kernel has no memory controller. */
enum cgroup_subsys_id { memory_cgrp_id };

struct css_set {
	struct cgroup_subsys_state *subsys[0];
	struct cgroup *dfl_cgrp;
};

struct task_struct;

struct vm_area_struct {
	unsigned long vm_start, vm_end;
};

struct signal_struct {
	struct list_head thread_head;
	atomic_t live;
	int group_exit_code;
	unsigned int flags;
	struct task_struct *group_exec_task; /* Linux 5.17 (60700e38fb68) */
};

struct task_struct {
	unsigned int flags;
	u32 pid; /* pid_t; never negative */
	u32 tgid;
	int exit_code;
	struct mm_struct *mm;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	void *vfork_done;	      /* set while a vfork child keeps its parent waiting */
	struct list_head thread_node; /* in signal->thread_head */
	struct signal_struct *signal;
	const struct cred *cred;
	struct css_set *cgroups;
	unsigned long min_flt, maj_flt;
	u64 start_time;
	struct uprobe_task *utask; /* NULL until its first probe */
	char comm[16];
};

struct bpf_array {
	void *pptrs[0]; /* of a per-CPU array: the per-CPU base of each element */
};

struct bpf_iter_meta;

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

#define PF_EXITING	  0x00000004
#define PF_KTHREAD	  0x00200000
#define SIGNAL_GROUP_EXIT 0x00000004
