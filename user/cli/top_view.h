/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the user of `memtrace top` looks at, and what each key does to it; no terminal needed. */
#pragma once

#include "cli/top_model.h"

/* Keys that are no characters: beyond those of Unicode. */
enum top_key {
	TOP_KEY_NONE = 0x110000,
	TOP_KEY_UP,
	TOP_KEY_DOWN,
	TOP_KEY_LEFT,
	TOP_KEY_RIGHT,
	TOP_KEY_PAGE_UP,
	TOP_KEY_PAGE_DOWN,
	TOP_KEY_HOME,
	TOP_KEY_END,
	TOP_KEY_BACKSPACE,
};

struct top_view {
	struct top_model model;
	enum top_pane active;
	bool bytes;  /* plain ones */
	bool paused; /* the rows stay as they are */
	bool help;
	size_t help_first; /* line at the top */
	bool typing;	   /* a filter */
};

/* A character or enum top_key. False: the user wants to leave. */
bool top_view__press(struct top_view *view, unsigned int key);

/* Line `number` of the help; NULL beyond the last. */
const char *top_view__help(const struct top_view *view, size_t number, char line[TOP_CELL_SIZE]);
