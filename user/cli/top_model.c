// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/top_model.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "cli/top_rows.h"

const struct top_column top_columns[TOP_PANES][TOP_COLUMNS] = {
	[TOP_PROCESSES] = {[TOP_PID] = {"pid", "PID", 'p', TOP_NUMBER, 7, 7, 0},
			   [TOP_OWNER] = {"user", "USER", 'u', TOP_USER, 8, 8, 4},
			   [TOP_RSS] = {"rss", "RSS", 'r', TOP_BYTES, 10, 14, 0},
			   [TOP_PEAK] = {"peak", "PEAK", 'k', TOP_BYTES, 10, 14, 1},
			   [TOP_RATE] = {"rate", "GROWTH/S", 'g', TOP_BYTES, 11, 14, 2},
			   [TOP_SWAP] = {"swap", "SWAP", 's', TOP_BYTES, 10, 14, 3},
			   [TOP_COMMAND] = {"command", "COMMAND", 'n', TOP_TEXT, 8, 8, 0}},
	[TOP_OPERATIONS] = {[TOP_NAME] = {"name", "OPERATION", 'n', TOP_TEXT, 10, 10, 0},
			    [TOP_COUNT] = {"count", "COUNT", 'c', TOP_NUMBER, 9, 9, 2},
			    [TOP_OPEN] = {"open", "OPEN", 'o', TOP_NUMBER, 5, 5, 5},
			    [TOP_GROWTH] = {"growth", "GROWTH", 'g', TOP_BYTES, 11, 15, 0},
			    [TOP_OP_PEAK] = {"peak", "PEAK", 'k', TOP_BYTES, 10, 14, 0},
			    [TOP_OP_RATE] = {"rate", "GROWTH/S", 's', TOP_BYTES, 11, 14, 3},
			    [TOP_TIME_MEAN] = {"time", "TIME", 't', TOP_TIME, 8, 8, 4}},
};

static const unsigned int default_sort[TOP_PANES] = {TOP_RSS, TOP_GROWTH};

static bool is_text(enum top_pane pane, unsigned int column)
{
	return top_columns[pane][column].kind <= TOP_USER;
}

void top_model__init(struct top_model *m)
{
	*m = (struct top_model){0};
	for (int pane = 0; pane < TOP_PANES; pane++)
		m->lists[pane].sort = default_sort[pane];
}

static const char *text_of(const struct top_model *m, const struct top_row *row, enum top_pane pane,
			   unsigned int column)
{
	const char *text = row->text;

	if (top_columns[pane][column].kind == TOP_USER)
		text = row->user;
	else if (m->comm && row->comm)
		text = row->comm;
	return text ? text : "";
}

/* What qsort_r() hands on. */
struct order {
	const struct top_model *model;
	enum top_pane pane;
};

static int compare(const void *a, const void *b, void *context)
{
	const struct top_row *x = *(struct top_row *const *)a, *y = *(struct top_row *const *)b;
	const struct order *order = context;
	const struct top_list *list = &order->model->lists[order->pane];
	unsigned int c = list->sort;
	int r;

	if (is_text(order->pane, c)) {
		r = strcmp(text_of(order->model, x, order->pane, c),
			   text_of(order->model, y, order->pane, c));
	} else if (x->known[c] != y->known[c]) {
		return x->known[c] ? -1 : 1; /* not known is last either way */
	} else {
		r = !x->known[c] ? 0 : (x->value[c] > y->value[c]) - (x->value[c] < y->value[c]);
	}
	if (r)
		return list->upwards ? r : -r;
	return x->key < y->key ? -1 : x->key > y->key;
}

static bool is_wanted(const struct top_model *m, const struct top_row *row, enum top_pane pane)
{
	const char *filter = m->lists[pane].filter;
	char pid[TOP_CELL_SIZE];

	if (!*filter ||
	    strcasestr(text_of(m, row, pane, pane == TOP_PROCESSES ? TOP_COMMAND : TOP_NAME),
		       filter))
		return true;
	if (pane != TOP_PROCESSES)
		return false;
	snprintf(pid, sizeof(pid), "%" PRId64, row->value[TOP_PID]);
	return strstr(pid, filter) || (row->user && strcasestr(row->user, filter));
}

static void arrange(struct top_model *m, enum top_pane pane)
{
	struct order order = {m, pane};
	struct top_list *list = &m->lists[pane];

	list->shown_len = 0;
	for (size_t i = 0; i < list->len; i++)
		if (is_wanted(m, &list->rows[i], pane))
			list->shown[list->shown_len++] = &list->rows[i];
	if (list->shown_len)
		qsort_r(list->shown, list->shown_len, sizeof(*list->shown), compare, &order);
	top_model__scroll(m, pane, 0);
}

