/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The columns a table of operations can have (--columns, --sort). */
#pragma once

#include <stddef.h>

/* In the order of the contract; all but the name are measures. */
enum column {
	COLUMN_NAME,
	COLUMN_COUNT,
	COLUMN_GROWTH,
	COLUMN_PEAK,
	COLUMN_PEAK_RSS,
	COLUMN_GAINED,
	COLUMN_RETURNED,
	COLUMN_OWN,
	COLUMN_SELF,
	COLUMN_FOREIGN,
	COLUMN_ANON,
	COLUMN_FILE,
	COLUMN_SHMEM,
	COLUMN_SWAP,
	COLUMN_FAULTS,
	COLUMN_TIME,
	COLUMNS,
};

#define COLUMNS_DEFAULT "name,count,growth,peak,own,faults,time"

/* As the command line has it. */
const char *columns__name(enum column column);

/*
 * Whether list is one or more names with commas between them, none of them twice: 0, or -EINVAL
 * after an error message.
 */
int columns__check(const char *option, const char *list);

/*
 * The columns of a list; NULL is the default one. -EINVAL without a message where columns__check()
 * has one; *out and *len are then left alone.
 */
int columns__parse(const char *list, enum column out[COLUMNS], size_t *len);
