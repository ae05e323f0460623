/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running to the end. Where the kernel lets a program be preempted, another task may come to run
 * the same one on the same CPU. Uprobes always could be; from Linux 6.13 on their stack is the
 * CPU's, so the two would share it: what goes there has to come after cpu__hold(). Tracepoints can
 * be from 7.0 on, and the kernel then leaves the second program out (recursion_misses).
 */
#pragma once

#include "maps.bpf.h"

#ifndef MT_SPLIT

extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;

static __always_inline void cpu__hold(void)
{
	if (hold_cpu && bpf_preempt_disable)
		bpf_preempt_disable();
}

static __always_inline void cpu__release(void)
{
	if (hold_cpu && bpf_preempt_enable)
		bpf_preempt_enable();
}

#else

static __always_inline void cpu__hold(void)
{
}

static __always_inline void cpu__release(void)
{
}

#endif

/* The program of a probe: runs body(ctx) to its end. */
#define HELD_PROGRAM(section, name, body)                                                          \
	SEC(section)                                                                               \
	int name(struct pt_regs *ctx)                                                              \
	{                                                                                          \
		cpu__hold();                                                                       \
		body(ctx);                                                                         \
		cpu__release();                                                                    \
		return 0;                                                                          \
	}
