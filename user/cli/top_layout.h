/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of `memtrace top` goes where on a screen of a given size; no terminal needed. */
#pragma once

#include <stddef.h>
#include <wchar.h>

#include "cli/top_model.h"

#define TOP_LEAST_WIDTH	 40
#define TOP_LEAST_HEIGHT 10
#define TOP_HEAD_LINES	 2

struct top_layout {
	int width, height;
	int at[TOP_PANES];   /* line of the pane's headers */
	int rows[TOP_PANES]; /* lines below */
};

/* Shares the lines between the panes and tells the model how many rows each has. */
void top_layout__share(struct top_layout *layout, struct top_model *model, int width, int height);

/* Width of each column, 0: not shown. */
void top_layout__columns(int widths[TOP_COLUMNS], enum top_pane pane, int width, bool bytes);

/*
 * UTF-8 as wide characters that take at most `columns` on the screen, `size` of them with the final
 * NUL; what is cut off is marked. What the locale cannot show becomes a question mark. Returns the
 * columns used.
 */
int top_layout__text(wchar_t *out, size_t size, const char *text, int columns);
