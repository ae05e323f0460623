// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/results.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "contract.h"

int results__add(int results_fd, pid_t pid)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	uint32_t key = (uint32_t)pid;
	int fd, r;

	/* Always a new page: the pid may be a new process, or the old one after its exec. */
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "mt_result", sizeof(uint32_t), MT_RESULT_SIZE, 1,
			    &opts);
	if (fd < 0)
		return -errno;
	if (bpf_map_freeze(fd) || bpf_map_update_elem(results_fd, &key, &fd, BPF_ANY)) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

void results__remove(int results_fd, pid_t pid)
{
	uint32_t key = (uint32_t)pid;

	bpf_map_delete_elem(results_fd, &key);
}
