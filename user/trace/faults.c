// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/faults.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

struct faults {
	size_t len;
	struct bpf_link *links[];
};

/* NULL on a CPU that is offline: it has no faults either. */
static int attach_cpu(struct bpf_link **out, int cpu, const struct bpf_program *program)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_PAGE_FAULTS,
		.sample_period = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	*out = NULL;
	if (fd < 0)
		return errno == ENODEV ? 0 : -errno;
	*out = bpf_program__attach_perf_event(program, fd);
	if (*out)
		return 0;
	close(fd);
	return -errno;
}

int faults__attach(struct faults **out, const struct bpf_program *program)
{
	int cpus = libbpf_num_possible_cpus(), r = 0;
	struct faults *f;

	if (cpus < 0)
		return cpus;
	f = calloc(1, sizeof(*f) + (size_t)cpus * sizeof(f->links[0]));
	if (!f)
		return -ENOMEM;
	for (int i = 0; !r && i < cpus; i++)
		r = attach_cpu(&f->links[f->len++], i, program);
	if (r) {
		faults__free(f);
		return r;
	}
	*out = f;
	return 0;
}

void faults__free(struct faults *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->len; i++)
		bpf_link__destroy(f->links[i]);
	free(f);
}
