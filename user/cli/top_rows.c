// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/top_rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strings.h"
#include "contract.h"

#define COMMAND_MAX                                                                                \
	1024 /* bytes of a command line that are looked at: nobody's screen is wider               \
	      */

static int allocate(struct top_list *out, size_t len)
{
	out->rows = calloc(len ? len : 1, sizeof(*out->rows));
	out->shown = calloc(len ? len : 1, sizeof(*out->shown));
	return out->rows && out->shown ? 0 : -ENOMEM;
}

void top_rows__free(struct top_list *list)
{
	for (size_t i = 0; list->rows && i < list->len; i++) {
		free(list->rows[i].text);
		free(list->rows[i].user);
		free(list->rows[i].comm);
	}
	free(list->rows);
	free(list->shown);
	list->rows = NULL;
	list->shown = NULL;
	list->len = list->shown_len = 0;
}

static int by_key(const void *a, const void *b)
{
	const struct top_row *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

static const struct top_row *find(const struct top_list *list, uint64_t key)
{
	const struct top_row wanted = {.key = key};

	return list->len ? bsearch(&wanted, list->rows, list->len, sizeof(wanted), by_key) : NULL;
}

static void set(struct top_row *row, unsigned int column, int64_t value)
{
	row->known[column] = true;
	row->value[column] = value;
}

/* Change of the column `of` in a second. */
static void set_rate(struct top_row *row, const struct top_row *old, unsigned int rate,
		     unsigned int of, double seconds)
{
	int64_t before = old ? old->value[of] : 0;

	if (row->known[of] && seconds > 0)
		set(row, rate, (int64_t)((double)(row->value[of] - before) / seconds));
}

/* Without the program's directory. Where there is none at all: comm in brackets, like ps(1). */
static char *command_of(const struct live_process *p)
{
	char line[COMMAND_MAX] = "";
	size_t len = 0;

	for (size_t i = 0; i < p->command_len && len < sizeof(line); i++) {
		const char *word = p->command[i], *slash = strrchr(word, '/');

		if (!i && *word == '/' && slash[1])
			word = slash + 1;
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%s", i ? " " : "", word);
	}
	if (!p->command_len)
		snprintf(line, sizeof(line), "[%s]", p->comm);
	return strings__escape(line);
}

static int fill_process(struct top_row *row, const struct live_process *p)
{
	row->key = p->serial;
	row->ended = p->ended;
	set(row, TOP_PID, p->pid);
	set(row, TOP_PEAK, p->peak_bytes);
	if (!p->ended) {
		set(row, TOP_RSS, p->rss_bytes);
		set(row, TOP_SWAP, p->swap_bytes);
	}
	row->text = command_of(p);
	row->comm = strings__escape(p->comm);
	row->user = p->user ? strings__escape(p->user) : NULL;
	return row->text && row->comm && (row->user || !p->user) ? 0 : -ENOMEM;
}

int top_rows__of_processes(struct top_list *out, const struct top_list *before,
			   const struct live_snapshot *snapshot, double seconds)
{
	int r = allocate(out, snapshot->processes_len);

	for (size_t i = 0; !r && i < snapshot->processes_len; i++) {
		struct top_row *row = &out->rows[out->len++];
		const struct top_row *old;

		r = fill_process(row, &snapshot->processes[i]);
		old = find(before, row->key);
		if (!r && old) /* a new one has not grown from nothing: it may be a fork */
			set_rate(row, old, TOP_RATE, TOP_RSS, seconds);
	}
	if (!r && out->len)
		qsort(out->rows, out->len, sizeof(*out->rows), by_key);
	return r;
}

/* Its thread, where one has a row of its own, goes first: a narrow column keeps it. */
static char *operation_of(const struct live_operation *o)
{
	char text[MT_NAME_SIZE + 16];

	if (!o->tid)
		return strings__escape(o->name);
	snprintf(text, sizeof(text), "%d %s", o->tid, o->name);
	return strings__escape(text);
}

static int fill_operation(struct top_row *row, const struct live_operation *o)
{
	row->key = o->number;
	set(row, TOP_COUNT, (int64_t)o->count);
	set(row, TOP_OPEN, (int64_t)o->open);
	set(row, TOP_GROWTH, o->growth_bytes);
	if (o->complete) {
		set(row, TOP_OP_PEAK, o->peak_growth_bytes);
		set(row, TOP_TIME_MEAN, o->duration_ns / (int64_t)o->complete);
	}
	row->text = operation_of(o);
	return row->text ? 0 : -ENOMEM;
}

int top_rows__of_operations(struct top_list *out, const struct top_list *before,
			    const struct live_snapshot *snapshot, double seconds)
{
	int r = allocate(out, snapshot->operations_len);

	for (size_t i = 0; !r && i < snapshot->operations_len; i++) {
		struct top_row *row = &out->rows[out->len++];

		r = fill_operation(row, &snapshot->operations[i]);
		if (!r)
			set_rate(row, find(before, row->key), TOP_OP_RATE, TOP_GROWTH, seconds);
	}
	if (!r && out->len)
		qsort(out->rows, out->len, sizeof(*out->rows), by_key);
	return r;
}
