// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/links.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

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

int links__add_uprobe(struct links *links, const struct bpf_program *program,
		      const struct place *place, uint64_t offset)
{
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .retprobe = false, .bpf_cookie = place->cookie);

	return add(links, bpf_program__attach_uprobe_opts(program, place->pid, place->path, offset,
							  &opts));
}

int links__add_usdt(struct links *links, const struct bpf_program *program,
		    const struct place *place, const char *provider, const char *name)
{
	LIBBPF_OPTS(bpf_usdt_opts, opts, .usdt_cookie = place->cookie);

	return add(links, bpf_program__attach_usdt(program, place->pid, place->path, provider, name,
						   &opts));
}

void links__cut(struct links *links, size_t len)
{
	while (links->len > len)
		bpf_link__destroy(links->list[--links->len]);
	if (len)
		return;
	free(links->list);
	links->list = NULL;
}
