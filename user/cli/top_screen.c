// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/top_screen.h"

#define _XOPEN_SOURCE_EXTENDED 1
#include <curses.h>
#include <term.h>
/* term.h has macros of such names */
#undef lines
#undef columns

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/units.h"
#include "cli/top_layout.h"
#include "cli/top_messages.h"
#include "cli/top_rows.h"
#include "model/losses.h"

#define LINE_SIZE 512
#define ESCAPE_MS 25 /* in which the rest of a key's sequence has to come */

enum style { STYLE_TITLE = 1, STYLE_ACTIVE, STYLE_PASSIVE, STYLE_GREW, STYLE_SHRANK, STYLE_BAD };

static struct {
	SCREEN *terminal; /* NULL: not open */
	bool color;
} screen;

int top_screen__check(void)
{
	const char *name = getenv("TERM");
	int found;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		log__error("top: standard input and output are not a terminal");
		return -ENOTTY;
	}
	if (setupterm(NULL, STDOUT_FILENO, &found) == ERR || !cursor_address) {
		log__error("top: this terminal cannot show it: TERM is `%s`", name ? name : "");
		log__hint("memtrace -p PID prints a report");
		return -ENOTTY;
	}
	return 0;
}

static void open_colors(bool color)
{
	screen.color = color && has_colors() && start_color() == OK;
	if (!screen.color)
		return;
	use_default_colors();
	init_pair(STYLE_TITLE, COLOR_CYAN, -1);
	init_pair(STYLE_ACTIVE, COLOR_BLACK, COLOR_GREEN);
	init_pair(STYLE_PASSIVE, COLOR_BLACK, COLOR_CYAN);
	init_pair(STYLE_GREW, COLOR_YELLOW, -1);
	init_pair(STYLE_SHRANK, COLOR_GREEN, -1);
	init_pair(STYLE_BAD, COLOR_RED, -1);
}

int top_screen__open(bool color)
{
	top_messages__hold();
	screen.terminal = newterm(NULL, stdout, stdin);
	if (!screen.terminal) {
		top_messages__release();
		log__error("top: the terminal cannot be opened");
		return -EIO;
	}
	open_colors(color);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	return 0;
}

void top_screen__close(void)
{
	if (screen.terminal) {
		endwin();
		delscreen(screen.terminal);
		screen.terminal = NULL;
	}
	top_messages__release();
}

void top_screen__resize(void)
{
	struct winsize size;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col)
		resizeterm(size.ws_row, size.ws_col);
	clearok(stdscr, TRUE);
}

unsigned int top_screen__key(void)
{
	static const struct {
		wint_t code;
		unsigned int key;
	} keys[] = {
		{KEY_UP, TOP_KEY_UP},
		{KEY_DOWN, TOP_KEY_DOWN},
		{KEY_LEFT, TOP_KEY_LEFT},
		{KEY_RIGHT, TOP_KEY_RIGHT},
		{KEY_PPAGE, TOP_KEY_PAGE_UP},
		{KEY_NPAGE, TOP_KEY_PAGE_DOWN},
		{KEY_HOME, TOP_KEY_HOME},
		{KEY_END, TOP_KEY_END},
		{KEY_ENTER, '\n'},
		{KEY_BACKSPACE, TOP_KEY_BACKSPACE},
	};
	wint_t code;
	int r;

	while ((r = get_wch(&code)) != ERR) {
		if (r == OK && code == ('L' & 0x1f))
			clearok(stdscr, TRUE);
		if (r == OK)
			return code;
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			if (keys[i].code == code)
				return keys[i].key;
	}
	return TOP_KEY_NONE;
}

static attr_t attribute_of(enum style style)
{
	static const attr_t plain[] = {
		[STYLE_TITLE] = A_BOLD,	     [STYLE_ACTIVE] = A_REVERSE | A_BOLD,
		[STYLE_PASSIVE] = A_REVERSE, [STYLE_GREW] = A_NORMAL,
		[STYLE_SHRANK] = A_NORMAL,   [STYLE_BAD] = A_BOLD,
	};
	attr_t attribute = plain[style];

	if (screen.color)
		attribute = (attr_t)COLOR_PAIR(style) |
			    (style == STYLE_TITLE || style == STYLE_BAD ? A_BOLD : A_NORMAL);
	return attribute;
}

