// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/table_grid.h"

#include <errno.h>
#include <langinfo.h>
#include <libsmartcols.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define GRID_COLUMNS_MAX 24
#define INDENT		 "  "
#define INDENT_WIDTH	 2
#define INDENT_MAX	 (16 * INDENT_WIDTH)
/* What a flexible column keeps at least: as long as the separators are wide, and at the worst. */
#define FLEX_COMFORT 16
#define FLEX_LEAST   8

struct grid {
	struct libscols_table *table;
	struct {
		unsigned int flags;
		size_t width; /* of the widest cell, indentation included */
	} columns[GRID_COLUMNS_MAX];
	size_t columns_len;
	struct libscols_line *row; /* being filled */
	size_t filled;
	bool failed;
};

/* Plain indentation: lines between the names would only be noise to cut, awk and the eye. */
static bool set_symbols(struct libscols_table *table)
{
	struct libscols_symbols *symbols = scols_new_symbols();
	bool ok = symbols && !scols_symbols_set_branch(symbols, INDENT) &&
		  !scols_symbols_set_vertical(symbols, INDENT) &&
		  !scols_symbols_set_right(symbols, INDENT) &&
		  !scols_table_set_symbols(table, symbols);

	scols_unref_symbols(symbols);
	return ok;
}

struct grid *grid__new(void)
{
	struct grid *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->table = scols_new_table();
	if (!g->table || !set_symbols(g->table)) {
		grid__free(g);
		return NULL;
	}
	/* The width is dealt with here. */
	scols_table_set_termforce(g->table, SCOLS_TERMFORCE_NEVER);
	/*
	 * What the target wrote has been escaped already. In another locale libsmartcols must do it
	 * over: unescaped, what is not ASCII sends it into an endless loop (seen with 2.38.1).
	 */
	if (!strcmp(nl_langinfo(CODESET), "UTF-8"))
		scols_table_enable_noencoding(g->table, 1);
	return g;
}

void grid__free(struct grid *g)
{
	if (!g)
		return;
	scols_unref_table(g->table);
	free(g);
}

/* The character at text: its bytes, and in *width the columns it takes. */
static size_t next_character(const char *text, size_t *width)
{
	mbstate_t state = {0};
	wchar_t wide;
	size_t len = mbrtowc(&wide, text, strlen(text), &state);
	int columns;

	*width = 1;
	if (len == 0 || len > strlen(text)) /* (size_t)-1, -2: not of this locale */
		return 1;
	columns = wcwidth(wide);
	if (columns >= 0)
		*width = (size_t)columns;
	return len;
}

size_t grid__text_width(const char *text)
{
	size_t total = 0, width;

	while (*text) {
		text += next_character(text, &width);
		total += width;
	}
	return total;
}

static size_t indentation(const struct libscols_line *row)
{
	size_t depth = 0;

	while ((row = scols_line_get_parent(row)))
		depth++;
	return depth * INDENT_WIDTH;
}

void grid__add_column(struct grid *g, const char *header, unsigned int flags)
{
	struct libscols_column *column;
	int scols_flags = 0;

	if (!g || g->failed || g->columns_len == GRID_COLUMNS_MAX)
		return;
	if (flags & GRID_RIGHT)
		scols_flags |= SCOLS_FL_RIGHT;
	if (flags & GRID_TREE)
		scols_flags |= SCOLS_FL_TREE;
	column = scols_table_new_column(g->table, header, 0, scols_flags);
	if (!column) {
		g->failed = true;
		return;
	}
	g->columns[g->columns_len].flags = flags;
	g->columns[g->columns_len++].width = grid__text_width(header);
}

struct libscols_line *grid__add_row(struct grid *g, struct libscols_line *parent)
{
	if (!g || g->failed)
		return NULL;
	/* What is nested deeper stands beside what it is in. */
	while (parent && indentation(parent) >= INDENT_MAX)
		parent = scols_line_get_parent(parent);
	g->row = scols_table_new_line(g->table, parent);
	g->filled = 0;
	if (!g->row)
		g->failed = true;
	return g->row;
}

