/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The BPF programs of one trace: loading, attaching what does not depend on the target, running the
 * programs that the loader runs itself, and reading their counters. Functions that fail have said
 * why (base/log.h) and return a negative errno.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "contract.h"

struct kernel;
struct programs;
struct bpf_program;

struct programs_options {
	const struct kernel *kernel;
	bool follow;	/* children of traced processes are traced */
	bool all;	/* every process of the host is */
	bool by_thread; /* an operation is a name and a thread */
	bool usdt;	/* programs for USDT probes are wanted */
	bool functions; /* programs for functions are wanted */
};

int programs__open(struct programs **out, const struct programs_options *options);

/*
 * What probes run. Those but the markers' want a number of programs__set_source() for a cookie, and
 * are there where the options asked for them.
 */
enum program {
	PROGRAM_MARKER_BEGIN,
	PROGRAM_MARKER_END,
	PROGRAM_USDT_BEGIN,
	PROGRAM_USDT_END,
	PROGRAM_FUNCTION_ENTRY,
	PROGRAM_FUNCTION_RETURN,
	PROGRAM_CATCH, /* the entry of __cxa_begin_catch() */
};
const struct bpf_program *programs__get(const struct programs *programs, enum program program);

/*
 * enum bpf_attach_type of Linux 6.6, BPF_TRACE_UPROBE_MULTI: what the programs of markers and
 * functions expect where one link can stand for many places.
 */
#define ATTACH_UPROBE_MULTI 48

/* Whether some of their probes have to be perf events, for which the kernel wants CAP_SYS_ADMIN. */
bool programs__perf_probes(const struct programs *programs);

uint32_t programs__max_sources(const struct programs *programs);
int programs__set_source(const struct programs *programs, uint32_t number,
			 const struct mt_source *source);

/* Descriptors of maps; owned by programs. */
int programs__details_fd(const struct programs *programs);
int programs__events_fd(const struct programs *programs);
int programs__result_pages_fd(const struct programs *programs);
int programs__result_of_fd(const struct programs *programs);
/* Address spaces (bpf/space.h), which can be mapped: *len of them, used or not. */
int programs__spaces_fd(const struct programs *programs, uint32_t *len);
/* struct cpu_view, number space * *cpus + cpu. */
int programs__views_fd(const struct programs *programs, uint32_t *cpus);

/*
 * Marks pids of this namespace (enum mt_wanted) and looks for them among the tasks of the host.
 * -ESRCH and the first missing pid in *missing when one is not there; the others are then traced.
 */
int programs__add_pids(struct programs *programs, const pid_t *pids, size_t len,
		       enum mt_wanted mode, pid_t *missing);

/* Traces every process that is there. */
int programs__add_all(struct programs *programs);

/* Lets go of every process: their rows and open windows end with "detach". */
int programs__let_go(struct programs *programs);

/* The processes that are still there, with their faults once they were let go. */
void programs__each_process(const struct programs *programs,
			    void (*each)(void *context, const struct mt_proc *process),
			    void *context);

/* Reads operation `op`; false beyond the last one. */
bool programs__read_op(const struct programs *programs, uint32_t op, struct mt_op *out);

/* Running counters, readable at any time. */
struct programs_counters {
	int64_t rss_pages;  /* sum over the traced spaces, now */
	int64_t peak_pages; /* of that sum */
	uint64_t peak_at_ns;
	uint64_t windows_ended;
	uint32_t spaces;    /* seen */
	uint32_t processes; /* alive */
	uint64_t losses[MT_LOSS_MAX];
};

void programs__counters(const struct programs *programs, struct programs_counters *out);

/* Events that a program missed because it was running on that CPU already. */
uint64_t programs__recursion_misses(const struct programs *programs);

/* Run time of all programs, when the kernel's BPF statistics are on; otherwise -1. */
int64_t programs__run_time_ns(const struct programs *programs);

void programs__close(struct programs *programs);
