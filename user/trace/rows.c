// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/rows.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "trace/procfs.h"

/* Serials grow, so rows are sorted, and the one asked for is mostly near the end. */
struct row *rows__find(struct rows *rows, uint32_t space)
{
	for (size_t i = rows->len; i-- > 0;) {
		if (rows->list[i].space == space)
			return &rows->list[i];
	}
	return NULL;
}

static struct row *add_row(struct rows *rows)
{
	if (rows->len == rows->allocated) {
		size_t more = rows->allocated ? 2 * rows->allocated : 16;
		struct row *list = reallocarray(rows->list, more, sizeof(*list));

		if (!list)
			return NULL;
		rows->list = list;
		rows->allocated = more;
	}
	memset(&rows->list[rows->len], 0, sizeof(rows->list[0]));
	return &rows->list[rows->len++];
}

static char *user_name(uint32_t uid)
{
	const struct passwd *entry = getpwuid(uid);
	char number[16];

	if (entry)
		return strdup(entry->pw_name);
	snprintf(number, sizeof(number), "%u", uid);
	return strdup(number);
}

/* The command line: from the record (exec), from /proc, or what the process had before its fork. */
static void set_command(struct process_row *row, const struct mt_space_begin *r,
			const struct row *previous)
{
	if (r->begin == MT_BEGIN_EXEC && r->args_size && r->args_size <= MT_ARGS_SIZE)
		procfs__split_args(r->args, r->args_size, &row->command, &row->command_len);
	else if (r->begin != MT_BEGIN_FORK)
		procfs__command(row->pid, &row->command, &row->command_len);
	else if (previous)
		procfs__copy_args(previous->row.command, previous->row.command_len, &row->command,
				  &row->command_len);
	if (!row->command_len && r->args_size > MT_ARGS_SIZE) /* gone already: what was recorded */
		procfs__split_args(r->args, MT_ARGS_SIZE, &row->command, &row->command_len);
}

static int begin_row(struct rows *rows, const struct mt_space_begin *r)
{
	struct row *row = add_row(rows), *previous;
	struct process_row *p;

	if (!row)
		return -ENOMEM;
	row->space = r->header.space;
	p = &row->row;
	previous = r->previous ? rows__find(rows, r->previous) : NULL;
	p->pid = r->header.pid;
	p->ppid = r->header.ppid;
	p->begin = (enum row_begin)r->begin;
	p->end = ROW_END_DETACH;
	p->begin_ns = (int64_t)(r->header.at_ns - rows->start_ns);
	if (p->begin == ROW_BEGIN_ATTACH || p->begin_ns < 0)
		p->begin_ns = 0;
	p->rss_begin_bytes = (r->by_type[MT_ANON] + r->by_type[MT_FILE] + r->by_type[MT_SHMEM]) *
			     rows->page_bytes;
	p->comm = strndup(r->comm, sizeof(r->comm));
	p->user = user_name(r->uid);
	set_command(p, r, previous);
	p->cgroup = procfs__cgroup(p->pid);
	if (!p->cgroup && previous && previous->row.cgroup)
		p->cgroup = strdup(previous->row.cgroup);
	return 0;
}

static void end_row(struct rows *rows, const struct mt_space_end *r)
{
	struct row *row = rows__find(rows, r->header.space);
	struct process_row *p;
	int64_t page = rows->page_bytes, rss;

	if (!row) {
		rows->unmatched++;
		return;
	}
	p = &row->row;
	row->ended = true;
	row->cpus = r->cpus;
	row->concurrent = r->concurrent;
	row->max_step_pages = r->max_step;
	row->events = r->events;
	row->peak_ops_len = r->peak_ops_len;
	memcpy(row->peak_ops, r->peak_ops, sizeof(row->peak_ops));
	row->tree_ops_len = r->tree_ops_len;
	row->tree_ops_at_ns = r->tree_ops_at_ns;
	memcpy(row->tree_ops, r->tree_ops, sizeof(row->tree_ops));
	p->end = r->end == MT_END_EXEC	 ? ROW_END_EXEC
		 : r->end == MT_END_EXIT ? ROW_END_EXIT
					 : ROW_END_DETACH;
	p->hidden = p->begin == ROW_BEGIN_FORK && p->end == ROW_END_EXEC;
	p->duration_ns = (int64_t)(r->header.at_ns - rows->start_ns) - p->begin_ns;
	rss = r->by_type[MT_ANON] + r->by_type[MT_FILE] + r->by_type[MT_SHMEM];
	p->rss_end_bytes = rss * page;
	p->peak_rss_bytes = r->peak * page;
	p->peak_at_ns = (int64_t)(r->peak_at_ns - rows->start_ns);
	for (int i = 0; i < MEM_RSS_TYPES; i++)
		p->peak_by_type_bytes[i] = r->peak_by_type[i] * page;
	p->swap_peak_bytes = r->swap_peak * page;
	p->gained_bytes = r->gained * page;
	p->returned_bytes = p->gained_bytes - (p->rss_end_bytes - p->rss_begin_bytes);
	if (r->comm[0]) {
		free(p->comm);
		p->comm = strndup(r->comm, sizeof(r->comm));
	}
	if (r->end == MT_END_EXEC) {
		p->faults = (struct faults){true, r->minor, r->major};
	}
}

static void exit_row(struct rows *rows, const struct mt_process_exit *r)
{
	struct row *row = rows__find(rows, r->header.space);
	int status = (int)r->exit_code;

	if (!r->header.space)
		return; /* never had a space of its own */
	if (!row) {
		rows->unmatched++;
		return;
	}
	row->row.exited = true;
	row->row.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	row->row.exit_signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	row->row.faults = (struct faults){true, r->minor, r->major};
}

int rows__record(struct rows *rows, const void *data, size_t size)
{
	const struct mt_record_header *header = data;

	if (size < sizeof(*header))
		return -EBADMSG;
	switch (header->type) {
	case MT_RECORD_SPACE_BEGIN:
		return size < sizeof(struct mt_space_begin) ? -EBADMSG : begin_row(rows, data);
	case MT_RECORD_SPACE_END:
		if (size < sizeof(struct mt_space_end))
			return -EBADMSG;
		end_row(rows, data);
		return 0;
	case MT_RECORD_PROCESS_EXIT:
		if (size < sizeof(struct mt_process_exit))
			return -EBADMSG;
		exit_row(rows, data);
		return 0;
	default: return -EBADMSG;
	}
}

void rows__free(struct rows *rows)
{
	for (size_t i = 0; i < rows->len; i++) {
		struct process_row *p = &rows->list[i].row;

		free(p->comm);
		free(p->user);
		free(p->cgroup);
		procfs__free_args(p->command, p->command_len);
	}
	free(rows->list);
	*rows = (struct rows){0};
}
