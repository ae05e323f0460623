/* SPDX-License-Identifier: MIT */
/* Begin and end: ids and names. */
#include <memtrace/marker.h>

#include "meet.h"
#include "protocol.h"
#include "sites.h"

#define PUBLIC	      __attribute__((visibility("default")))
#define NAME_PAGE     4096u /* or a divisor of the real page size */
#define NAME_MAX_READ 128u

/*
 * Ids: a number for each thread that ever began a window, taken once, above a counter of its own. A
 * forked child goes on counting, so that its ids are none of its parent's open windows.
 */
static uint32_t threads;
static __thread uint64_t last_id __attribute__((tls_model("initial-exec")));

/*
 * A process may hold several copies of the library (linked statically and loaded): the thread
 * numbers of each begin somewhere else, by a multiplicative hash of where the copy is.
 */
static __attribute__((noinline)) uint64_t first_id(void)
{
	uint32_t number = __atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED);
	uint64_t place = (uint64_t)(uintptr_t)&threads * UINT64_C(0x9e3779b97f4a7c15);

	last_id = (uint64_t)((uint32_t)(place >> 32) + number) << 32 | 2;
	return last_id;
}

/* The lower half is never 0 or 1 in an id: 1 is a thread's first call, 0 a counter that is full. */
static uint64_t next_id(void)
{
	uint64_t id = ++last_id;

	return __builtin_expect((uint32_t)id > 1, 1) ? id : first_id();
}

/*
 * The tracer reads the name without faulting pages in, so each page of it is touched here: one byte
 * at the start, and where the name goes on across a page boundary one there.
 */
static void touch_name(const char *name)
{
	const volatile char *p = name;
	uintptr_t to_boundary = NAME_PAGE - ((uintptr_t)name & (NAME_PAGE - 1));

	(void)*p;
	if (__builtin_expect(to_boundary >= NAME_MAX_READ + 1, 1))
		return;
	for (uintptr_t i = 0; i < to_boundary; i++)
		if (!p[i])
			return;
	(void)p[to_boundary];
}

PUBLIC memtrace_window memtrace_begin(const char *name)
{
	uint64_t id = next_id();

	if (!name)
		name = "(null)";
	touch_name(name);
	memtrace_site_begin(name, id);
	return id;
}

PUBLIC void memtrace_end(memtrace_window window)
{
	memtrace_site_end(window, MARKER_NO_SLOT);
}

/*
 * Here and not in meet.c, so that a program linked statically has it whatever it calls. Early:
 * constructors of such a program may have markers, too.
 */
__attribute__((constructor(101))) static void start(void)
{
	meet__start();
}
