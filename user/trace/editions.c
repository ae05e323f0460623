// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/editions.h"

#include <errno.h>
#include <stdlib.h>

#include "memtrace.skel.h"
#include "memtrace_serial.skel.h"
#include "memtrace_split.skel.h"
#include "trace/kernel.h"

/* All are used through the skeleton of one: they have the same maps, programs and variables. */
#define ASSERT_SAME(other)                                                                         \
	_Static_assert(sizeof(struct memtrace_bpf) == sizeof(struct other) &&                      \
			       sizeof(struct memtrace_bpf__rodata) ==                              \
				       sizeof(struct other##__rodata) &&                           \
			       sizeof(struct memtrace_bpf__bss) == sizeof(struct other##__bss),    \
		       "the editions differ in more than code")
ASSERT_SAME(memtrace_split_bpf);
ASSERT_SAME(memtrace_serial_bpf);

enum edition editions__choose(const struct kernel *kernel)
{
	if (kernel->counters == COUNTERS_PERCPU)
		return EDITION_PERCPU;
	return kernel->loops ? EDITION_SPLIT : EDITION_SPLIT_SERIAL;
}

struct memtrace_bpf *editions__open(enum edition edition)
{
	struct memtrace_bpf *skel = calloc(1, sizeof(*skel));
	struct bpf_object_skeleton *s;
	int r;

	if (!skel)
		return NULL;
	r = memtrace_bpf__create_skeleton(skel);
	if (r)
		goto fail;
	s = skel->skeleton;
	if (edition == EDITION_SPLIT)
		s->data = (void *)memtrace_split_bpf__elf_bytes(&s->data_sz);
	else if (edition == EDITION_SPLIT_SERIAL)
		s->data = (void *)memtrace_serial_bpf__elf_bytes(&s->data_sz);
	r = bpf_object__open_skeleton(s, NULL);
	if (!r)
		return skel;
fail:
	memtrace_bpf__destroy(skel);
	errno = -r;
	return NULL;
}
