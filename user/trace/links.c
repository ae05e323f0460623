// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/links.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "trace/programs.h"

static int add(struct links *links, struct bpf_link *link)
{
	struct bpf_link **list;

	if (!link)
		return -errno;
	list = reallocarray(links->list, links->len + 1, sizeof(struct bpf_link *));
	if (!list) {
		bpf_link__destroy(link);
		return -ENOMEM;
	}
	links->list = list;
	list[links->len++] = link;
	return 0;
}

static int add_uprobe(struct links *links, const struct bpf_program *program,
		      const struct place *place, uint64_t offset, uint64_t cookie)
{
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .retprobe = false, .bpf_cookie = cookie);

	return add(links, bpf_program__attach_uprobe_opts(program, place->pid, place->path, offset,
							  &opts));
}

int links__add_usdt(struct links *links, const struct bpf_program *program,
		    const struct place *place, const char *provider, const char *name,
		    uint64_t cookie)
{
	LIBBPF_OPTS(bpf_usdt_opts, opts, .usdt_cookie = cookie);

	return add(links, bpf_program__attach_usdt(program, place->pid, place->path, provider, name,
						   &opts));
}

int offsets__add(struct offsets *o, uint64_t offset, uint64_t cookie)
{
	if (!(o->len & (o->len + 1))) { /* as many again */
		uint64_t *offsets = reallocarray(o->offsets, 2 * (o->len + 1), sizeof(*offsets));
		uint64_t *cookies;

		if (!offsets)
			return -ENOMEM;
		o->offsets = offsets;
		cookies = reallocarray(o->cookies, 2 * (o->len + 1), sizeof(*cookies));
		if (!cookies)
			return -ENOMEM;
		o->cookies = cookies;
	}
	o->offsets[o->len] = offset;
	o->cookies[o->len++] = cookie;
	return 0;
}

void offsets__free(struct offsets *o)
{
	free(o->offsets);
	free(o->cookies);
	*o = (struct offsets){0};
}

/* BPF_LINK_CREATE as of Linux 6.6, which headers of the build may not know. */
struct create_many {
	uint32_t prog_fd, target_fd, attach_type, link_flags;
	uint64_t path, offsets, ref_ctr_offsets, cookies;
	uint32_t count, flags, pid, pad;
};

static int add_many(struct links *links, const struct bpf_program *program,
		    const struct place *place, const struct offsets *offsets)
{
	struct create_many attr = {
		.prog_fd = (uint32_t)bpf_program__fd(program),
		.attach_type = ATTACH_UPROBE_MULTI,
		.path = (uint64_t)(uintptr_t)place->path,
		.offsets = (uint64_t)(uintptr_t)offsets->offsets,
		.cookies = (uint64_t)(uintptr_t)offsets->cookies,
		.count = (uint32_t)offsets->len,
		.pid = place->pid == EVERY_PROCESS ? 0 : (uint32_t)place->pid,
	};
	int *fds, fd;

	fds = reallocarray(links->many_fds, links->many_len + 1, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	links->many_fds = fds;
	fd = (int)syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	if (fd < 0)
		return -errno;
	fds[links->many_len++] = fd;
	return 0;
}

int links__add_uprobes(struct links *links, const struct bpf_program *program,
		       const struct place *place, const struct offsets *offsets)
{
	int r = 0;

	if (!offsets->len)
		return 0;
	if (bpf_program__expected_attach_type(program) == ATTACH_UPROBE_MULTI)
		return add_many(links, program, place, offsets);
	for (size_t i = 0; !r && i < offsets->len; i++)
		r = add_uprobe(links, program, place, offsets->offsets[i],
			       offsets->cookies ? offsets->cookies[i] : 0);
	return r;
}

struct links_mark links__mark(const struct links *links)
{
	return (struct links_mark){links->len, links->many_len};
}

bool links__any(const struct links *links)
{
	return links->len || links->many_len;
}

void links__cut(struct links *links, struct links_mark mark)
{
	while (links->len > mark.len)
		bpf_link__destroy(links->list[--links->len]);
	while (links->many_len > mark.many_len)
		close(links->many_fds[--links->many_len]);
	if (!links->len) {
		free(links->list);
		links->list = NULL;
	}
	if (!links->many_len) {
		free(links->many_fds);
		links->many_fds = NULL;
	}
}
