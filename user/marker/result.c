/* SPDX-License-Identifier: MIT */
/* Reading the result of a window from the page that the tracer writes. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "result.h"

#include <errno.h>
#include <memtrace/marker.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "meet.h"
#include "sites.h"

/* What the first version of the library knew; no caller has a smaller struct. */
#define FIRST_SIZE (offsetof(struct memtrace_result, own_major_faults) + sizeof(int64_t))

/* A bit a slot that a thread is using right now. */
static uint32_t slots_used;

void result__reset(void)
{
	__atomic_store_n(&slots_used, 0, __ATOMIC_RELAXED);
}

static uint32_t claim_slot(void)
{
	uint32_t used = __atomic_load_n(&slots_used, __ATOMIC_RELAXED);

	while (~used) {
		uint32_t slot = (uint32_t)__builtin_ctz(~used);

		if (__atomic_compare_exchange_n(&slots_used, &used, used | 1u << slot, 0,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return slot;
	}
	return MARKER_NO_SLOT;
}

static void release_slot(uint32_t slot)
{
	__atomic_fetch_and(&slots_used, ~(1u << slot), __ATOMIC_RELEASE);
}

static void fill_result(struct memtrace_result *result, const struct marker_slot *slot)
{
	const int64_t page = sysconf(_SC_PAGESIZE);
	const struct memtrace_result full = {
		.size = result->size,
		.growth_bytes = slot->growth_pages * page,
		.peak_growth_bytes = slot->peak_growth_pages * page,
		.gained_bytes = slot->gained_pages * page,
		.returned_bytes = (slot->gained_pages - slot->growth_pages) * page,
		.own_growth_bytes = slot->own_growth_pages * page,
		.anon_growth_bytes = slot->by_type_pages[0] * page,
		.file_growth_bytes = slot->by_type_pages[1] * page,
		.shmem_growth_bytes = slot->by_type_pages[2] * page,
		.swap_growth_bytes = slot->by_type_pages[3] * page,
		.own_minor_faults = slot->faults_known ? slot->minor_faults : -1,
		.own_major_faults = slot->faults_known ? slot->major_faults : -1,
	};
	size_t size = result->size < sizeof(full) ? (size_t)result->size : sizeof(full);

	memcpy(result, &full, size);
}

/*
 * After a fork parent and child share the page until the child has its own: both ids must be ours.
 */
static int read_slot(const struct marker_slot *slot, memtrace_window window,
		     struct memtrace_result *result)
{
	if (__atomic_load_n(&slot->id, __ATOMIC_ACQUIRE) != window || slot->pid != getpid())
		return -ENODATA;
	fill_result(result, slot);
	return 0;
}

/*
 * The window got no result. One alone is the window's own fault (it was not begun, or before the
 * tracer came); two in a row: the tracer that gave us the page may be gone and another one here.
 */
static void note_answer(int answered)
{
	static int doubted;

	if (answered) {
		if (__atomic_load_n(&doubted, __ATOMIC_RELAXED))
			__atomic_store_n(&doubted, 0, __ATOMIC_RELAXED);
	} else if (__atomic_exchange_n(&doubted, 1, __ATOMIC_RELAXED)) {
		meet__retry();
	}
}

__attribute__((visibility("default"))) int memtrace_end_result(memtrace_window window,
							       struct memtrace_result *result)
{
	const struct marker_slot *page = meet__page();
	const int valid = result && result->size >= FIRST_SIZE;
	uint32_t slot = page && valid ? claim_slot() : MARKER_NO_SLOT;
	int r;

	memtrace_site_end(window, slot);
	if (!valid)
		return -EINVAL;
	if (!page) {
		meet__retry();
		return -ENODATA;
	}
	if (slot == MARKER_NO_SLOT)
		return -EAGAIN;
	r = read_slot(&page[slot], window, result);
	release_slot(slot);
	note_answer(!r);
	return r;
}
