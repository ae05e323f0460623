// SPDX-License-Identifier: GPL-2.0-or-later
/* What the loader runs itself: getting its bearings, adding processes, letting go of them. */
#include "begin.bpf.h"

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
 * Runs in memtrace's own context. Finds where each CPU's per-CPU memory lies: __per_cpu_offset is
 * a data symbol, which kernels without KALLSYMS_ALL do not show, but the distance between a per-CPU
 * array's base and each CPU's copy is the same. Also notes memtrace's pid namespace.
 */
SEC("raw_tp")
int prepare(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	void *base = NULL;
	struct find_offset f = {};
	struct upid upid = {};
	struct mt_op *other;

	bpf_probe_read_kernel(&base, sizeof(base),
			      (void *)address_of(&anchor) +
				      bpf_core_field_offset(struct bpf_array, pptrs));
	f.base = (u64)base;
	bpf_loop(cpus, find_offset, &f, 0);

	own_tgid = task->tgid;
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
	if (!mode || (all && task->flags & (PF_KTHREAD | PF_EXITING)))
		return;
	proc = bpf_map_lookup_elem(&procs, &tgid);
	if (!proc) {
		if (bpf_map_update_elem(&procs, &tgid, &fresh, BPF_ANY)) {
			lost(MT_LOSS_PROCESSES);
			return;
		}
		__sync_fetch_and_add(&live_procs, 1);
		proc = bpf_map_lookup_elem(&procs, &tgid);
		if (!proc)
			return;
	}
	if (*mode == MT_WANTED_EXEC) { /* counts from its exec on */
		*mode = 0;
		return;
	}
	proc->minor -= task->min_flt;
	proc->major -= task->maj_flt;
	if (proc->space == NONE && BPF_CORE_READ(task, mm)) {
		space__begin(address_of(task), proc, MT_BEGIN_ATTACH, 0);
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
	tgid = task->tgid;
	if (!scan_detach) {
		add_task(task, tgid);
		return 0;
	}
	proc = bpf_map_lookup_elem(&procs, &tgid);
	if (proc) {
		proc->minor += task->min_flt;
		proc->major += task->maj_flt;
	}
	return 0;
}

static long let_go_of(u32 key, void *unused)
{
	struct space *space = space__at(key);

	if (space && space->state == SPACE_COUNTING)
		space__end(space, key, MT_END_DETACH);
	return 0;
}

/* Ends every space that is still counting. */
SEC("raw_tp")
int let_go(void *ctx)
{
	bpf_loop(max_spaces, let_go_of, NULL, 0);
	return 0;
}