void grid__add_cell(struct grid *g, struct libscols_line *row, const char *text)
{
	size_t width, column;

	if (!g || g->failed || row != g->row || g->filled == g->columns_len)
		return;
	column = g->filled++;
	if (scols_line_set_data(row, column, text)) {
		g->failed = true;
		return;
	}
	width = grid__text_width(text);
	if (g->columns[column].flags & GRID_TREE)
		width += indentation(row);
	if (width > g->columns[column].width)
		g->columns[column].width = width;
}

/*
 * Widths of the columns so that the row fits: the widest flexible one gives way until it has only
 * `least`. Returns the width of a row.
 */
static size_t fit(const struct grid *g, size_t separator, size_t least, size_t limit,
		  size_t widths[GRID_COLUMNS_MAX])
{
	size_t total = separator * (g->columns_len - 1);

	for (size_t i = 0; i < g->columns_len; i++) {
		widths[i] = g->columns[i].width;
		total += widths[i];
	}
	while (total > limit) {
		size_t widest = g->columns_len;

		for (size_t i = 0; i < g->columns_len; i++)
			if (g->columns[i].flags & GRID_FLEX && widths[i] > least &&
			    (widest == g->columns_len || widths[i] >= widths[widest]))
				widest = i;
		if (widest == g->columns_len)
			break;
		widths[widest]--;
		total--;
	}
	return total;
}

bool grid__fits(const struct grid *g, const struct canvas *canvas)
{
	size_t widths[GRID_COLUMNS_MAX];

	return !g || !canvas->width ||
	       fit(g, 2, FLEX_COMFORT, canvas->width, widths) <= canvas->width;
}

/* Cuts a cell to width columns, the last of them an ellipsis. */
static int cut(struct libscols_line *row, size_t column, size_t width)
{
	const char *text = scols_cell_get_data(scols_line_get_cell(row, column));
	size_t used = 0, kept = 0, step, character;
	char *copy;
	int r;

	if (!text || grid__text_width(text) <= width)
		return 0;
	for (;;) {
		step = next_character(text + kept, &character);
		if (used + character + 1 > width)
			break;
		used += character;
		kept += step;
	}
	if (asprintf(&copy, "%.*s…", (int)kept, text) < 0)
		return -ENOMEM;
	r = scols_line_set_data(row, column, copy);
	free(copy);
	return r;
}

static int cut_rows(struct grid *g, const size_t widths[GRID_COLUMNS_MAX])
{
	struct libscols_iter *rows = scols_new_iter(SCOLS_ITER_FORWARD);
	struct libscols_line *row;
	int r = rows ? 0 : -ENOMEM;

	while (!r && !scols_table_next_line(g->table, rows, &row)) {
		for (size_t i = 0; !r && i < g->columns_len; i++) {
			size_t indent = g->columns[i].flags & GRID_TREE ? indentation(row) : 0;

			if (widths[i] < g->columns[i].width)
				r = cut(row, i, widths[i] > indent ? widths[i] - indent : 1);
		}
	}
	scols_free_iter(rows);
	return r;
}

static int set_header_bold(struct grid *g)
{
	int r = scols_table_enable_colors(g->table, 1);

	for (size_t i = 0; !r && i < g->columns_len; i++) {
		struct libscols_column *column = scols_table_get_column(g->table, i);

		r = scols_cell_set_color(scols_column_get_header(column), "\033[1m");
	}
	return r;
}

int grid__print(struct grid *g, const struct canvas *canvas)
{
	size_t limit = canvas->width ? canvas->width : SIZE_MAX;
	size_t widths[GRID_COLUMNS_MAX], separator = 2;
	int r;

	if (!g || g->failed)
		return -ENOMEM;
	if (fit(g, separator, FLEX_COMFORT, limit, widths) > limit) {
		separator = 1;
		fit(g, separator, FLEX_LEAST, limit, widths);
	}
	r = cut_rows(g, widths);
	if (!r)
		r = scols_table_set_column_separator(g->table, separator == 2 ? "  " : " ");
	if (!r && canvas->color)
		r = set_header_bold(g);
	if (!r)
		r = scols_table_set_stream(g->table, canvas->stream);
	return r ? r : scols_print_table(g->table);
}
