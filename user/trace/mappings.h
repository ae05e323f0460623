/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells when a process of the host maps executable code: the kernel's side-band records
 * (PERF_RECORD_MMAP2), which come a fraction of a millisecond later. No process is stopped for it.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct mappings;

struct mappings_record {
	pid_t pid;
	dev_t device;
	ino_t inode;
};

/* mapped(): called by mappings__dispatch() for each new mapping of a file. */
int mappings__open(struct mappings **out,
		   void (*mapped)(void *context, const struct mappings_record *mapping),
		   void *context);

/* An epoll descriptor that is readable when mappings__dispatch() has something to do. */
int mappings__fd(const struct mappings *mappings);
void mappings__dispatch(struct mappings *mappings);

/* Records that the kernel had no room for. */
uint64_t mappings__lost(const struct mappings *mappings);

void mappings__close(struct mappings *mappings);
