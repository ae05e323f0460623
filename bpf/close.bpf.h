/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Windows of a space: walking them at a boundary, closing them, and ending the space itself. */
#pragma once

#include "operation.bpf.h"
#include "thread.bpf.h"

/* What a bpf_loop() callback gets: it wants a pointer to the stack of its caller. */
struct each {
	struct space *space;
	struct walk *walk;
};

static __always_inline struct window *window_at(struct space *space, u32 number)
{
	u32 key = space->chunk[(number / MT_CHUNK_WINDOWS) & (MT_SPACE_CHUNKS - 1)];
	struct chunk *chunk;

	chunk = bpf_map_lookup_elem(&chunks, &key); /* NONE: out of range, NULL */
	return chunk ? &chunk->window[number & (MT_CHUNK_WINDOWS - 1)] : NULL;
}

struct awaited {
	struct window *window;
};

static long wait_for_opening(u32 i, struct awaited *a)
{
	wait_when_long(i);
	return *(volatile u32 *)&a->window->state != WINDOW_OPENING;
}

/* Gives the maximum of the interval that just ended to one window that was open in it. */
static long fold_window(u32 number, struct each *each)
{
	struct window *window = window_at(each->space, number);
	struct walk *w = each->walk;
	u32 age;

	if (!window || number == w->opening || window->state == WINDOW_FREE)
		return 0;
	if (window->state == WINDOW_OPENING) {
		struct awaited awaited = {window};

		LOOP(SPINS, SPINS, wait_for_opening, &awaited);
		if (window->state == WINDOW_OPENING)
			lost(MT_LOSS_INEXACT_READS);
	}
	if (window->state != WINDOW_OPEN)
		return 0;
	age = (w->b.number - window->boundary) & BOUNDARY_MASK;
	if (!age || age > BOUNDARY_MASK / 2)
		return 0; /* opened at a later boundary: the interval was over by then */
	if (w->b.max > window->peak && note_max(&window->peak, w->b.max)) {
		window->peak_file = w->b.max_file;
		window->peak_shmem = w->b.max_shmem;
	}
	if (window->id == w->id)
		w->found = number;
	if (w->opening != NONE && window->tid != w->tid) {
		window->overlapped = 1;
		w->overlapped = 1;
	}
	if (w->ops_len < MT_PEAK_OPS) {
		w->ops[w->ops_len & (MT_PEAK_OPS - 1)] = window->op;
		w->ops_len++;
	}
	return 0;
}

/* Keeps the space's own maximum, and which operations were open at it and at the tree's. */
static __always_inline void note_peaks(struct space *space, struct walk *w)
{
	if (w->b.max > space->peak && note_max(&space->peak, w->b.max)) {
		space->peak_file = w->b.max_file;
		space->peak_shmem = w->b.max_shmem;
		space->peak_at = w->b.max_at;
		space->peak_ops_len = w->ops_len;
		__builtin_memcpy(space->peak_ops, w->ops, sizeof(w->ops));
	}
	if (space->tree_ops_at != tree_peak_at) {
		space->tree_ops_at = tree_peak_at;
		space->tree_ops_len = w->ops_len;
		__builtin_memcpy(space->tree_ops, w->ops, sizeof(w->ops));
	}
}

/*
 * Gives what the interval before the boundary in w came to to all windows that were open in it.
 * Every begin and end passes here.
 */
__noinline int windows__fold(u32 key, u32 walk_key)
{
	struct space *space = space__at(key);
	struct walk *w = walk__at(walk_key);
	struct each each = {space, w};

	if (!space || !w)
		return 0;
	w->found = NONE;
	w->ops_len = 0;
	if (space->open)
		LOOP(MAX_WINDOWS, space->windows, fold_window, &each);
	note_peaks(space, w);
	fetch_add(&space->folding, -1);
	return 0;
}

struct late_fold {
	struct space *space;
	struct window *window;
	u32 number; /* of the boundary that closes the window */
	u32 wanted; /* of the interval looked at */
};

static long wait_for_interval(u32 i, struct late_fold *f)
{
	wait_when_long(i);
	return *(volatile u64 *)&f->space->history[f->wanted & (HISTORY - 1)].run >> RUN_SHIFT ==
	       f->wanted;
}

/*
 * Takes one of the intervals before the last from the history: its own boundary, on another CPU,
 * may still be on its way to this window, which is about to be gone.
 */
