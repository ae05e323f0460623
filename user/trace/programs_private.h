/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What programs.c and programs_load.c share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "memtrace.skel.h"
#include "trace/editions.h"
#include "trace/programs.h"

struct programs {
	struct memtrace_bpf *skel;
	enum edition edition;
	struct faults *faults; /* where the kernel has no tracepoints for them */
	struct bpf_link *scan; /* of the task iterator */
	uint32_t spaces;       /* how many fit */
	uint32_t max_sources;
};

/*
 * Opens the skeleton of the edition for a kernel, gives the maps their sizes and loads what the
 * options ask for. 0, or a negative errno, logged.
 */
int programs__load(struct programs *programs, const struct programs_options *options);
