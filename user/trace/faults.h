/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The perf event of page faults on every CPU, where a kernel has no tracepoints for them. */
#pragma once

#include <stddef.h>

struct bpf_program;
struct faults;

/* Runs the program at each page fault of the host. 0 or a negative errno. */
int faults__attach(struct faults **out, const struct bpf_program *program);
void faults__free(struct faults *faults);