static long add_history(u32 i, struct late_fold *f)
{
	u32 number = (f->number - 1 - i) & BOUNDARY_MASK;
	struct interval *interval = &f->space->history[number & (HISTORY - 1)];
	u32 age = (number - f->window->boundary) & BOUNDARY_MASK;
	u64 run;

	if (!age || age > BOUNDARY_MASK / 2)
		return 1; /* the window was not yet open */
	f->wanted = number;
	LOOP(SPINS, SPINS, wait_for_interval, f);
	run = *(volatile u64 *)&interval->run;
	if (run >> RUN_SHIFT != number) {
		lost(MT_LOSS_INEXACT_READS);
		return 0;
	}
	if ((s64)(run & RUN_MASK) > f->window->peak) {
		f->window->peak = run & RUN_MASK;
		f->window->peak_file = interval->file;
		f->window->peak_shmem = interval->shmem;
	}
	return 0;
}

struct reparent {
	struct space *space;
	u64 serial; /* of the window that goes */
	u32 parent; /* its parent */
	u32 parent_op;
	u64 parent_serial;
};

static long reparent_window(u32 number, struct reparent *r)
{
	struct window *window = window_at(r->space, number);

	if (window && window->state == WINDOW_OPEN && window->parent_serial == r->serial) {
		window->parent = r->parent;
		window->parent_op = r->parent_op;
		window->parent_serial = r->parent_serial;
	}
	return 0;
}

/* Takes a window out of its thread's nesting and passes its growth to its parent. */
static __always_inline void unlink_window(struct space *space, u32 number, struct window *window,
					  struct thread *thread, s64 growth)
{
	if (window->parent != NONE) {
		struct window *parent = window_at(space, window->parent);

		if (parent && parent->state == WINDOW_OPEN &&
		    parent->serial == window->parent_serial)
			fetch_add(&parent->child, growth);
	}
	if (thread && thread->mm == space->mm && thread->top == number) {
		thread->top = window->parent;
	} else {
		struct reparent r = {space, window->serial, window->parent, window->parent_op,
				     window->parent_serial};

		LOOP(MAX_WINDOWS, space->windows, reparent_window, &r);
	}
}

static __always_inline void write_record(struct space *space, struct window *window, struct walk *w,
					 const struct outcome *o)
{
	struct mt_window_record *record = bpf_ringbuf_reserve(&details, sizeof(*record), 0);

	if (!record) {
		lost(MT_LOSS_WINDOWS);
		return;
	}
	record->id = window->serial;
	record->parent = window->parent_serial;
	record->index = window->index;
	record->op = window->op;
	record->pid = space->pid;
	record->tid = window->ns_tid;
	record->end = w->end;
	record->overlapped = o->overlapped;
	record->faults_known = o->faults_known;
	record->begin_ns = window->begin_ns;
	record->duration_ns = o->duration;
	record->rss_begin = window->rss;
	record->growth = o->growth;
	record->peak = o->peak;
	record->gained = o->gained;
	record->own = o->own;
	record->child = o->child;
	record->foreign = o->foreign;
	record->by_type[MT_ANON] = o->growth - o->file - o->shmem;
	record->by_type[MT_FILE] = o->file;
	record->by_type[MT_SHMEM] = o->shmem;
	record->by_type[MT_SWAP] = o->swap;
	record->minor = o->minor;
	record->major = o->major;
	/* The loader comes by now and then; a wake-up a window would be the target's time. */
	bpf_ringbuf_submit(record, bpf_ringbuf_query(&details, BPF_RB_AVAIL_DATA) > DETAILS_WAKE
					   ? BPF_RB_FORCE_WAKEUP
					   : BPF_RB_NO_WAKEUP);
}

/* The result, for the process itself to read. */
static __always_inline void write_result(struct space *space, struct window *window, u32 number,
					 const struct outcome *o)
{
	u32 key = space->pid, zero = 0, *page_number;
	struct marker_slot *slot;
	struct upid upid = {};
	struct pid *pid;
	void *map, *page;

	page_number = bpf_map_lookup_elem(&result_of, &key);
	if (!page_number)
		return;
	map = bpf_map_lookup_elem(&result_pages, page_number);
	if (!map)
		return;
	page = bpf_map_lookup_elem(map, &zero);
	if (!page)
		return;
	pid = BPF_CORE_READ(current_task(), group_leader, thread_pid);
	bpf_probe_read_kernel(&upid, sizeof(upid),
			      (void *)pid + bpf_core_field_offset(struct pid, numbers) +
				      BPF_CORE_READ(pid, level) * bpf_core_type_size(struct upid));
	slot = page + (number & (MARKER_SLOTS - 1)) * sizeof(*slot);
	slot->id = 0;
	barrier();
	slot->pid = upid.nr;
	slot->faults_known = o->faults_known;
	slot->growth_pages = o->growth;
	slot->peak_growth_pages = o->peak;
	slot->gained_pages = o->gained;
	slot->own_growth_pages = o->own;
	slot->by_type_pages[0] = o->growth - o->file - o->shmem;
	slot->by_type_pages[1] = o->file;
	slot->by_type_pages[2] = o->shmem;
	slot->by_type_pages[3] = o->swap;
	slot->minor_faults = o->minor;
	slot->major_faults = o->major;
	barrier();
	slot->id = window->id;
}

