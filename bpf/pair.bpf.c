// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Windows between two probes of programs that nobody prepared: a function's entry and its returns,
 * two USDT probes, two functions. The probes' cookie is the number of their source. A thread's open
 * windows form a chain, the innermost first, in which an end looks for its begin.
 */
#include <bpf/usdt.bpf.h>

#include "cpu.bpf.h"
#include "naming.bpf.h"

#define NEAR_BYTES (1ull << 20) /* frames this close are on one stack */

/* Where the registers of the first integer arguments are saved. */
#if defined(__TARGET_ARCH_x86)
#define SAVED(name) __builtin_offsetof(struct pt_regs, name)
static const u16 arguments[MT_ARGUMENTS] = {SAVED(rdi), SAVED(rsi), SAVED(rdx),
					    SAVED(rcx), SAVED(r8),  SAVED(r9)};
#elif defined(__TARGET_ARCH_arm64)
static const u16 arguments[MT_ARGUMENTS] = {0, 8, 16, 24, 32, 40};
#endif

/* Where a probe was hit. */
struct pair_probe {
	u32 source;
	u32 space; /* key of the space, by current_space() */
	u64 sp, site;
};

struct chain {
	struct space *space;
	struct walk *walk;
	u32 tid;
	u32 number; /* of the window looked at; NONE: past the outermost */
	u32 source;
	u32 found;     /* NONE until then */
	u32 returning; /* the frame at sp is being left, not entered */
	u32 pad;
	u64 sp, site;
	u64 stack_start, stack_end; /* mapping that sp is in; 0: not looked up */
};

/* From the innermost window of the current thread. */
static __always_inline void chain__start(struct chain *c, struct space *space,
					 const struct pair_probe *p)
{
	u32 tid = TASK(current_task(), pid);
	struct thread *thread = thread__find(tid);

	c->space = space;
	c->tid = tid;
	c->source = p->source;
	c->sp = p->sp;
	c->site = p->site;
	c->found = NONE;
	c->number = thread && thread->mm == space->mm ? thread->top : NONE;
}

static __always_inline struct window *chain__window(struct chain *c)
{
	struct window *window = c->number == NONE ? NULL : window_at(c->space, c->number);

	return window && window->state == WINDOW_OPEN && window->tid == c->tid ? window : NULL;
}

/* Of the source; of a function only the call whose frame this is. */
static long find_begin(u32 i, struct chain *c)
{
	struct window *window = chain__window(c);

	if (!window)
		return 1;
	if (window->source == c->source &&
	    (window->pairing != MT_PAIR_FRAME || window->sp == c->sp)) {
		c->found = c->number;
		return 1;
	}
	c->number = window->parent;
	return 0;
}

/*
 * Whether a window's function has been left without a return: its frame was where a newer one is
 * now (the stack grows down). A USDT begin at the same place of the same call is the next one.
 */
static __always_inline bool is_abandoned(const struct chain *c, const struct window *window)
{
	if (window->pairing == MT_PAIR_FRAME)
		return window->sp < c->sp || (window->sp == c->sp && !c->returning);
	return window->pairing == MT_PAIR_SITE && window->source == c->source &&
	       window->site == c->site && window->sp == c->sp;
}

static long find_abandoned(u32 i, struct chain *c)
{
	struct window *window = chain__window(c);

	if (!window)
		return 1;
	if (is_abandoned(c, window)) {
		c->found = c->number;
		return 1;
	}
	if (window->pairing == MT_PAIR_FRAME && window->sp - c->sp < NEAR_BYTES)
		return 1; /* alive, and so are all around it */
	c->number = window->parent;
	return 0;
}

/* Frames on other stacks (coroutines, signal handlers) say nothing about each other. */
static long close_abandoned(u32 i, struct chain *c)
{
	struct window *window = chain__window(c);
	u32 number = c->number;

	if (!window || number == c->found)
		return 1;
	c->number = window->parent;
	if (is_abandoned(c, window) &&
	    (window->pairing != MT_PAIR_FRAME ||
	     (window->sp >= c->stack_start && window->sp < c->stack_end)))
		window__close(c->space->key, number, c->walk->key);
	return 0;
}

static long note_mapping(struct task_struct *task, struct vm_area_struct *vma, struct chain *c)
{
	c->stack_start = vma->vm_start;
	c->stack_end = vma->vm_end;
	return 0;
}

/* Closes them at the boundary in c->walk, up to the window c->found. */
static __always_inline void close_chain(struct chain *c)
{
	struct task_struct *task = current_task();

	c->walk->end = MT_END_UNWOUND;
	bpf_find_vma(task, c->sp, note_mapping, c, 0);
	LOOP(MAX_WINDOWS, c->space->windows, close_abandoned, c);
}

/* At an entry: what lies below the new frame was left by an exception or longjmp. */
SHARED_FUNCTION int end_abandoned(struct space *space, struct pair_probe *p)
{
	struct task_struct *task = current_task();
	struct chain c = {};

	if (!space || !p || !space->open)
		return 0;
	chain__start(&c, space, p);
	LOOP(MAX_WINDOWS, space->windows, find_abandoned, &c);
	if (c.found == NONE)
		return 0;
	c.walk = walk__take(task, MT_END_UNWOUND);
	if (!c.walk)
		return 0;
	walk__boundary(space, c.walk);
	chain__start(&c, space, p);
	close_chain(&c);
	walk__give(c.walk);
	return 0;
}

/* Another begin inside a window of the same source that is itself no window: its end is none. */
SHARED_FUNCTION int skip(struct space *space, struct pair_probe *p)
{
	struct chain c = {};
	struct window *window;

	if (!space || !p)
		return 0;
	chain__start(&c, space, p);
	LOOP(MAX_WINDOWS, space->windows, find_begin, &c);
	window = c.found == NONE ? NULL : window_at(space, c.found);
	if (window)
		window->skipped++;
	return 0;
}

