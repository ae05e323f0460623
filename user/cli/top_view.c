// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/top_view.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ESCAPE 27

/* No wider than the narrowest screen. */
static const char *const help[] = {
	"Tab        the other pane",
	"Up Down    a row; PgUp PgDn a page",
	"Home End   the first, the last row",
	"< >        sort by another column",
	"i          sort the other way round",
	"/          filter: Enter keeps it,",
	"           Esc takes it away",
	"a          command lines or names",
	"b          plain bytes",
	"Space      stop and go on",
	"h ?        this help",
	"q          leave",
};

#define HELP_LINES (sizeof(help) / sizeof(help[0]))

const char *top_view__help(const struct top_view *v, size_t number, char line[TOP_CELL_SIZE])
{
	const struct top_column *column;

	if (number < HELP_LINES)
		return help[number];
	number -= HELP_LINES;
	if (number >= TOP_COLUMNS)
		return NULL;
	column = &top_columns[v->active][number];
	snprintf(line, TOP_CELL_SIZE, "%c          sort by %s", column->key, column->header);
	return line;
}

/* The filter, one character longer, as UTF-8. */
static void type(char filter[TOP_FILTER_SIZE], unsigned int key)
{
	static const unsigned char first[] = {0, 0xc0, 0xe0, 0xf0};
	size_t len = strlen(filter);
	int more = key < 0x80 ? 0 : key < 0x800 ? 1 : key < 0x10000 ? 2 : 3;

	if (key < ' ' || key >= TOP_KEY_NONE || len + (size_t)more + 2 > TOP_FILTER_SIZE)
		return;
	filter[len++] = (char)(first[more] | key >> (6 * more));
	while (more-- > 0)
		filter[len++] = (char)(0x80 | (key >> (6 * more) & 0x3f));
	filter[len] = '\0';
}

static void erase_one(char *filter)
{
	size_t len = strlen(filter);

	while (len && (filter[len - 1] & 0xc0) == 0x80)
		len--;
	filter[len ? len - 1 : 0] = '\0';
}

static void press_typing(struct top_view *v, unsigned int key)
{
	char filter[TOP_FILTER_SIZE];

	snprintf(filter, sizeof(filter), "%s", v->model.lists[v->active].filter);
	switch (key) {
	case '\r':
	case '\n': v->typing = false; return;
	case ESCAPE:
		filter[0] = '\0';
		v->typing = false;
		break;
	case '\b':
	case 0x7f:
	case TOP_KEY_BACKSPACE: erase_one(filter); break;
	default: type(filter, key);
	}
	top_model__filter(&v->model, v->active, filter);
}

static void press_help(struct top_view *v, unsigned int key)
{
	size_t last = HELP_LINES + TOP_COLUMNS - 1;

	switch (key) {
	case TOP_KEY_DOWN: v->help_first += v->help_first < last; break;
	case TOP_KEY_UP: v->help_first -= v->help_first > 0; break;
	case TOP_KEY_NONE: break;
	default: v->help = false;
	}
}

static void sort_beside(struct top_view *v, int step)
{
	unsigned int column = v->model.lists[v->active].sort;

	top_model__sort(&v->model, v->active,
			(column + TOP_COLUMNS + (unsigned int)step) % TOP_COLUMNS);
}

static void press_column(struct top_view *v, unsigned int key)
{
	for (unsigned int c = 0; c < TOP_COLUMNS; c++)
		if ((unsigned int)top_columns[v->active][c].key == key)
			top_model__sort(&v->model, v->active, c);
}

static void press_move(struct top_view *v, unsigned int key)
{
	const struct top_list *list = &v->model.lists[v->active];
	int64_t page = list->page > 1 ? (int64_t)list->page - 1 : 1, all = (int64_t)list->len,
		rows = 0;

	switch (key) {
	case TOP_KEY_UP: rows = -1; break;
	case TOP_KEY_DOWN: rows = 1; break;
	case TOP_KEY_PAGE_UP: rows = -page; break;
	case TOP_KEY_PAGE_DOWN: rows = page; break;
	case TOP_KEY_HOME: rows = -all; break;
	case TOP_KEY_END: rows = all; break;
	default: press_column(v, key); return;
	}
	top_model__scroll(&v->model, v->active, rows);
}

bool top_view__press(struct top_view *v, unsigned int key)
{
	struct top_list *list = &v->model.lists[v->active];

	if (v->typing || v->help) {
		v->typing ? press_typing(v, key) : press_help(v, key);
		return true;
	}
	switch (key) {
	case 'q': return false;
	case 'h':
	case '?':
		v->help = true;
		v->help_first = 0;
		break;
	case '\t': v->active = (v->active + 1) % TOP_PANES; break;
	case ' ': v->paused = !v->paused; break;
	case '/': v->typing = true; break;
	case ESCAPE: top_model__filter(&v->model, v->active, ""); break;
	case 'a': top_model__show_comm(&v->model, !v->model.comm); break;
	case 'b': v->bytes = !v->bytes; break;
	case 'i': top_model__sort(&v->model, v->active, list->sort); break;
	case '<':
	case TOP_KEY_LEFT: sort_beside(v, -1); break;
	case '>':
	case TOP_KEY_RIGHT: sort_beside(v, 1); break;
	default: press_move(v, key);
	}
	return true;
}
