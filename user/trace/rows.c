// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/rows.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "model/groups.h"
#include "trace/cgroup.h"
#include "trace/procfs.h"

#define USERS_MAX 4096 /* names that are kept */

/* The name of a user, looked up once. */
struct user {
	uint32_t uid;
	char *name;
	UT_hash_handle hh;
};

struct row *rows__find(const struct rows *rows, uint32_t space)
{
	struct row *row;

	HASH_FIND(by_space, rows->all, &space, sizeof(space), row);
	return row;
}

struct row *rows__of_pid(const struct rows *rows, int32_t pid)
{
	struct row *row;

	HASH_FIND(by_pid, rows->latest, &pid, sizeof(pid), row);
	return row;
}

struct row *rows__first(const struct rows *rows)
{
	return rows->all;
}

struct row *rows__after(const struct row *row)
{
	return row->by_space.next;
}

struct row *rows__last(const struct rows *rows)
{
	const UT_hash_table *table = rows->all ? rows->all->by_space.tbl : NULL;

	return table ? ELMT_FROM_HH(table, table->tail) : NULL;
}

struct row *rows__before(const struct row *row)
{
	return row->by_space.prev;
}

size_t rows__len(const struct rows *rows)
{
	return HASH_CNT(by_space, rows->all);
}

int64_t rows__error_bound_pages(uint32_t changers, int64_t max_step_pages)
{
	return changers < 2 ? 0 : 2 * (int64_t)(changers - 1) * max_step_pages;
}

int64_t row__error_bound_pages(const struct row *row)
{
	return row->concurrent ? rows__error_bound_pages(row->changers, row->max_step_pages) : 0;
}

/*
 * Begins a row; a serial that is there already makes no sense. Without memory for the second table
 * the row is there, but not found by its pid.
 */
static struct row *add_row(struct rows *rows, uint32_t space, int32_t pid)
{
	struct row *row = rows__find(rows, space) ? NULL : calloc(1, sizeof(*row));
	struct row *before = rows__of_pid(rows, pid);

	if (!row)
		return NULL;
	row->space = space;
	row->pid = pid;
	HASH_ADD(by_space, rows->all, space, sizeof(row->space), row);
	if (!HASH_ADDED(row->by_space)) {
		free(row);
		return NULL;
	}
	if (before)
		HASH_DELETE(by_pid, rows->latest, before);
	HASH_ADD(by_pid, rows->latest, pid, sizeof(row->pid), row);
	return row;
}

static char *look_up_user(uint32_t uid)
{
	const struct passwd *entry = getpwuid(uid);
	char number[16];

	snprintf(number, sizeof(number), "%u", uid);
	return strdup(entry ? entry->pw_name : number);
}

static void forget_users(struct rows *rows)
{
	struct user *user, *next;

	HASH_ITER(hh, rows->users, user, next)
	{
		HASH_DEL(rows->users, user);
		free(user->name);
		free(user);
	}
}

static char *user_name(struct rows *rows, uint32_t uid)
{
	struct user *user;
	char *name;

	HASH_FIND(hh, rows->users, &uid, sizeof(uid), user);
	if (user)
		return strdup(user->name);
	name = look_up_user(uid);
	if (HASH_COUNT(rows->users) >= USERS_MAX)
		forget_users(rows);
	user = name ? calloc(1, sizeof(*user)) : NULL;
	if (!user)
		return name;
	user->uid = uid;
	user->name = strdup(name);
	if (user->name)
		HASH_ADD(hh, rows->users, uid, sizeof(user->uid), user);
	if (!HASH_ADDED(user->hh)) {
		free(user->name);
		free(user);
	}
	return name;
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

/* By id, so that a process may be gone; else from /proc, or as it was before fork or exec. */
static char *cgroup_path(struct rows *rows, const struct mt_space_begin *r,
			 const struct row *previous)
{
	const char *path = NULL;
	char *read;

	if (rows->cgroups)
		path = cgroups__path(rows->cgroups, r->cgroup, r->memory_cgroup);
	if (path)
		return strdup(path);
	read = procfs__cgroup(r->header.pid);
	if (read || !previous || !previous->row.cgroup || previous->cgroup != r->cgroup ||
	    previous->memory_cgroup != r->memory_cgroup)
		return read;
	return strdup(previous->row.cgroup);
}

static int begin_row(struct rows *rows, const struct mt_space_begin *r)
{
	struct row *row = add_row(rows, r->header.space, r->header.pid), *previous;
	struct process_row *p;

	if (!row)
		return -ENOMEM;
	p = &row->row;
	previous = r->previous ? rows__find(rows, r->previous) : NULL;
	p->pid = row->pid;
	p->ppid = r->header.ppid;
	p->begin = (enum row_begin)r->begin;
	row->kept = p->begin == ROW_BEGIN_ATTACH || p->pid == rows->command_pid;
	p->end = ROW_END_DETACH;
	p->begin_ns = (int64_t)(r->header.at_ns - rows->start_ns);
	if (p->begin == ROW_BEGIN_ATTACH || p->begin_ns < 0)
		p->begin_ns = 0;
	p->rss_begin_bytes = (r->by_type[MT_ANON] + r->by_type[MT_FILE] + r->by_type[MT_SHMEM]) *
			     rows->page_bytes;
	p->comm = strndup(r->comm, sizeof(r->comm));
	p->user = user_name(rows, r->uid);
	set_command(p, r, previous);
	row->cgroup = r->cgroup;
	row->memory_cgroup = r->memory_cgroup;
	p->cgroup = cgroup_path(rows, r, previous);
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
	row->changers = r->changers;
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
	if (r->end == MT_END_EXEC)
		p->faults = (struct faults){true, r->minor, r->major};
	rows__settle(rows, row);
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
	rows__settle(rows, row);
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

void row__free(struct row *row)
{
	free(row->row.comm);
	free(row->row.user);
	free(row->row.cgroup);
	procfs__free_args(row->row.command, row->row.command_len);
	free(row);
}

void rows__free(struct rows *rows)
{
	struct row *row, *next;

	HASH_CLEAR(by_pid, rows->latest);
	HASH_ITER(by_space, rows->all, row, next)
	{
		HASH_DELETE(by_space, rows->all, row);
		row__free(row);
	}
	forget_users(rows);
	groups__free(rows->groups);
	cgroups__free(rows->cgroups);
	*rows = (struct rows){0};
}
