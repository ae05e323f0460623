/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking turns, where the kernel's BPF has no atomics to do without (MT_SERIAL, see compat.bpf.h).
 * The token is an element of a queue; no program that has it can be held up by another one, since
 * they run with preemption off and none of them causes a fault.
 */
#pragma once

#include "maps.bpf.h"

#ifdef MT_SERIAL

#define TURN_TRIES 2048

/* False, and counted as what, when others hold it for longer than they can. */
__noinline int turn__take(u32 what)
{
	u32 token;

#pragma clang loop unroll(disable)
	for (int i = 0; i < TURN_TRIES; i++) {
		if (!bpf_map_pop_elem(&turn, &token))
			return 1;
		wait_when_long(i);
	}
	if (what < MT_LOSS_MAX)
		lost(what);
	return 0;
}

static __always_inline void turn__pass(void)
{
	u32 token = 0;

	bpf_map_push_elem(&turn, &token, 0);
}

/* In the middle of a turn, for others that have to go on before this one can. */
static __always_inline void turn__let_others(void)
{
	turn__pass();
	wait_some_more();
	turn__take(MT_LOSS_INEXACT_READS);
}

#else

static __always_inline bool turn__take(u32 what)
{
	return true;
}

static __always_inline void turn__pass(void)
{
}

#endif