/* Text of at most `width` columns, filled up to it. */
static void put(int y, int x, int width, bool right, const char *text)
{
	wchar_t wide[LINE_SIZE];
	int used;

	if (width <= 0)
		return;
	used = top_layout__text(wide, LINE_SIZE, text, width);
	if (move(y, x) == OK && !right)
		addwstr(wide);
	if (!right)
		mvhline(y, x + used, ' ', width - used);
	else
		mvaddwstr(y, x + width - used, wide);
}

/* "2 lost (events 2)", and "0 lost"; whether it is more than that. */
static bool print_losses(char *text, size_t size, const struct losses *losses)
{
	char names[LINE_SIZE] = "";
	size_t table_len, len = 0;
	const struct loss *table = losses__table(&table_len);
	uint64_t sum = 0;

	for (size_t i = 0; i < table_len; i++) {
		uint64_t value = losses__value(losses, &table[i]);

		sum += value;
		if (value && len < sizeof(names))
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s %" PRIu64,
						len ? ", " : "", table[i].name, value);
	}
	snprintf(text, size, *names ? "%" PRIu64 " lost (%s)" : "%" PRIu64 " lost", sum, names);
	return sum;
}

static void draw_counts(const struct top_view *v, int width)
{
	const struct top_model *m = &v->model;
	char bound[UNITS_SIZE], rate[UNITS_SIZE] = "-", lost[LINE_SIZE], text[2 * LINE_SIZE];
	bool any = print_losses(lost, sizeof(lost), &m->losses);

	units__bytes(bound, sizeof(bound), m->error_bound_bytes, v->bytes);
	if (m->windows_known)
		snprintf(rate, sizeof(rate), "%.0f", m->windows_per_s);
	snprintf(text, sizeof(text), "%" PRIu64 " %s  %s windows/s  %s%s  %s", m->status.processes,
		 m->status.processes == 1 ? "process" : "processes", rate,
		 m->error_bound_bytes ? "within " : "exact", m->error_bound_bytes ? bound : "",
		 lost);
	if (any)
		attrset(attribute_of(STYLE_BAD));
	put(1, 0, width, false, text);
	attrset(A_NORMAL);
}

static void draw_head(const struct top_view *v, int width)
{
	const struct top_model *m = &v->model;
	char rss[UNITS_SIZE], peak[UNITS_SIZE], text[LINE_SIZE];

	units__bytes(rss, sizeof(rss), m->status.rss_bytes, v->bytes);
	units__bytes(peak, sizeof(peak), m->status.peak_bytes, v->bytes);
	snprintf(text, sizeof(text), "memtrace top  %s%s%.0f s  RSS %s  peak %s",
		 m->over ? "ended  " : "", v->paused ? "paused  " : "",
		 (double)m->status.elapsed_ns / 1e9, rss, peak);
	attrset(attribute_of(STYLE_TITLE));
	put(0, 0, width, false, text);
	attrset(A_NORMAL);
}

static const char *sort_mark(bool upwards)
{
	if (wcwidth(L'▼') != 1)
		return upwards ? "^" : "v";
	return upwards ? "▲" : "▼";
}

static void draw_headers(const struct top_view *v, enum top_pane pane, int y, const int *widths)
{
	const struct top_list *list = &v->model.lists[pane];
	attr_t attribute = attribute_of(pane == v->active ? STYLE_ACTIVE : STYLE_PASSIVE);
	int x = 0;

	attrset(attribute);
	mvhline(y, 0, ' ', COLS);
	for (unsigned int c = 0; c < TOP_COLUMNS; c++) {
		const struct top_column *column = &top_columns[pane][c];
		bool right = column->kind > TOP_USER;
		char text[TOP_CELL_SIZE];

		if (!widths[c])
			continue;
		snprintf(text, sizeof(text), right ? "%2$s%1$s" : "%1$s%2$s", column->header,
			 c == list->sort ? sort_mark(list->upwards) : "");
		attrset(attribute | (c == list->sort ? A_UNDERLINE : A_NORMAL));
		put(y, x, widths[c], right, text);
		attrset(attribute);
		x += widths[c] + 1;
	}
	attrset(A_NORMAL);
}

