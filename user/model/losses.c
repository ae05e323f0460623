// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/losses.h"

#include <string.h>

#define LOSS(field, text)                                                                          \
	{                                                                                          \
		.name = #field, .meaning = (text), .offset = offsetof(struct losses, field)        \
	}

static const struct loss table[] = {
	LOSS(windows, "windows are in the totals, but not in the list and the medians"),
	LOSS(unmatched_ends, "ends of windows whose begin was not seen"),
	LOSS(names_truncated, "names were longer than 127 bytes and have been cut"),
	LOSS(events, "records of processes were dropped"),
	LOSS(recursion_misses, "events came while their program was busy on that CPU"),
	LOSS(table_full, "windows, operations or threads found no room in a table"),
	LOSS(inexact_reads, "reads of counters did not settle"),
	LOSS(ambiguous_own,
	     "changes could not be told apart between threads: own growth is a guess"),
	LOSS(processes, "processes found no room or lost their records"),
	LOSS(late_attach, "objects were probed after they had been mapped"),
};

const struct loss *losses__table(size_t *len)
{
	*len = sizeof(table) / sizeof(table[0]);
	return table;
}

uint64_t losses__value(const struct losses *losses, const struct loss *loss)
{
	uint64_t value;

	memcpy(&value, (const char *)losses + loss->offset, sizeof(value));
	return value;
}

bool report__is_strict_ok(const struct report *report)
{
	struct losses losses = report->losses;

	if (report->trace.mode != TRACE_COMMAND)
		losses.unmatched_ends = 0;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (losses__value(&losses, &table[i]))
			return false;
	return report->accounting.error_bound_bytes == 0;
}
