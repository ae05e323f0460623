// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/columns.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/strings.h"

static const char *const names[COLUMNS] = {
	[COLUMN_NAME] = "name",		[COLUMN_COUNT] = "count",	[COLUMN_GROWTH] = "growth",
	[COLUMN_PEAK] = "peak",		[COLUMN_PEAK_RSS] = "peak-rss", [COLUMN_GAINED] = "gained",
	[COLUMN_RETURNED] = "returned", [COLUMN_OWN] = "own",		[COLUMN_SELF] = "self",
	[COLUMN_FOREIGN] = "foreign",	[COLUMN_ANON] = "anon",		[COLUMN_FILE] = "file",
	[COLUMN_SHMEM] = "shmem",	[COLUMN_SWAP] = "swap",		[COLUMN_FAULTS] = "faults",
	[COLUMN_TIME] = "time",
};

const char *columns__name(enum column column)
{
	return names[column];
}

/* COLUMNS: there is none of that name. */
static enum column find(const char *name, size_t len)
{
	enum column c = 0;

	while (c < COLUMNS && (strlen(names[c]) != len || memcmp(names[c], name, len) != 0))
		c++;
	return c;
}

static bool contains(const enum column *list, size_t len, enum column column)
{
	for (size_t i = 0; i < len; i++)
		if (list[i] == column)
			return true;
	return false;
}

/*
 * Parses up to the first entry that is wrong and tells where it is. No column may come twice: it
 * would be a slip, and so COLUMNS entries always suffice.
 */
static int parse(const char *list, enum column *out, size_t *out_len, const char **bad)
{
	for (const char *entry = list;; entry++) {
		size_t len = strcspn(entry, ",");
		enum column column = find(entry, len);

		if (column == COLUMNS || contains(out, *out_len, column)) {
			*bad = entry;
			return -EINVAL;
		}
		out[(*out_len)++] = column;
		entry += len;
		if (!*entry)
			return 0;
	}
}

static void hint(const char *word)
{
	const char *nearest = strings__nearest(word, names, COLUMNS);
	char list[256] = "";

	if (nearest) {
		log__hint("nearest: %s", nearest);
		return;
	}
	for (enum column c = 0; c < COLUMNS; c++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", c ? ", " : "",
			 names[c]);
	log__hint("columns: %s", list);
}

int columns__check(const char *option, const char *list)
{
	enum column found[COLUMNS];
	const char *bad;
	char word[64];
	size_t len = 0;

	if (!parse(list, found, &len, &bad))
		return 0;
	snprintf(word, sizeof(word), "%.*s", (int)strcspn(bad, ","), bad);
	if (find(word, strlen(word)) != COLUMNS) {
		log__error("%s: column `%s` is given twice", option, word);
	} else if (!*word) {
		log__error("%s: empty name in `%s`", option, list);
		hint(word);
	} else {
		log__error("%s: unknown column `%s`", option, word);
		hint(word);
	}
	return -EINVAL;
}

int columns__parse(const char *list, enum column out[COLUMNS], size_t *len)
{
	enum column found[COLUMNS];
	const char *bad;
	size_t found_len = 0;
	int r = parse(list ? list : COLUMNS_DEFAULT, found, &found_len, &bad);

	if (r)
		return r;
	memcpy(out, found, found_len * sizeof(*out));
	*len = found_len;
	return 0;
}