static attr_t cell_attribute(const struct top_row *row, enum top_pane pane, unsigned int column)
{
	bool rate = column == (pane == TOP_PROCESSES ? TOP_RATE : TOP_OP_RATE);

	if (row->ended)
		return A_DIM;
	if (!rate || !row->known[column] || !row->value[column])
		return A_NORMAL;
	return attribute_of(row->value[column] > 0 ? STYLE_GREW : STYLE_SHRANK);
}

static void draw_row(const struct top_view *v, enum top_pane pane, int y, const int *widths,
		     const struct top_row *row)
{
	char cell[TOP_CELL_SIZE];
	int x = 0;

	for (unsigned int c = 0; c < TOP_COLUMNS; c++) {
		if (!widths[c])
			continue;
		attrset(cell_attribute(row, pane, c));
		put(y, x, widths[c], top_columns[pane][c].kind > TOP_USER,
		    top_model__cell(cell, &v->model, row, pane, c, v->bytes));
		attrset(A_NORMAL);
		x += widths[c] + 1;
	}
}

static void draw_pane(const struct top_view *v, const struct top_layout *layout, enum top_pane pane)
{
	const struct top_list *list = &v->model.lists[pane];
	int widths[TOP_COLUMNS];

	top_layout__columns(widths, pane, layout->width, v->bytes);
	draw_headers(v, pane, layout->at[pane], widths);
	for (size_t i = 0; i < list->page && list->first + i < list->shown_len; i++)
		draw_row(v, pane, layout->at[pane] + 1 + (int)i, widths,
			 list->shown[list->first + i]);
	if (!list->shown_len)
		put(layout->at[pane] + 1, 0, layout->width, false,
		    *list->filter	    ? "(nothing matches)"
		    : pane == TOP_PROCESSES ? "(none)"
					    : "(no window yet)");
}

static void draw_foot(const struct top_view *v, const struct top_layout *layout)
{
	const struct top_list *list = &v->model.lists[v->active];
	char text[LINE_SIZE];

	if (v->typing)
		snprintf(text, sizeof(text), "/%s_", list->filter);
	else if (*list->filter)
		snprintf(text, sizeof(text), "/%s  (%zu of %zu; Esc: all)", list->filter,
			 list->shown_len, list->len);
	else
		snprintf(text, sizeof(text),
			 "q leave  h help  Tab pane  / filter  < > sort  Space stop");
	put(layout->height - 1, 0, layout->width, false, text);
}

static void draw_help(const struct top_view *v, int width, int height)
{
	char line[TOP_CELL_SIZE];

	for (int y = 0; y < height - 1; y++) {
		const char *text = top_view__help(v, v->help_first + (size_t)y, line);

		if (!text)
			break;
		put(y, 0, width, false, text);
	}
	attrset(attribute_of(STYLE_ACTIVE));
	put(height - 1, 0, width, false, "Up Down: more; any other key: back");
	attrset(A_NORMAL);
}

void top_screen__draw(struct top_view *v)
{
	struct top_layout layout;
	char text[TOP_CELL_SIZE];

	erase();
	if (COLS < TOP_LEAST_WIDTH || LINES < TOP_LEAST_HEIGHT) {
		snprintf(text, sizeof(text), "too small: %dx%d", TOP_LEAST_WIDTH, TOP_LEAST_HEIGHT);
		put(0, 0, COLS, false, text);
	} else if (v->help) {
		draw_help(v, COLS, LINES);
	} else {
		top_layout__share(&layout, &v->model, COLS, LINES);
		draw_head(v, COLS);
		draw_counts(v, COLS);
		for (int pane = 0; pane < TOP_PANES; pane++)
			draw_pane(v, &layout, pane);
		draw_foot(v, &layout);
	}
	refresh();
}
