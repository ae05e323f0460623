/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of `memtrace top`: made from one snapshot and the one before, sorted and filtered. Plain
 * data, no terminal.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/live.h"

enum top_pane { TOP_PROCESSES, TOP_OPERATIONS, TOP_PANES };

#define TOP_COLUMNS	7 /* of each pane */
#define TOP_CELL_SIZE	48
#define TOP_FILTER_SIZE 128

enum top_kind {
	TOP_TEXT,   /* the row's text, which takes the width that is left */
	TOP_USER,   /* another text */
	TOP_NUMBER, /* and the others: numbers */
	TOP_BYTES,
	TOP_TIME,
};

struct top_column {
	const char *name; /* for --sort */
	const char *header;
	char key; /* sorts by it */
	enum top_kind kind;
	int width; /* least one of TOP_TEXT */
	int wide;  /* with plain bytes */
	int rank;  /* those with the highest go first when the terminal is narrow */
};

struct top_row {
	uint64_t key;
	char *text; /* escaped: the command or the operation's name */
	char *user; /* escaped; NULL: none */
	char *comm; /* escaped; NULL: none */
	int64_t value[TOP_COLUMNS];
	bool known[TOP_COLUMNS];
	bool ended;
};

struct top_list {
	struct top_row *rows; /* len, by key */
	size_t len;
	struct top_row **shown; /* shown_len, sorted and filtered */
	size_t shown_len;
	unsigned int sort; /* column */
	bool upwards;	   /* smallest first */
	char filter[TOP_FILTER_SIZE];
	size_t first; /* of shown, at the top of its pane */
	size_t page;  /* rows that its pane has */
};

struct top_model {
	struct top_list lists[TOP_PANES];
	struct session_status status;
	struct losses losses;
	int64_t error_bound_bytes;
	double windows_per_s;
	bool windows_known; /* windows_per_s is */
	bool over;
	bool comm;	/* processes by comm, not by command line */
	uint64_t at_ns; /* of the latest snapshot; 0: none yet */
};

extern const struct top_column top_columns[TOP_PANES][TOP_COLUMNS];

void top_model__init(struct top_model *model);

/* Takes what is wanted out of a snapshot. -ENOMEM: the model is as before. */
int top_model__update(struct top_model *model, const struct live_snapshot *snapshot);

/* Sorts a pane by that column; by the one it is sorted by already: the other way round. */
void top_model__sort(struct top_model *model, enum top_pane pane, unsigned int column);
/* Sorts every pane that has a column of that name; false: none has. */
bool top_model__sort_by_name(struct top_model *model, const char *name);
/* The names of all columns: at most `size`; returns how many. */
size_t top_model__column_names(const char **names, size_t size);

/* Only rows that have that text anywhere, ASCII letters in either case; "": all. */
void top_model__filter(struct top_model *model, enum top_pane pane, const char *text);

/* Shows processes by comm, or by command line again. */
void top_model__show_comm(struct top_model *model, bool comm);

/* Moves a pane's first row, as far as there are rows; also after its page has changed. */
void top_model__scroll(struct top_model *model, enum top_pane pane, int64_t rows);

/* What the row's column says; texts are the row's own. */
const char *top_model__cell(char cell[TOP_CELL_SIZE], const struct top_model *model,
			    const struct top_row *row, enum top_pane pane, unsigned int column,
			    bool bytes);

void top_model__free(struct top_model *model);
