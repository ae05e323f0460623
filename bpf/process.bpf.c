// SPDX-License-Identifier: GPL-2.0-or-later
/* Lifetimes of traced processes: fork, exec and exit. */
#include "begin.bpf.h"

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	u32 tgid = parent->tgid, child_tgid = child->tgid;
	struct mt_proc fresh = {.space = NONE}, *proc;
	u32 previous;

	if (tgid == child_tgid || !follow) /* a thread */
		return 0;
	proc = bpf_map_lookup_elem(&procs, &tgid);
	if (!proc && (!all || BPF_CORE_READ(child, flags) & PF_KTHREAD))
		return 0;
	previous = proc ? proc->serial : 0;
	if (bpf_map_update_elem(&procs, &child_tgid, &fresh, BPF_ANY)) {
		lost(MT_LOSS_PROCESSES);
		return 0;
	}
	__sync_fetch_and_add(&live_procs, 1);
	if (BPF_CORE_READ(child, mm) ==
	    BPF_CORE_READ(parent, mm)) /* vfork: its own space begins at its exec */
		return 0;
	proc = bpf_map_lookup_elem(&procs, &child_tgid);
	if (proc)
		space__begin(address_of(child), proc, MT_BEGIN_FORK, previous);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	u32 tgid = task->tgid, previous;
	struct space *space;
	struct mt_proc *proc;

	proc = bpf_map_lookup_elem(&procs, &tgid);
	if (!proc && all) { /* a kernel thread that becomes a program */
		struct mt_proc fresh = {.space = NONE};

		if (!bpf_map_update_elem(&procs, &tgid, &fresh, BPF_NOEXIST))
			__sync_fetch_and_add(&live_procs, 1);
		proc = bpf_map_lookup_elem(&procs, &tgid);
	}
	if (!proc)
		return 0;
	previous = proc->serial;
	if (proc->space != NONE) { /* still there when somebody else holds the old mm */
		space = space__at(proc->space);
		if (space && space->serial == proc->serial)
			space__end(space, proc->space, MT_END_EXEC);
	}
	proc->minor = -(s64)task->min_flt;
	proc->major = -(s64)task->maj_flt;
	space__begin(address_of(task), proc, MT_BEGIN_EXEC, previous);
	return 0;
}

static __always_inline u32 exit_code_of(const struct task_struct *task,
					const struct signal_struct *signal)
{
	return BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT
		       ? BPF_CORE_READ(signal, group_exit_code)
		       : BPF_CORE_READ(task, group_leader, exit_code);
}

static __always_inline u32 thread_end(const struct signal_struct *signal, bool last)
{
	if (bpf_core_field_exists(signal->group_exec_task) &&
	    BPF_CORE_READ(signal, group_exec_task))
		return MT_END_EXEC;
	return last || BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT ? MT_END_EXIT
									: MT_END_THREAD_EXIT;
}

/* On Linux 6.16+ this comes before the thread lets go of its mm, on earlier kernels after it. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	const struct signal_struct *signal = BPF_CORE_READ(task, signal);
	bool last = BPF_CORE_READ(signal, live.counter) == 0;
	u32 tgid = task->tgid, key, serial;
	struct mt_process_exit *record;
	struct space *space;
	struct walk w = {};
	struct mt_proc *proc;

	proc = bpf_map_lookup_elem(&procs, &tgid);
	if (!proc)
		return 0;
	/* A vfork child's windows are in its parent's space. */
	key = proc->space == NONE ? space__key(task->mm) : proc->space;
	space = key == NONE ? NULL : space__at(key);
	if (space && space->open && space->state == SPACE_COUNTING && thread__find(task->pid)) {
		walk__for(&w, task, thread_end(signal, last));
		windows__close(space, &w, task->pid);
	}
	thread__forget(task->pid);
	__sync_fetch_and_add(&proc->minor, task->min_flt);
	__sync_fetch_and_add(&proc->major, task->maj_flt);
	if (!last)
		return 0;
	serial = proc->serial;
	record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
	if (record) {
		record->header.type = MT_RECORD_PROCESS_EXIT;
		record->header.space = serial;
		record->header.at_ns = bpf_ktime_get_ns();
		record->header.pid = pid_of(BPF_CORE_READ(task, group_leader));
		record->header.ppid = 0;
		record->exit_code = exit_code_of(task, signal);
		record->pad = 0;
		record->minor = proc->minor;
		record->major = proc->major;
		bpf_ringbuf_submit(record, 0);
	} else {
		lost(MT_LOSS_EVENTS);
	}
	bpf_map_delete_elem(&procs, &tgid);
	__sync_fetch_and_add(&live_procs, -1);
	return 0;
}
