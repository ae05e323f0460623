/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Operations and windows: totals come from the kernel side's table at the end, single windows from
 * the "details" ring as they end. A window whose record was lost is missing from the list and from
 * the medians, never from the totals.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract.h"
#include "model/report.h"

struct tally;
struct programs;

/* keep_windows: the report lists each window. start_ns: of the trace, CLOCK_MONOTONIC. */
int tally__new(struct tally **out, bool keep_windows, uint64_t start_ns, int64_t page_bytes);

/* The trace's start, when it comes later than the tally. */
void tally__set_start(struct tally *tally, uint64_t start_ns);

/* Enters one record. -ENOMEM, -EBADMSG for a record that is too short. */
int tally__record(struct tally *tally, const void *data, size_t size);

/*
 * Fills in out->operations and out->windows. After it tally__index() tells where operation `op` of
 * the kernel side is in out->operations.
 */
int tally__finish(struct tally *tally, const struct programs *programs, struct report *out);
/* -1: not among them. */
int64_t tally__index(const struct tally *tally, uint32_t op);

void tally__free(struct tally *tally);
