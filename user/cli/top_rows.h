/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows made from a snapshot; what changed is told by the rows before them. */
#pragma once

#include "cli/top_model.h"

/* Columns of the two panes. */
enum { TOP_PID, TOP_OWNER, TOP_RSS, TOP_PEAK, TOP_RATE, TOP_SWAP, TOP_COMMAND };
enum { TOP_NAME, TOP_COUNT, TOP_OPEN, TOP_GROWTH, TOP_OP_PEAK, TOP_OP_RATE, TOP_TIME_MEAN };

/*
 * Rows of `out`, which is empty, and room for as many to be shown. `seconds` have passed since
 * `before`; 0: it says nothing. On -ENOMEM top_rows__free() takes what is there.
 */
int top_rows__of_processes(struct top_list *out, const struct top_list *before,
			   const struct live_snapshot *snapshot, double seconds);
int top_rows__of_operations(struct top_list *out, const struct top_list *before,
			    const struct live_snapshot *snapshot, double seconds);

/* Leaves the list without rows. */
void top_rows__free(struct top_list *list);
