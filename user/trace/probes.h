/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes in objects: each file is probed once, whoever maps it, for as long as the
 * probes exist. Attached by inode and for all processes, so that children and later mappings are
 * covered; the programs pass over processes that are not traced.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/report.h"
#include "symbol/notes.h"

struct probes;
struct programs;
struct sources;

/*
 * bound: probes are for one process each (--no-follow), so that no other pays for them. Probed are
 * the markers of these providers, and what the sources say.
 */
int probes__new(struct probes **out, const struct programs *programs, bool bound,
		const struct marker_providers *providers, struct sources *sources);

/* A file that a traced process has mapped, or will. */
struct probed_object {
	int fd;
	const char *path; /* for people to read, and to be matched with window specs */
	pid_t pid;	  /* that has it mapped */
	bool is_program;  /* its executable */
	/* As the kernel shows the mapping, which is not what stat() says on overlayfs and btrfs; 0:
	 * not known. */
	dev_t mapped_device;
	ino_t mapped_inode;
	/* Time since the start of the trace when the object may have run before, otherwise -1. */
	int64_t late_at_ns;
};

/*
 * Probes what is to be probed in an object. 0 when the probes are in place, now or since earlier;
 * -ENOENT when there is nothing; other negative errno (logged) when probing failed.
 */
int probes__add_object(struct probes *probes, const struct probed_object *object);

/* Looks through what a running process has mapped. late_at_ns as above, for objects found new. */
int probes__scan_process(struct probes *probes, pid_t pid, int64_t late_at_ns);

/*
 * Whether a mapped file, as /proc/PID/maps shows it, has been looked at for that process.
 */
bool probes__knows(const struct probes *probes, pid_t pid, dev_t device, ino_t inode);

/* Whether an object with markers of that provider is probed. */
bool probes__has(const struct probes *probes, const char *provider);

/*
 * How many processes outside the trace map a probed object: each pays for the traps. is_traced()
 * tells which are inside.
 */
uint64_t probes__outside(const struct probes *probes, bool (*is_traced)(void *context, pid_t pid),
			 void *context);

/* Moves the list of objects probed late into out->trace. */
void probes__take_late(struct probes *probes, struct report *out);

void probes__free(struct probes *probes);
