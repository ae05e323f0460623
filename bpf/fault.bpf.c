// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page faults, where a thread counts for itself what they come to (ACCOUNT_LAGS). Where programs
 * can be put at the end of a function, at the end of each; elsewhere it is seen at each what the
 * one before has changed: by tracepoints, or by the perf event of page faults on every CPU.
 */
#include "change.bpf.h"
#include "turn.bpf.h"

static __always_inline int on_fault(void)
{
#if ACCOUNT_LAGS
	struct task_struct *task = current_task();
	u32 key = space__key(TASK(task, mm));
	struct change changes[MT_TYPES] = {};
	struct space *space;

	if (key == NONE)
		return 0;
	space = space__at(key);
	if (!space || space->state != SPACE_COUNTING || !turn__take(MT_LOSS_INEXACT_READS))
		return 0;
	if (space->first_tid != TASK(task, pid) && space->concurrent != CONCURRENT_CPUS)
		note_thread(space, task, true);
	account__fault(space, key, changes);
	if (changes[MT_FILE].claimed)
		leave_out_probe_page(space, task, &changes[MT_FILE]);
#pragma unroll
	for (int i = MT_TYPES - 1; i >= 0; i--) /* a file page is replaced: shrinks first */
		if (changes[i].claimed)
			space__enter(space, task, true, i, &changes[i]);
	turn__pass();
#endif
	return 0;
}

SEC("?fexit/handle_mm_fault")
int on_fault_done(void *ctx)
{
	return on_fault();
}

SEC("?tp_btf/page_fault_user")
int on_fault_user(void *ctx)
{
	return on_fault();
}

/* Of the kernel on behalf of the thread: reading into fresh memory. */
SEC("?tp_btf/page_fault_kernel")
int on_fault_kernel(void *ctx)
{
	return on_fault();
}

SEC("?perf_event")
int on_fault_event(void *ctx)
{
	return on_fault();
}
