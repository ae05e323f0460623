/* SPDX-License-Identifier: MIT */
/*
 * Markers: name the operations of a program so that memtrace can say how much resident memory each
 * of them gained, and how high it peaked.
 *
 *	#include <memtrace/marker.h>
 *
 *	memtrace_window w = memtrace_begin("load stage");
 *	load_stage();
 *	memtrace_end(w);
 *
 * Build with `pkg-config --cflags --libs memtrace-marker`, run with `sudo memtrace -- ./program` or
 * attach later with `sudo memtrace -p PID`. Without a tracer a pair costs a few nanoseconds and
 * does nothing. Windows nest; each may end on another thread of the process than it began on.
 *
 * A program can have the result of a window itself, exact and at once, when it is being traced:
 *
 *	struct memtrace_result r = { .size = sizeof r };
 *
 *	if (memtrace_end_result(w, &r) == 0)
 *		printf("%lld bytes, peak %lld\n", (long long)r.growth_bytes,
 *		       (long long)r.peak_growth_bytes);
 *
 * C and C++; usable through dlopen(), ctypes and any other foreign function interface.
 */
#ifndef MEMTRACE_MARKER_H
#define MEMTRACE_MARKER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A window that was begun. Never 0; unique among those of one process. */
typedef uint64_t memtrace_window;

/*
 * What one window came to. Growths are process-wide differences in bytes, exact to the page, and
 * may be negative where not said otherwise.
 */
struct memtrace_result {
	uint64_t size;		   /* set by the caller to sizeof(struct memtrace_result) */
	int64_t growth_bytes;	   /* resident memory at the end minus at the begin */
	int64_t peak_growth_bytes; /* the highest inside minus at the begin; at least 0 */
	int64_t gained_bytes;	   /* sum of all increases; at least 0 */
	int64_t returned_bytes;	   /* sum of all decreases; at least 0 */
	int64_t own_growth_bytes;  /* made by the thread that began the window */
	int64_t anon_growth_bytes; /* growth by type; these three add up to growth_bytes */
	int64_t file_growth_bytes;
	int64_t shmem_growth_bytes;
	int64_t swap_growth_bytes; /* beside, not inside growth_bytes */
	int64_t own_minor_faults;  /* -1: not known, the window ended on another thread */
	int64_t own_major_faults;
};

/*
 * Begins a window of the operation `name`: NUL-terminated bytes, best UTF-8. The first 127 bytes
 * count; NULL is taken as "(null)". Never fails; async-signal-safe.
 */
memtrace_window memtrace_begin(const char *name);

/* Ends a window. Ending one twice, or one that was not begun, is counted by the tracer. */
void memtrace_end(memtrace_window window);

/*
 * Ends a window and fills in *result. 0 on success; the window has ended in any case:
 *	-EINVAL   result is NULL or its size is smaller than the first version of the struct
 *	-ENODATA  no tracer gives results to this process
 *	-EAGAIN   more than 32 threads asked at this very moment
 */
int memtrace_end_result(memtrace_window window, struct memtrace_result *result);

#ifdef __cplusplus
}
#endif

#endif
