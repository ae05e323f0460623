// SPDX-License-Identifier: GPL-2.0-or-later
/* Every change of every RSS counter on the host; what is not traced leaves after one lookup. */
#include "end.bpf.h"
#include "thread.bpf.h"

/*
 * Notes whether changes can come from two CPUs at once. A vfork child's do not, since its parent
 * waits, nor do memtrace's own: while it places probes the target waits for it. Others may come
 * while the process stands still; when one is caught in the act, account__resync() notes that.
 */
static __always_inline void note_thread(struct space *space, struct task_struct *task, bool own)
{
	if (!own) {
		if (!space->concurrent && task->tgid != own_tgid)
			space->concurrent = CONCURRENT_FOREIGN;
	} else if (!space->first_tid) {
		space->first_tid = task->pid;
	} else if (task->tgid == space->tgid || !task->vfork_done) {
		space->concurrent = CONCURRENT_CPUS;
	}
}

SEC("tp_btf/rss_stat")
int BPF_PROG(on_rss_stat, struct mm_struct *mm, int member)
{
	u32 key = space__key(mm), type = (member ^ 1) & (MT_TYPES - 1);
	struct task_struct *task;
	struct space *space;
	struct change change;
	bool own;

	if (key == NONE || member >= MT_TYPES) /* vendor kernels count more types */
		return 0;
	space = space__at(key);
	if (!space || space->state != SPACE_COUNTING)
		return 0;
	task = bpf_get_current_task_btf();
	own = is_own(task, mm);
	if (!own && !mm->mm_users.counter) {
		/* Its last user is gone: this is the teardown, which is no part of any window. */
		space__end(space, key,
			   task->tgid == space->tgid && !(task->flags & PF_EXITING) ? MT_END_EXEC
										    : MT_END_EXIT);
		return 0;
	}
	change = account__event(space, key, type);
	space__apply(space, type, &change);
	if (space->first_tid != task->pid && space->concurrent != CONCURRENT_CPUS)
		note_thread(space, task, own);
	if (!space->open || type == MT_SWAP)
		return 0;
	if (own)
		thread__add_own(task->pid, change.own);
	else
		__sync_fetch_and_add(&space->foreign, change.own);
	return 0;
}
