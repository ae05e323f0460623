// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/mappings.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define BUFFER_BYTES (32u << 10) /* of a CPU; a power of two of pages, and at least one */

struct mappings {
	int map_fd; /* libbpf keeps its events in a map */
	struct perf_buffer *buffer;
	void (*mapped)(void *context, const struct mappings_record *mapping);
	void *context;
	uint64_t lost;
};

/* What both kinds of record begin with. */
struct record {
	struct perf_event_header header;
	union {
		struct {
			uint32_t pid, tid;
			uint64_t address, len, offset;
			uint32_t major, minor;
			uint64_t inode;
		} mmap;
		struct {
			uint64_t id, lost;
		} lost;
	};
};

static enum bpf_perf_event_ret on_record(void *context, int cpu, struct perf_event_header *header)
{
	const struct record *record = (const struct record *)header;
	struct mappings *m = context;
	struct mappings_record mapping;

	(void)cpu;
	if (header->type == PERF_RECORD_MMAP2) {
		mapping = (struct mappings_record){
			.pid = (pid_t)record->mmap.pid,
			.device = makedev(record->mmap.major, record->mmap.minor),
			.inode = record->mmap.inode,
		};
		if (mapping.inode)
			m->mapped(m->context, &mapping);
	}
	if (header->type == PERF_RECORD_LOST)
		m->lost += record->lost.lost;
	return LIBBPF_PERF_EVENT_CONT;
}

int mappings__open(struct mappings **out,
		   void (*mapped)(void *context, const struct mappings_record *mapping),
		   void *context)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.mmap = 1,
		.mmap2 = 1,
		.watermark = 1,
		.wakeup_watermark = 1,
	};
	const size_t pages = BUFFER_BYTES / (size_t)sysconf(_SC_PAGESIZE);
	struct mappings *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	m->mapped = mapped;
	m->context = context;
	m->map_fd = bpf_map_create(BPF_MAP_TYPE_PERF_EVENT_ARRAY, "mt_mappings", sizeof(int),
				   sizeof(int), (uint32_t)libbpf_num_possible_cpus(), NULL);
	if (m->map_fd >= 0)
		m->buffer = perf_buffer__new_raw(m->map_fd, pages ? pages : 1, &attr, on_record, m,
						 NULL);
	if (!m->buffer) {
		r = -errno;
		mappings__close(m);
		return r;
	}
	*out = m;
	return 0;
}

int mappings__fd(const struct mappings *m)
{
	return perf_buffer__epoll_fd(m->buffer);
}

void mappings__dispatch(struct mappings *m)
{
	perf_buffer__consume(m->buffer);
}

uint64_t mappings__lost(const struct mappings *m)
{
	return m->lost;
}

void mappings__close(struct mappings *m)
{
	if (!m)
		return;
	perf_buffer__free(m->buffer);
	if (m->map_fd >= 0)
		close(m->map_fd);
	free(m);
}
