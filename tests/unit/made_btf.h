/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Types of kernels that there are, might be, or should never be. */
#pragma once

struct btf;

/*
 * name: one of
 *
 *	percpu		Linux 6.2 and later
 *	one-cpu		the same, built for one CPU
 *	split		Linux up to 6.1
 *	tree		counters in a tree, as once proposed
 *	reordered	percpu, with the types of memory in another order
 *	wide-slots	percpu, with slots of 64 bits
 *	few		percpu, with fewer types of memory
 *	old-tracepoint	percpu, and a tracepoint without the member
 *	no-tracepoint	percpu, without any
 *	no-mm		nothing of all that
 *
 * To be freed by btf__free(); NULL: no such name, or no memory.
 */
struct btf *made_btf__new(const char *name);
