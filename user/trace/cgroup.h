/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths of cgroups by the ids that the kernel side records. The id of a cgroup is the inode number
 * of its directory (Linux 5.5, 67c0496e87d1) and is not given away again, so what is known once
 * stays right, also after the cgroup is gone.
 */
#pragma once

#include <stdint.h>

struct cgroups;

/* Looks for the mounts; works without any, but knows nothing then. -ENOMEM. */
int cgroups__new(struct cgroups **out);

/*
 * Path as /proc/PID/cgroup has it, from the root of memtrace's cgroup namespace: of version 2, or
 * where a process is in its root that of the version 1 hierarchy of the memory controller. 0: not
 * known. NULL: not known, or gone. Valid until the next call.
 */
const char *cgroups__path(struct cgroups *cgroups, uint64_t unified, uint64_t memory);

/* Accepts NULL. */
void cgroups__free(struct cgroups *cgroups);
