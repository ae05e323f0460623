// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/results.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "contract.h"

#define BATCH	   32 /* pages made at once */
#define FEW	   8  /* fewer new ones are topped up */
#define PAGES_STEP 256

/* An element of the map of pages. */
struct page {
	int fd;	   /* -1: none, or one of a process that is gone: to be replaced */
	pid_t pid; /* 0: new, nobody's */
};

struct results {
	int pages_fd, of_fd;
	struct page *pages;
	size_t len;
	size_t stock; /* new pages */
};

int results__new(struct results **out, int pages_fd, int of_fd)
{
	struct results *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->pages_fd = pages_fd;
	r->of_fd = of_fd;
	*out = r;
	return 0;
}

static struct page *find(const struct results *r, pid_t pid)
{
	for (size_t i = 0; i < r->len; i++)
		if (r->pages[i].fd >= 0 && r->pages[i].pid == pid)
			return &r->pages[i];
	return NULL;
}

static int make_page(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "mt_result", sizeof(uint32_t), MT_RESULT_SIZE,
				1, &opts);

	if (fd < 0)
		return -errno;
	if (bpf_map_freeze(fd)) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

static int make_room(struct results *r)
{
	struct page *list;

	if (r->len == MT_MAX_PROCS)
		return -ENOSPC;
	list = reallocarray(r->pages, r->len + PAGES_STEP, sizeof(*list));
	if (!list)
		return -ENOMEM;
	r->pages = list;
	for (size_t i = 0; i < PAGES_STEP; i++)
		list[r->len++] = (struct page){-1, 0};
	return 0;
}

/* Puts new pages where keys say; each wait is one of the kernel's, where it can take all at once.
 */
static int insert(struct results *r, const uint32_t *keys, const int *fds, uint32_t len)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts, .elem_flags = BPF_ANY);
	uint32_t count = len;

	if (!bpf_map_update_batch(r->pages_fd, keys, fds, &count, &opts))
		return 0;
	for (uint32_t i = 0; i < len; i++)
		if (bpf_map_update_elem(r->pages_fd, &keys[i], &fds[i], BPF_ANY))
			return -errno;
	return 0;
}

static int stock_up(struct results *r)
{
	uint32_t keys[BATCH], len = 0;
	int fds[BATCH], err = 0;

	for (size_t i = 0; len < BATCH; i++) {
		if (i == r->len && make_room(r))
			break;
		if (r->pages[i].fd >= 0)
			continue;
		fds[len] = make_page();
		if (fds[len] < 0) {
			err = fds[len];
			break;
		}
		keys[len++] = (uint32_t)i;
	}
	if (!len)
		return err ? err : -ENOSPC;
	err = insert(r, keys, fds, len);
	for (uint32_t i = 0; i < len; i++)
		if (err)
			close(fds[i]);
		else
			r->pages[keys[i]] = (struct page){fds[i], 0};
	if (!err)
		r->stock += len;
	return err;
}

int results__of(struct results *r, pid_t pid)
{
	uint32_t key = (uint32_t)pid, number;
	struct page *page = find(r, pid);
	int err;

	if (page)
		return page->fd;
	err = r->stock ? 0 : stock_up(r);
	if (err)
		return err;
	page = find(r, 0);
	number = (uint32_t)(page - r->pages);
	if (bpf_map_update_elem(r->of_fd, &key, &number, BPF_ANY))
		return -errno;
	page->pid = pid;
	r->stock--;
	return page->fd;
}

void results__forget(struct results *r, pid_t pid)
{
	uint32_t key = (uint32_t)pid;
	struct page *page = find(r, pid);

	if (!page)
		return;
	bpf_map_delete_elem(r->of_fd, &key);
	close(page->fd);
	*page = (struct page){-1, 0};
}

/* Only where there are processes that want results. */
void results__stock_up(struct results *r)
{
	int err = r->len && r->stock < FEW ? stock_up(r) : 0;

	if (err)
		log__debug("no new result pages: error %d", -err);
}

void results__free(struct results *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->len; i++)
		if (r->pages[i].fd >= 0)
			close(r->pages[i].fd);
	free(r->pages);
	free(r);
}
