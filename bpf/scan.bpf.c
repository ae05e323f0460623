// SPDX-License-Identifier: GPL-2.0-or-later
/* What the loader runs itself: getting its bearings, adding processes, letting go of them. */
#include "begin.bpf.h"
#include "turn.bpf.h"

#ifndef MT_SPLIT
struct find_offset {
	u64 base;
};

static long find_offset(u32 cpu, struct find_offset *f)
{
	u32 zero = 0;
	void *copy = bpf_map_lookup_percpu_elem(&anchor, &zero, cpu);

	if (!copy)
		return 1;
	cpu_offset[cpu & (MT_MAX_CPUS - 1)] = address_of(copy) - f->base;
	return 0;
}

/*
 * Finds where each CPU's per-CPU memory lies: __per_cpu_offset is a data symbol, which kernels
 * without KALLSYMS_ALL do not show, but the distance between a per-CPU array's base and each CPU's
 * copy is the same.
 */
static __always_inline void find_offsets(void)
{
	struct find_offset f = {};
	void *base = NULL;

	bpf_probe_read_kernel(&base, sizeof(base),
			      (void *)address_of(&anchor) +
				      bpf_core_field_offset(struct bpf_array, pptrs));
	f.base = (u64)base;
	LOOP(MAX_CPUS, cpus, find_offset, &f);
}
#else
static __always_inline void find_offsets(void)
{
}
#endif

/* Runs in memtrace's own context: gets the programs' bearings, and notes its pid namespace. */
SEC("raw_tp")
int prepare(void *ctx)
{
	struct task_struct *task = current_task();
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct upid upid = {};
	struct mt_op *other;

	find_offsets();
	own_tgid = TASK(task, tgid);
	own_level = BPF_CORE_READ(pid, level);
	bpf_probe_read_kernel(&upid, sizeof(upid),
			      (void *)pid + bpf_core_field_offset(struct pid, numbers) +
				      own_level * bpf_core_type_size(struct upid));
	own_namespace = (u64)upid.ns;

	other = op__at(MT_OP_OTHER);
	if (other)
		op__init(other);
	return 0;
}

static __always_inline void add_task(struct task_struct *task, u32 tgid)
{
	u32 pid = pid_of(BPF_CORE_READ(task, group_leader)), any = MT_WANTED_ATTACH, *mode;
	struct mt_proc fresh = {.space = NONE}, *proc;

	mode = all ? &any : bpf_map_lookup_elem(&wanted, &pid);
	if (!mode || (all && TASK(task, flags) & (PF_KTHREAD | PF_EXITING)))
		return;
	proc = bpf_map_lookup_elem(&procs, &tgid);
	if (!proc) {
		if (bpf_map_update_elem(&procs, &tgid, &fresh, BPF_ANY)) {
			lost(MT_LOSS_PROCESSES);
			return;
		}
		fetch_add(&live_procs, 1);
		proc = bpf_map_lookup_elem(&procs, &tgid);
		if (!proc)
			return;
	}
	if (*mode == MT_WANTED_EXEC) { /* counts from its exec on */
		*mode = 0;
		return;
	}
	proc->minor -= TASK(task, min_flt);
	proc->major -= TASK(task, maj_flt);
	if (proc->space == NONE && BPF_CORE_READ(task, mm)) {
		space__begin(address_of(task), tgid, MT_BEGIN_ATTACH, 0);
		*mode = 0;
	}
}

/* Over every thread of the host. */
SEC("iter/task")
int scan_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct mt_proc *proc;
	u32 tgid;

	if (!task)
		return 0;
	tgid = TASK(task, tgid);
	if (!scan_detach) {
		if (turn__take(MT_LOSS_PROCESSES)) {
			add_task(task, tgid);
			turn__pass();
		}
		return 0;
	}
	proc = bpf_map_lookup_elem(&procs, &tgid);
	if (proc) {
		proc->minor += TASK(task, min_flt);
		proc->major += TASK(task, maj_flt);
	}
	return 0;
}

static long let_go_of(u32 i, u32 *first)
{
	u32 key = *first + i;
	struct space *space = space__at(key);

	if (!space || space->state != SPACE_COUNTING || !turn__take(MT_LOSS_EVENTS))
		return 0;
	if (ACCOUNT_LAGS) {
		struct walk *w = walk__take(NULL, 0);

		if (w) {
			space__settle(key, w->key, SETTLE_ALL);
			walk__give(w);
		}
	}
	space__end(key, MT_END_DETACH);
	turn__pass();
	return 0;
}

/* Ends spaces that are still counting, from let_go_from on: all, or one where it takes turns. */
SEC("raw_tp")
int let_go(void *ctx)
{
	u32 first = let_go_from;

	LOOP(1, max_spaces - first, let_go_of, &first);
	return 0;
}