static __always_inline int pair_begin(struct pair_probe *p, struct mt_source *source, u64 value)
{
	struct space *space = current_space(&p->space);
	struct opening opening = {.id = PAIR_ID, .source = p->source, .sp = p->sp, .site = p->site};

	if (!space)
		return 0;
	opening.pairing = source->pairing;
	if (source->pairing != MT_PAIR_THREAD)
		end_abandoned(space, p);
	opening.op = source_op(source, value, TASK(current_task(), pid));
	if (opening.op == NO_OP) {
		skip(space, p);
		return 0;
	}
	return begin(space, p->space, &opening);
}

static __always_inline int pair_end(struct pair_probe *p)
{
	struct mt_source *source = bpf_map_lookup_elem(&sources, &p->source);
	struct task_struct *task = current_task();
	struct space *space = current_space(&p->space);
	struct chain c = {.returning = 1};
	struct window *window;
	struct walk *w;
	u32 number;

	if (!space || !source)
		return 0;
	chain__start(&c, space, p);
	number = c.number;
	LOOP(MAX_WINDOWS, space->windows, find_begin, &c);
	window = c.found == NONE ? NULL : window_at(space, c.found);
	if (!window) {
		if (!source->filter[0])
			lost(MT_LOSS_UNMATCHED_ENDS);
		return 0;
	}
	if (window->skipped) {
		window->skipped--;
		return 0;
	}
	w = walk__take(task, MT_END_END);
	if (!w)
		return 0;
	walk__boundary(space, w);
	if (source->pairing == MT_PAIR_FRAME && number != c.found) {
		c.number = number;
		c.walk = w;
		close_chain(&c);
		w->end = MT_END_END;
	}
	window__close(space->key, c.found, w->key);
	walk__give(w);
	return 0;
}

static __always_inline struct pair_probe probe_at(struct pt_regs *ctx, u64 source)
{
	return (struct pair_probe){
		.source = source, .sp = PT_REGS_SP(ctx), .site = PT_REGS_IP(ctx)};
}

static __always_inline u64 argument(struct pt_regs *ctx, u32 number)
{
	u64 value = 0;

	if (number < MT_ARGUMENTS)
		bpf_probe_read_kernel(&value, sizeof(value), (void *)ctx + arguments[number]);
	return value;
}

static __always_inline int function_entry(struct pt_regs *ctx)
{
	struct pair_probe p = probe_at(ctx, bpf_get_attach_cookie(ctx));
	struct mt_source *source = bpf_map_lookup_elem(&sources, &p.source);

	return source ? pair_begin(&p, source, argument(ctx, source->argument)) : 0;
}

HELD_PROGRAM("uprobe", on_function_entry, function_entry)

#if defined(__TARGET_ARCH_x86)
#define FLAG_CARRY    0x001
#define FLAG_PARITY   0x004
#define FLAG_ZERO     0x040
#define FLAG_SIGN     0x080
#define FLAG_OVERFLOW 0x800

/* Whether a Jcc with this condition would jump (Intel SDM volume 1, appendix B). */
static __always_inline bool is_taken(struct pt_regs *ctx, u32 condition)
{
	u64 flags = __PT_REGS_CAST(ctx)->eflags;
	bool less = !(flags & FLAG_SIGN) != !(flags & FLAG_OVERFLOW), met;

	switch (condition >> 1 & 7) {
	case 0: met = flags & FLAG_OVERFLOW; break;
	case 1: met = flags & FLAG_CARRY; break;
	case 2: met = flags & FLAG_ZERO; break;
	case 3: met = flags & (FLAG_CARRY | FLAG_ZERO); break;
	case 4: met = flags & FLAG_SIGN; break;
	case 5: met = flags & FLAG_PARITY; break;
	case 6: met = less; break;
	default: met = less || flags & FLAG_ZERO; break;
	}
	return met != (condition & 1);
}
#else
static __always_inline bool is_taken(struct pt_regs *ctx, u32 condition)
{
	return true; /* no exits with a condition are looked for */
}
#endif

static __always_inline int function_return(struct pt_regs *ctx)
{
	u64 cookie = bpf_get_attach_cookie(ctx);
	struct pair_probe p = probe_at(ctx, (u32)cookie);
	u32 condition = cookie >> MT_CONDITION_SHIFT;

	if (condition && !is_taken(ctx, condition - 1))
		return 0;
	return pair_end(&p);
}

HELD_PROGRAM("uprobe", on_function_return, function_return)

/* Entry of __cxa_begin_catch(): what was thrown through is no more. */
static __always_inline int caught(struct pt_regs *ctx)
{
	struct pair_probe p = probe_at(ctx, NONE);
	struct space *space = current_space(&p.space);

	return space ? end_abandoned(space, &p) : 0;
}

HELD_PROGRAM("uprobe", on_catch, caught)

static __always_inline int usdt_begin(struct pt_regs *ctx)
{
	struct pair_probe p = probe_at(ctx, bpf_usdt_cookie(ctx));
	struct mt_source *source = bpf_map_lookup_elem(&sources, &p.source);
	long value = 0;

	if (!source)
		return 0;
	if (source->naming != MT_NAME_FIXED)
		bpf_usdt_arg(ctx, source->argument, &value);
	return pair_begin(&p, source, value);
}

HELD_PROGRAM("usdt", on_usdt_begin, usdt_begin)

static __always_inline int usdt_end(struct pt_regs *ctx)
{
	struct pair_probe p = probe_at(ctx, bpf_usdt_cookie(ctx));

	return pair_end(&p);
}

HELD_PROGRAM("usdt", on_usdt_end, usdt_end)
