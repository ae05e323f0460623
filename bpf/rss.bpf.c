// SPDX-License-Identifier: GPL-2.0-or-later
/* Every change of every RSS counter on the host; what is not traced leaves after one lookup. */
#include "change.bpf.h"
#include "cpu.bpf.h"
#include "end.bpf.h"
#include "turn.bpf.h"

#if ACCOUNT_LAGS
#define CACHE_PAGES 1040 /* that one cache can hold: 65 faults of 64 KiB of a file each */

/*
 * A maximum is taken before a shrink: what other threads have counted for themselves belongs to it.
 * Looked for only where it can be the highest.
 */
static __always_inline void catch_up(struct space *space, const struct change *change, bool own)
{
	struct walk *w;

	if (change->claimed >= 0 || (own && space->concurrent != CONCURRENT_CPUS) ||
	    space->rss + CACHE_PAGES * space->threads <= (s64)(space->run & RUN_MASK))
		return;
	w = walk__take(NULL, 0);
	if (!w)
		return;
	space__settle(space->key, w->key, SETTLE_THREADS);
	walk__give(w);
}
#else
static __always_inline void catch_up(struct space *space, const struct change *change, bool own)
{
}
#endif

/* count: the counter's new value, where the event has it. */
static __always_inline void changed(struct space *space, u32 key, struct mm_struct *mm, u32 type,
				    s64 count)
{
	struct task_struct *task = current_task();
	bool own = is_own(task, mm);
	struct change change;

	if (!own && !mm->mm_users.counter) {
		/* Its last user is gone: this is the teardown, which is no part of any window. */
		space__end(key, TASK(task, tgid) == space->tgid && !(TASK(task, flags) & PF_EXITING)
					? MT_END_EXEC
					: MT_END_EXIT);
		return;
	}
	change = account__event(space, key, type, count);
	if (own && type == MT_FILE)
		leave_out_probe_page(space, task, &change);
	catch_up(space, &change, own);
	/* Handing over what it counted is no change by that thread: its faults were. */
	if (space->first_tid != TASK(task, pid) && space->concurrent != CONCURRENT_CPUS &&
	    (!ACCOUNT_LAGS || change.claimed))
		note_thread(space, task, own);
	space__enter(space, task, own, type, &change);
}

SEC("tp_btf/rss_stat")
int BPF_PROG(on_rss_stat, struct mm_struct *mm, int member)
{
	u32 key = space__key(mm), type = (member ^ 1) & (MT_TYPES - 1);
	struct space *space;
	s64 count = 0;

	if (key == NONE || member >= MT_TYPES) /* vendor kernels count more types */
		return 0;
#if ACCOUNT_LAGS
	count = ctx[2]; /* until Linux 6.1 */
#endif
	space = space__at(key);
	if (!space || space->state != SPACE_COUNTING || !turn__take(MT_LOSS_INEXACT_READS))
		return 0;
	cpu__hold();
	changed(space, key, mm, type, count);
	cpu__release();
	turn__pass();
	return 0;
}
