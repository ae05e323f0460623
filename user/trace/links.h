/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list of attached probes. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bpf_link;
struct bpf_program;

struct links {
	struct bpf_link **list;
	size_t len;
};

#define EVERY_PROCESS ((pid_t)-1)

/* What is probed: path may lead through /proc/self/fd. pid: EVERY_PROCESS, or the only one. */
struct place {
	const char *path;
	pid_t pid;
	uint64_t cookie; /* what the program gets to know */
};

/*
 * Attach one probe each; negative errno. Entry probes only: a return probe would break programs
 * that unwind their stack.
 */
int links__add_uprobe(struct links *links, const struct bpf_program *program,
		      const struct place *place, uint64_t offset);
int links__add_usdt(struct links *links, const struct bpf_program *program,
		    const struct place *place, const char *provider, const char *name);

/* Between keeper__hold() and keeper__release(), see keeper.h; from the len-th on. */
void links__cut(struct links *links, size_t len);
