/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of a space's memory: whose they are. */
#pragma once

#include "space.bpf.h"
#include "thread.bpf.h"

/*
 * Notes whether changes can come from two CPUs at once. A vfork child's do not, since its parent
 * waits, nor do memtrace's own: while it places probes the target waits for it. Others may come
 * while the process stands still; when one is caught in the act, account__resync() notes that.
 * Where threads count for themselves, a vfork child hands over when its parent has been let go
 * already.
 */
static __always_inline void note_thread(struct space *space, const struct task_struct *task,
					bool own)
{
	if (!own) {
		if (!space->concurrent && TASK(task, tgid) != own_tgid)
			space->concurrent = CONCURRENT_FOREIGN;
	} else if (!space->first_tid) {
		space->first_tid = TASK(task, pid);
	} else if (TASK(task, tgid) == space->tgid || (!ACCOUNT_LAGS && !TASK(task, vfork_done))) {
		space->concurrent = CONCURRENT_CPUS;
	}
}

/*
 * What a probe stands on, unless it is a nop, the kernel runs in a page of its own, which comes
 * with a process' first such probe: a page of the tracer's, and nobody's growth. It is the first to
 * come while a thread executes there.
 */
static __always_inline void
leave_out_probe_page(struct space *space, const struct task_struct *task, struct change *change)
{
	const struct uprobe_task *probe = space->probe_page ? NULL : TASK(task, utask);

	if (!probe || BPF_CORE_READ(probe, state) != UTASK_SSTEP)
		return;
	space->probe_page = 1;
	change->claimed -= 1;
	change->own -= 1;
	change->gained -= 1;
}

/* Enters a change that the current task made; own: as one of the process' threads. */
static __always_inline void space__enter(struct space *space, const struct task_struct *task,
					 bool own, u32 type, const struct change *change)
{
	space__apply(space, type, change);
	if (!space->open || type == MT_SWAP)
		return;
	if (own)
		thread__add_own(TASK(task, pid), change->own);
	else
		fetch_add(&space->foreign, change->own);
}
