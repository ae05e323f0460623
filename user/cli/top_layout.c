// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/top_layout.h"

#include <stdint.h>

#define MICRO		0xb5
#define ELLIPSIS	0x2026
#define VARIATION_FIRST 0xfe00 /* terminals do not agree on what these do to the width */
#define VARIATION_LAST	0xfe0f

void top_layout__share(struct top_layout *l, struct top_model *model, int width, int height)
{
	/* The headers of both panes, and the last line. */
	int body = height - TOP_HEAD_LINES - TOP_PANES - 1, processes = body / 2;
	size_t wanted = model->lists[TOP_PROCESSES].shown_len,
	       others = model->lists[TOP_OPERATIONS].shown_len;

	if (others < (size_t)(body - processes))
		processes = body - (others ? (int)others : 1);
	if (wanted < (size_t)processes)
		processes = wanted ? (int)wanted : 1;
	*l = (struct top_layout){
		.width = width,
		.height = height,
		.at = {TOP_HEAD_LINES, TOP_HEAD_LINES + 1 + processes},
		.rows = {processes, body - processes},
	};
	for (int pane = 0; pane < TOP_PANES; pane++) {
		model->lists[pane].page = (size_t)l->rows[pane];
		top_model__scroll(model, pane, 0);
	}
}

void top_layout__columns(int widths[TOP_COLUMNS], enum top_pane pane, int width, bool bytes)
{
	int left = width + 1, text = 0;

	for (int c = 0; c < TOP_COLUMNS; c++) {
		const struct top_column *column = &top_columns[pane][c];

		widths[c] = bytes ? column->wide : column->width;
		left -= widths[c] + 1;
		if (column->kind == TOP_TEXT)
			text = c;
	}
	while (left < 0) {
		int last = 0;

		for (int c = 0; c < TOP_COLUMNS; c++)
			if (widths[c] && top_columns[pane][c].rank > top_columns[pane][last].rank)
				last = c;
		if (!widths[last] || !top_columns[pane][last].rank)
			break;
		left += widths[last] + 1;
		widths[last] = 0;
	}
	widths[text] += left;
}

/* The next character of valid UTF-8. */
static uint32_t decode(const unsigned char **s)
{
	uint32_t first = *(*s)++, point = first;
	int more = first < 0xc0 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;

	if (more)
		point = first & (0x3fu >> more);
	while (more-- > 0 && (**s & 0xc0) == 0x80)
		point = point << 6 | (*(*s)++ & 0x3f);
	return point;
}

int top_layout__text(wchar_t *out, size_t size, const char *text, int columns)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t len = 0, keep_len = 0; /* keep_len: what leaves room for the mark */
	int used = 0, keep = 0;

	while (*s && len + 2 < size) {
		wchar_t point = (wchar_t)decode(&s);
		int width = wcwidth(point);

		if (point >= VARIATION_FIRST && point <= VARIATION_LAST)
			continue;
		if (width < 0) {
			point = point == MICRO ? L'u' : L'?';
			width = 1;
		}
		if (used + width > columns) {
			out[keep_len] = wcwidth(ELLIPSIS) == 1 ? ELLIPSIS : L'>';
			out[keep_len + 1] = L'\0';
			return keep + 1;
		}
		out[len++] = point;
		used += width;
		if (used < columns) {
			keep = used;
			keep_len = len;
		}
	}
	out[len] = L'\0';
	return used;
}
