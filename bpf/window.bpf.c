// SPDX-License-Identifier: GPL-2.0-or-later
/* Markers: windows begin and end. */
#include "close.bpf.h"
#include "cpu.bpf.h"
#include "turn.bpf.h"

struct find_free {
	struct space *space;
	u32 number; /* NONE until found */
};

/*
 * Number of the lowest of 16 bits that is set, by a de Bruijn sequence: without a branch, since
 * each doubles what the verifier has to look at.
 */
static __always_inline u32 lowest_bit(u32 bits)
{
	const u64 position = 0xcd7ea84fb6935210ull;
	u32 hash = ((bits & -bits) * 0x09af) >> 12 & (MT_CHUNK_WINDOWS - 1);

	return position >> (4 * hash) & (MT_CHUNK_WINDOWS - 1);
}

static long find_free_window(u32 i, struct find_free *f)
{
	u32 key = f->space->chunk[i & (MT_SPACE_CHUNKS - 1)], bit;
	struct chunk *chunk = bpf_map_lookup_elem(&chunks, &key);
	u32 free = chunk ? ~chunk->used & ((1u << MT_CHUNK_WINDOWS) - 1) : 0;

	if (!free)
		return 0;
	bit = lowest_bit(free);
	if (fetch_or(&chunk->used, 1ull << bit) & (1ull << bit))
		return 0; /* another CPU was faster; the next pass finds another one */
	f->number = i * MT_CHUNK_WINDOWS + bit;
	return 1;
}

static __always_inline bool add_chunk(struct space *space)
{
	struct chunk *chunk;
	u32 key, i;

	if (space->chunks >= MAX_CHUNKS || bpf_map_pop_elem(&free_chunks, &key))
		return false;
	chunk = bpf_map_lookup_elem(&chunks, &key);
	if (!chunk)
		return false;
	chunk->used = 0;
	i = fetch_add(&space->chunks, 1);
	if (i >= MT_SPACE_CHUNKS) {
		space->chunks = MT_SPACE_CHUNKS;
		bpf_map_push_elem(&free_chunks, &key, 0);
		return false;
	}
	space->chunk[i & (MT_SPACE_CHUNKS - 1)] = key;
	return true;
}

static __always_inline void raise_windows(struct space *space, u32 windows)
{
	u32 old = space->windows;

	for (int i = 0; i < 8; i++) {
		u32 seen;

		if (old >= windows)
			return;
		seen = compare_exchange(&space->windows, old, windows);
		if (seen == old)
			return;
		old = seen;
	}
	lost(MT_LOSS_INEXACT_READS);
}

/* Number of a free window, which is now this caller's; NONE when there is no room. */
SHARED_FUNCTION u32 window__alloc(struct space *space)
{
	struct find_free f = {space, NONE};

	if (!space)
		return NONE;
	for (int i = 0; i < 3; i++) {
		LOOP(MAX_CHUNKS, space->chunks, find_free_window, &f);
		if (f.number != NONE || !add_chunk(space))
			break;
	}
	if (f.number != NONE)
		raise_windows(space, f.number + 1);
	return f.number;
}

/* Operation of the name at an address of the current process; makes the thread known. */
SHARED_FUNCTION u32 read_op(u64 name, u32 tid)
{
	struct thread *thread = thread__know(tid);
	char bytes[MT_NAME_SIZE + 8] __attribute__((aligned(8))) = {};
	long len = bpf_probe_read_user_str(bytes, MT_NAME_SIZE + 1, (void *)name);
	struct op_name *key = (struct op_name *)bytes;

	if (len < 0)
		__builtin_memcpy(bytes, "(unreadable name)", 18);
	if (len == MT_NAME_SIZE + 1) {
		lost(MT_LOSS_NAMES_TRUNCATED);
		bytes[MT_NAME_MAX] = 0;
	}
	key->thread = current_thread();
	if (!thread)
		return op__get(key);
	if (thread->last_op == MT_OP_OTHER || !op__is_named(thread->last_op, key))
		thread->last_op = op__get(key);
	return thread->last_op;
}

static __always_inline void window__fill(struct space *space, struct window *window, struct walk *w,
					 struct thread *thread, u32 number)
{
	struct window *parent = NULL;

