// SPDX-License-Identifier: GPL-2.0-or-later
/* Lifetimes of traced processes: fork, exec and exit. */
#include "begin.bpf.h"
#include "cpu.bpf.h"
#include "turn.bpf.h"

static __always_inline void forked(struct task_struct *parent, struct task_struct *child,
				   u32 previous)
{
	struct mt_proc fresh = {.space = NONE}, *proc;
	u32 tgid = child->tgid;

	if (bpf_map_update_elem(&procs, &tgid, &fresh, BPF_ANY)) {
		lost(MT_LOSS_PROCESSES);
		return;
	}
	fetch_add(&live_procs, 1);
	if (BPF_CORE_READ(child, mm) ==
	    BPF_CORE_READ(parent, mm)) /* vfork: its own space begins at its exec */
		return;
	proc = bpf_map_lookup_elem(&procs, &tgid);
	if (proc)
		space__begin(address_of(child), tgid, MT_BEGIN_FORK, previous);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	u32 tgid = parent->tgid;
	struct mt_proc *proc;

	if (tgid == child->tgid || !follow) /* a thread */
		return 0;
	proc = bpf_map_lookup_elem(&procs, &tgid);
	if (!proc && (!all || BPF_CORE_READ(child, flags) & PF_KTHREAD))
		return 0;
	if (turn__take(MT_LOSS_PROCESSES)) {
		cpu__hold();
		forked(parent, child, proc ? proc->serial : 0);
		cpu__release();
		turn__pass();
	}
	return 0;
}

static __always_inline void execed(struct task_struct *task, struct mt_proc *proc)
{
	struct space *space;
	u32 previous;

	previous = proc->serial;
	if (proc->space != NONE) { /* still there when somebody else holds the old mm */
		space = space__at(proc->space);
		if (space && space->serial == proc->serial)
			space__end(proc->space, MT_END_EXEC);
	}
	proc->minor = -(s64)task->min_flt;
	proc->major = -(s64)task->maj_flt;
	space__begin(address_of(task), task->tgid, MT_BEGIN_EXEC, previous);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	u32 tgid = task->tgid;
	struct mt_proc *proc = bpf_map_lookup_elem(&procs, &tgid);

	if ((!proc && !all) || !turn__take(MT_LOSS_PROCESSES))
		return 0;
	cpu__hold();
	if (!proc) { /* a kernel thread that becomes a program */
		struct mt_proc fresh = {.space = NONE};

		if (!bpf_map_update_elem(&procs, &tgid, &fresh, BPF_NOEXIST))
			fetch_add(&live_procs, 1);
		proc = bpf_map_lookup_elem(&procs, &tgid);
	}
	if (proc)
		execed(task, proc);
	cpu__release();
	turn__pass();
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

/* What was counted for a thread alone has been handed over. */
static __always_inline void thread_is_gone(struct space *space, u32 tid)
{
#if ACCOUNT_LAGS
	struct change changes[MT_TYPES] = {};

	account__leave(space, tid, changes);
#pragma unroll
	for (int i = 0; space && i < MT_TYPES; i++)
		space__apply(space, i, &changes[i]);
#endif
}

/* On Linux 6.16+ this comes before the thread lets go of its mm, on earlier kernels after it. */
static __always_inline void exited(struct task_struct *task, struct mt_proc *proc)
{
	const struct signal_struct *signal = BPF_CORE_READ(task, signal);
	bool last = BPF_CORE_READ(signal, live.counter) == 0;
	u32 tgid = task->tgid, key, serial;
	struct mt_process_exit *record;
	struct space *space;
	struct walk *w;

	/* A vfork child's windows are in its parent's space. */
	key = proc->space == NONE ? space__key(task->mm) : proc->space;
	space = key == NONE ? NULL : space__at(key);
	if (space && space->open && space->state == SPACE_COUNTING && thread__find(task->pid)) {
		w = walk__take(task, thread_end(signal, last));
		if (w) {
			if (ACCOUNT_LAGS)
				space__settle(key, w->key, SETTLE_ALL);
			windows__close(space, w, task->pid);
			walk__give(w);
		}
	}
	thread_is_gone(space, task->pid);
	thread__forget(task->pid);
	fetch_add(&proc->minor, task->min_flt);
	fetch_add(&proc->major, task->maj_flt);
	if (!last)
		return;
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
	fetch_add(&live_procs, -1);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	u32 tgid = task->tgid;
	struct mt_proc *proc = bpf_map_lookup_elem(&procs, &tgid);

	if (!proc) {
		thread_is_gone(NULL, task->pid);
	} else if (turn__take(MT_LOSS_EVENTS)) {
		cpu__hold();
		exited(task, proc);
		cpu__release();
		turn__pass();
	}
	return 0;
}