int top_model__update(struct top_model *m, const struct live_snapshot *snapshot)
{
	double seconds = m->at_ns ? (double)(snapshot->at_ns - m->at_ns) / 1e9 : 0;
	struct top_list fresh[TOP_PANES] = {0};
	int r = top_rows__of_processes(&fresh[TOP_PROCESSES], &m->lists[TOP_PROCESSES], snapshot,
				       seconds);

	if (!r)
		r = top_rows__of_operations(&fresh[TOP_OPERATIONS], &m->lists[TOP_OPERATIONS],
					    snapshot, seconds);
	for (int pane = 0; pane < TOP_PANES; pane++) {
		struct top_list *list = &m->lists[pane];

		if (r) {
			top_rows__free(&fresh[pane]);
			continue;
		}
		top_rows__free(list);
		list->rows = fresh[pane].rows;
		list->len = fresh[pane].len;
		list->shown = fresh[pane].shown;
		arrange(m, pane);
	}
	if (r)
		return r;
	m->windows_known = seconds > 0;
	if (m->windows_known)
		m->windows_per_s = (double)(snapshot->status.windows - m->status.windows) / seconds;
	m->status = snapshot->status;
	m->losses = snapshot->losses;
	m->error_bound_bytes = snapshot->error_bound_bytes;
	m->over = snapshot->over;
	m->at_ns = snapshot->at_ns;
	return 0;
}

void top_model__sort(struct top_model *m, enum top_pane pane, unsigned int column)
{
	struct top_list *list = &m->lists[pane];

	list->upwards = column == list->sort ? !list->upwards : is_text(pane, column);
	list->sort = column;
	list->first = 0;
	arrange(m, pane);
}

bool top_model__sort_by_name(struct top_model *m, const char *name)
{
	bool found = false;

	for (int pane = 0; pane < TOP_PANES; pane++)
		for (unsigned int c = 0; c < TOP_COLUMNS; c++) {
			if (strcmp(top_columns[pane][c].name, name) != 0)
				continue;
			found = true;
			if (c != m->lists[pane].sort)
				top_model__sort(m, pane, c);
		}
	return found;
}

size_t top_model__column_names(const char **names, size_t size)
{
	size_t len = 0;

	for (int pane = 0; pane < TOP_PANES; pane++)
		for (unsigned int c = 0; c < TOP_COLUMNS; c++) {
			size_t i = 0;

			while (i < len && strcmp(names[i], top_columns[pane][c].name) != 0)
				i++;
			if (i == len && len < size)
				names[len++] = top_columns[pane][c].name;
		}
	return len;
}

void top_model__filter(struct top_model *m, enum top_pane pane, const char *text)
{
	struct top_list *list = &m->lists[pane];

	snprintf(list->filter, sizeof(list->filter), "%s", text);
	list->first = 0;
	arrange(m, pane);
}

void top_model__show_comm(struct top_model *m, bool comm)
{
	m->comm = comm;
	arrange(m, TOP_PROCESSES);
}

void top_model__scroll(struct top_model *m, enum top_pane pane, int64_t rows)
{
	struct top_list *list = &m->lists[pane];
	size_t last = list->shown_len > list->page ? list->shown_len - list->page : 0;

	if (rows < 0 && (uint64_t)-rows > list->first)
		list->first = 0;
	else
		list->first += (size_t)rows;
	if (list->first > last)
		list->first = last;
}

const char *top_model__cell(char cell[TOP_CELL_SIZE], const struct top_model *m,
			    const struct top_row *row, enum top_pane pane, unsigned int column,
			    bool bytes)
{
	int64_t value = row->value[column];
	size_t sign = 0;

	if (is_text(pane, column))
		return text_of(m, row, pane, column);
	if (!row->known[column]) {
		bool says = row->ended && column == TOP_RSS;

		return says ? "ended" : "-";
	}
	switch (top_columns[pane][column].kind) {
	case TOP_BYTES:
		if ((pane == TOP_PROCESSES ? column == TOP_RATE : column == TOP_OP_RATE) &&
		    value > 0)
			cell[sign++] = '+';
		units__bytes(cell + sign, TOP_CELL_SIZE - sign, value, bytes);
		break;
	case TOP_TIME: units__duration(cell, TOP_CELL_SIZE, (double)value); break;
	default: snprintf(cell, TOP_CELL_SIZE, "%" PRId64, value);
	}
	return cell;
}

void top_model__free(struct top_model *m)
{
	for (int pane = 0; pane < TOP_PANES; pane++)
		top_rows__free(&m->lists[pane]);
	*m = (struct top_model){0};
}
