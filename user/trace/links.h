/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list of attached probes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bpf_link;
struct bpf_program;

struct links {
	struct bpf_link **list;
	size_t len;
	int *many_fds; /* of many places each */
	size_t many_len;
};

/* Offsets in a file, each with its cookie; cookies may be NULL. */
struct offsets {
	uint64_t *offsets, *cookies;
	size_t len;
};

int offsets__add(struct offsets *offsets, uint64_t offset, uint64_t cookie);
void offsets__free(struct offsets *offsets);

#define EVERY_PROCESS ((pid_t)-1)

/* What is probed: path may lead through /proc/self/fd. pid: EVERY_PROCESS, or the only one. */
struct place {
	const char *path;
	pid_t pid;
};

/*
 * Probe places of a file; negative errno. A program that was loaded for it (Linux 6.6) gets one
 * link for all, as dear as a single one: when one place is refused, none is probed. For others
 * it is one link each. Entry probes only: a return probe would break programs that unwind
 * their stack.
 */
int links__add_uprobes(struct links *links, const struct bpf_program *program,
		       const struct place *place, const struct offsets *offsets);

/* The cookie is what the program gets to know. */
int links__add_usdt(struct links *links, const struct bpf_program *program,
		    const struct place *place, const char *provider, const char *name,
		    uint64_t cookie);

/* What links__cut() goes back to. */
struct links_mark {
	size_t len, many_len;
};

struct links_mark links__mark(const struct links *links);

bool links__any(const struct links *links);

/* Between keeper__hold() and keeper__release(), see keeper.h; those since the mark. */
void links__cut(struct links *links, struct links_mark mark);
