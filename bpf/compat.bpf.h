/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the programs ask of the kernel's BPF, in two editions.
 *
 * Linux 5.17 and later has bpf_loop(), atomics that return what was there (5.12), pointers to the
 * stack as arguments of global functions (5.13), bpf_get_current_task_btf() (5.11). For older ones
 * the programs are built a second time, with MT_SERIAL: all that changes what is kept takes turns,
 * so that plain operations do for atomics; loops are unrolled by the verifier and have low bounds.
 */
#pragma once

#include "contract.h"
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define MAX_WINDOWS (MAX_CHUNKS * MT_CHUNK_WINDOWS)

#ifdef MT_SERIAL

#define MAX_CHUNKS MT_SERIAL_CHUNKS
#define MAX_CPUS   MT_SERIAL_CPUS
#define SERIAL	   1
#define SPINS	   1 /* nobody else is at it */

#define fetch_op(where, op, value)                                                                 \
	({                                                                                         \
		typeof(*(where)) before_ = *(where);                                               \
		*(where) = before_ op(value);                                                      \
		before_;                                                                           \
	})
#define fetch_add(where, value) fetch_op(where, +, value)
#define fetch_or(where, value)	fetch_op(where, |, value)
#define fetch_and(where, value) fetch_op(where, &, value)
#define exchange(where, value)                                                                     \
	({                                                                                         \
		typeof(*(where)) before_ = *(where);                                               \
		*(where) = (value);                                                                \
		before_;                                                                           \
	})
#define compare_exchange(where, expected, value)                                                   \
	({                                                                                         \
		typeof(*(where)) before_ = *(where);                                               \
		if (before_ == (expected))                                                         \
			*(where) = (value);                                                        \
		before_;                                                                           \
	})

/* callback(i, context) for i from 0 to count, at most limit of them, until it returns 1. */
#define LOOP(limit, count, callback, context)                                                      \
	do {                                                                                       \
		u32 count_ = (count);                                                              \
		_Pragma("clang loop unroll(disable)") for (u32 i_ = 0; i_ < (limit);               \
							   i_++) if (i_ >= count_ ||               \
								     callback(i_, context)) break; \
	} while (0)

/*
 * A function with pointers for arguments, that the verifier looks at once where it can; elsewhere
 * at each call. With numbers only it can everywhere: __noinline.
 */
#define SHARED_FUNCTION static __noinline

/* A member of a task. */
#define TASK(task, member) BPF_CORE_READ(task, member)

static __always_inline struct task_struct *current_task(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

#else

#define MAX_CHUNKS				 MT_SPACE_CHUNKS
#define MAX_CPUS				 MT_MAX_CPUS
#define SERIAL					 0
#define SPINS					 1024 /* for what another CPU does in some hundred ns */
#define fetch_add(where, value)			 __sync_fetch_and_add(where, value)
#define fetch_or(where, value)			 __sync_fetch_and_or(where, value)
#define fetch_and(where, value)			 __sync_fetch_and_and(where, value)
#define exchange(where, value)			 __sync_lock_test_and_set(where, value)
#define compare_exchange(where, expected, value) __sync_val_compare_and_swap(where, expected, value)
#define LOOP(limit, count, callback, context)	 bpf_loop(count, callback, context, 0)
#define SHARED_FUNCTION				 __noinline
#define TASK(task, member)			 ((task)->member)

static __always_inline struct task_struct *current_task(void)
{
	return bpf_get_current_task_btf();
}

#endif

/* A pointer's low half as a number: the verifier refuses 64-bit arithmetic on kernel pointers. */
static __always_inline u32 low_bits(const void *pointer)
{
	u64 low;

	asm volatile("r0 = %1; w0 = w0; %0 = r0" : "=r"(low) : "r"(pointer) : "r0");
	return low;
}

/*
 * A kernel pointer as a number, to be read through with BPF_CORE_READ() only. Off the hot path this
 * is also cheaper to load: following a typed pointer makes the verifier search the kernel's BTF.
 */
static __always_inline u64 address_of(const void *pointer)
{
	u64 address = 0;

	bpf_probe_read_kernel(&address, sizeof(address), &pointer);
	return address;
}
