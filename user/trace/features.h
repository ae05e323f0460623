/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this kernel and this user can do, found by trying; what each lack costs. Read by doctor. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct kernel;

struct feature {
	const char *name; /* "BTF of the running kernel" */
	bool required;	  /* without it memtrace cannot work */
	bool present;
	const char *since;	 /* "Linux 6.2"; NULL: not a matter of version */
	const char *consequence; /* what follows when it is missing */
	char detail[128];	 /* what was seen */
};

#define FEATURES_MAX 40

struct features {
	struct feature list[FEATURES_MAX];
	size_t len;
};

/* Tries everything; needs no privileges to run, without them most is simply not present. */
void features__probe(struct features *out);
/*
 * The first thing that makes tracing impossible, logged as one line and a hint ("missing
 * capabilities: CAP_BPF CAP_PERFMON", "this kernel has no BTF"); 0 when there is none, otherwise
 * -EPERM or -ENOTSUP. *kernel is what its types say. Cheap: no program is loaded.
 */
int features__check_required(struct kernel *kernel);
