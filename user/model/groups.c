// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "model/cgroup_name.h"

struct entry {
	struct process_group group;
	char *key; /* "": not known */
	UT_hash_handle hh;
};

struct groups {
	enum report_by by;
	struct entry *entries;
};

static const char *const names[] = {
	[BY_PROCESS] = "process", [BY_COMM] = "comm",	  [BY_CGROUP] = "cgroup",
	[BY_USER] = "user",	  [BY_THREAD] = "thread",
};

const char *report_by__name(enum report_by by)
{
	return (size_t)by < sizeof(names) / sizeof(names[0]) ? names[by] : NULL;
}

bool report_by__groups(enum report_by by)
{
	return by == BY_COMM || by == BY_CGROUP || by == BY_USER;
}

int groups__new(struct groups **out, enum report_by by)
{
	struct groups *g = calloc(1, sizeof(*g));

	if (!g)
		return -ENOMEM;
	g->by = by;
	*out = g;
	return 0;
}

static const char *key_of(enum report_by by, const struct process_row *p)
{
	const char *key = by == BY_COMM ? p->comm : by == BY_CGROUP ? p->cgroup : p->user;

	return key ? key : "";
}

static struct entry *find(struct groups *g, const char *key)
{
	struct entry *entry;

	HASH_FIND_STR(g->entries, key, entry);
	return entry;
}

static struct entry *get(struct groups *g, const char *key)
{
	struct entry *entry = find(g, key);

	if (entry)
		return entry;
	if (HASH_COUNT(g->entries) >= GROUPS_MAX) {
		key = GROUPS_OTHER;
		entry = find(g, key);
		if (entry)
			return entry;
	}
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->group.faults.known = true;
	entry->key = strdup(key);
	if (entry->key)
		HASH_ADD_KEYPTR(hh, g->entries, entry->key, strlen(entry->key), entry);
	if (HASH_ADDED(entry->hh))
		return entry;
	free(entry->key);
	free(entry);
	return NULL;
}

int groups__add(struct groups *g, const struct process_row *p)
{
	struct process_group *group;
	struct entry *entry;

	if (p->hidden)
		return 0;
	entry = get(g, key_of(g->by, p));
	if (!entry)
		return -ENOMEM;
	group = &entry->group;
	if (!group->processes || p->peak_rss_bytes > group->peak_rss_bytes) {
		group->peak_rss_bytes = p->peak_rss_bytes;
		group->peak_pid = p->pid;
	}
	group->processes++;
	if (p->end == ROW_END_DETACH) {
		group->alive++;
		group->rss_end_bytes += p->rss_end_bytes;
	}
	group->growth_bytes += p->rss_end_bytes - p->rss_begin_bytes;
	group->gained_bytes += p->gained_bytes;
	group->returned_bytes += p->returned_bytes;
	group->faults.known = group->faults.known && p->faults.known;
	group->faults.minor += p->faults.minor;
	group->faults.major += p->faults.major;
	return 0;
}

static int by_peak(const void *a, const void *b)
{
	const struct process_group *x = a, *y = b;

	if (x->peak_rss_bytes != y->peak_rss_bytes)
		return x->peak_rss_bytes > y->peak_rss_bytes ? -1 : 1;
	return strcmp(x->key ? x->key : "", y->key ? y->key : "");
}

int groups__take(struct groups *g, struct report *report)
{
	size_t len = HASH_COUNT(g->entries);
	struct process_group *list = calloc(len ? len : 1, sizeof(*list));
	struct entry *entry, *next;

	if (!list)
		return -ENOMEM;
	report->groups = list;
	report->groups_len = len;
	HASH_ITER(hh, g->entries, entry, next)
	{
		HASH_DEL(g->entries, entry);
		*list = entry->group;
		if (*entry->key)
			list->key = entry->key;
		else
			free(entry->key);
		free(entry);
		list++;
	}
	if (len)
		qsort(report->groups, len, sizeof(*report->groups), by_peak);
	return 0;
}

void groups__free(struct groups *g)
{
	struct entry *entry, *next;

	if (!g)
		return;
	HASH_ITER(hh, g->entries, entry, next)
	{
		HASH_DEL(g->entries, entry);
		free(entry->key);
		free(entry);
	}
	free(g);
}

char *process_group__name(enum report_by by, const struct process_group *group)
{
	if (!group->key)
		return strdup("(not known)");
	return by == BY_CGROUP ? cgroup_name__of(group->key) : strdup(group->key);
}