	window->tid = w->tid;
	window->boundary = w->b.number;
	window->overlapped = 0;
	window->rss = window->peak = w->b.rss;
	window->file = window->peak_file = w->b.file;
	window->shmem = window->peak_shmem = w->b.shmem;
	window->swap = w->b.swap;
	window->gained = w->b.gained;
	window->foreign = w->b.foreign;
	window->own = thread ? thread->own : 0;
	window->ns_tid = thread ? thread->ns_tid : 0;
	window->child = 0;
	window->begin_ns = w->b.now;
	window->minor = w->minor;
	window->major = w->major;
	window->parent = window->parent_op = NONE;
	window->parent_serial = 0;
	if (!thread)
		return;
	if (thread->mm == space->mm && thread->top != NONE)
		parent = window_at(space, thread->top);
	if (parent && parent->state == WINDOW_OPEN) {
		window->parent = thread->top;
		window->parent_op = parent->op;
		window->parent_serial = parent->serial;
	}
	thread->mm = space->mm;
	thread->top = number;
}

/* A window to be. */
struct opening {
	u64 id;
	u64 sp, site;
	u32 op, source, pairing;
	u32 pad;
};

static __always_inline int begin(struct space *space, u32 key, const struct opening *opening)
{
	struct task_struct *task = current_task();
	struct walk *w = walk__take(task, MT_END_END);
	struct window *window;
	struct mt_op *op;
	u32 number;

	if (!w)
		return 0;
	number = window__alloc(space);
	window = number == NONE ? NULL : window_at(space, number);
	if (!window) {
		lost(MT_LOSS_TABLE_FULL);
		walk__give(w);
		return 0;
	}
	window->id = opening->id;
	window->op = opening->op;
	window->source = opening->source;
	window->pairing = opening->pairing;
	window->sp = opening->sp;
	window->site = opening->site;
	window->skipped = 0;
	window->serial = fetch_add(&window_serial, 1) + 1;
	op = op__at(opening->op);
	window->index = op ? fetch_add(&op->begun, 1) : 0;
	fetch_add(&space->open, 1);
	w->opening = number;
	w->tid = TASK(task, pid);
	walk__settle(space, w);
	window->state = WINDOW_OPENING; /* walks of other CPUs now wait for it */
	barrier();
	space__boundary(space, &w->b);
	window__fill(space, window, w, thread__find(TASK(task, pid)), number);
	barrier();
	window->state = WINDOW_OPEN;
	windows__fold(key, w->key);
	if (w->overlapped)
		window->overlapped = 1;
	walk__give(w);
	return 0;
}

static __always_inline int end(struct space *space, u32 key, u64 id, u32 slot)
{
	struct task_struct *task = current_task();
	struct walk *w = walk__take(task, MT_END_END);

	if (!w)
		return 0;
	w->id = id;
	w->slot = slot;
	walk__boundary(space, w);
	if (!id || w->found == NONE) /* the id of what is no marker */
		lost(MT_LOSS_UNMATCHED_ENDS);
	else
		window__close(key, w->found, w->key);
	walk__give(w);
	return 0;
}

/* The space whose markers count, or NULL. */
static __always_inline struct space *current_space(u32 *key)
{
	struct task_struct *task = current_task();
	struct space *space;

	*key = space__key(TASK(task, mm));
	if (*key == NONE)
		return NULL;
	space = space__at(*key);
	return space && space->state == SPACE_COUNTING ? space : NULL;
}

static __always_inline void marker_begin(u64 name, u64 id)
{
	u32 key;
	struct space *space = current_space(&key);
	struct opening opening = {.id = id};

	if (!space || !turn__take(MT_LOSS_TABLE_FULL))
		return;
	opening.op = read_op(name, TASK(current_task(), pid));
	begin(space, key, &opening);
	turn__pass();
}

SEC("uprobe")
int BPF_KPROBE(on_marker_begin, u64 name, u64 id)
{
	cpu__hold();
	marker_begin(name, id);
	cpu__release();
	return 0;
}

static __always_inline void marker_end(u64 id, u32 slot)
{
	u32 key;
	struct space *space = current_space(&key);

	if (!space || slot == MARKER_NO_END || !turn__take(MT_LOSS_UNMATCHED_ENDS))
		return;
	end(space, key, id, slot);
	turn__pass();
}

SEC("uprobe")
int BPF_KPROBE(on_marker_end, u64 id, u32 slot)
{
	cpu__hold();
	marker_end(id, slot);
	cpu__release();
	return 0;
}
