/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The BPF programs are built once for each way of counting and age of the kernel's BPF. */
#pragma once

struct kernel;
struct memtrace_bpf;

enum edition {
	EDITION_PERCPU,
	EDITION_SPLIT,
	EDITION_SPLIT_SERIAL, /* before Linux 5.17: markers only, bpf/compat.bpf.h */
};

/* What fits a kernel whose way of counting is known. */
enum edition editions__choose(const struct kernel *kernel);

/* The skeleton of an edition, opened, to be destroyed by memtrace_bpf__destroy(); NULL: see errno.
 */
struct memtrace_bpf *editions__open(enum edition edition);