static __always_inline void window__free(struct space *space, u32 number, struct window *window)
{
	u32 key = space->chunk[(number / MT_CHUNK_WINDOWS) & (MT_SPACE_CHUNKS - 1)];
	struct chunk *chunk = bpf_map_lookup_elem(&chunks, &key);

	window->state = WINDOW_FREE;
	barrier();
	if (chunk)
		fetch_and(&chunk->used, ~(1ull << (number & (MT_CHUNK_WINDOWS - 1))));
	fetch_add(&space->open, -1);
	fetch_add(&windows_ended, 1);
}

/* Closes one open window at the boundary in w. */
__noinline int window__close(u32 key, u32 number, u32 walk_key)
{
	struct space *space = space__at(key);
	struct walk *w = walk__at(walk_key);
	struct outcome *o;
	struct thread *thread;
	struct window *window;
	struct mt_op *op;

	if (!space || !w)
		return 0;
	window = window_at(space, number);
	if (!window || compare_exchange(&window->state, WINDOW_OPEN, WINDOW_CLOSING) != WINDOW_OPEN)
		return 0;
	if (!SERIAL && space->folding) {
		struct late_fold f = {.space = space, .window = window, .number = w->b.number};

		LOOP(HISTORY - 1, HISTORY - 1, add_history, &f);
	}
	o = &w->outcome;
	__builtin_memset(o, 0, sizeof(*o));
	thread = thread__find(window->tid);
	o->growth = w->b.rss - window->rss;
	o->peak_rss = window->peak;
	o->peak_file = window->peak_file;
	o->peak_shmem = window->peak_shmem;
	o->peak = window->peak - window->rss;
	o->duration = w->b.now - window->begin_ns;
	o->file = w->b.file - window->file;
	o->shmem = w->b.shmem - window->shmem;
	o->swap = w->b.swap - window->swap;
	o->gained = w->b.gained - window->gained;
	if (o->gained < o->growth || o->gained < 0) /* read while other CPUs were between the two */
		o->gained = o->growth > 0 ? o->growth : 0;
	o->own = thread ? thread->own - window->own : 0;
	o->child = window->child;
	o->foreign = w->b.foreign - window->foreign;
	o->overlapped = window->overlapped;
	o->incomplete = w->end != MT_END_END && w->end != MT_END_UNWOUND;
	o->faults_known = w->current_tid == window->tid;
	if (o->faults_known) {
		o->minor = w->minor - window->minor;
		o->major = w->major - window->major;
	}
	unlink_window(space, number, window, thread, o->growth);
	op = op__at(window->op);
	if (op) {
		op__add(op, o);
		op__note_parent(op, window->parent_op);
		if (by_thread && o->faults_known && window->op != MT_OP_OTHER)
			op__note_thread(op);
	}
	if (w->slot != MARKER_NO_SLOT)
		write_result(space, window, w->slot, o);
	write_record(space, window, w, o);
	window__free(space, number, window);
	return 0;
}

/* Closes what w->tid (0: any thread) has open, the innermost first. */
static long close_matching(u32 i, struct each *each)
{
	u32 number = each->space->windows - 1 - i, tid = each->walk->tid;
	struct window *window = window_at(each->space, number);

	if (window && window->state == WINDOW_OPEN && (!tid || window->tid == tid))
		window__close(each->space->key, number, each->walk->key);
	return 0;
}

/* Before a boundary of a process that runs. */
static __always_inline void walk__settle(struct space *space, struct walk *w)
{
	if (space->concurrent || ACCOUNT_LAGS)
		space__settle(space->key, w->key, SETTLE_ALL);
}

/* A boundary at which a running process may have windows end. */
static __always_inline void walk__boundary(struct space *space, struct walk *w)
{
	walk__settle(space, w);
	space__boundary(space, &w->b);
	windows__fold(space->key, w->key);
}

/* Closes the windows of one thread, or all with tid 0. */
static __always_inline void windows__close(struct space *space, struct walk *w, u32 tid)
{
	struct each each = {space, w};

	w->tid = tid;
	space__boundary(space, &w->b);
	windows__fold(space->key, w->key);
	if (space->open)
		LOOP(MAX_WINDOWS, space->windows, close_matching, &each);
}
