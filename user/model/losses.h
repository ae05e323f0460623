/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the loss counters are called and mean; whether a report may be called exact. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "model/report.h"

struct loss {
	const char *name;    /* the key in JSON */
	const char *meaning; /* behind the number: "3 windows: ..." */
	size_t offset;	     /* in struct losses, of a uint64_t */
};

/* In the order of the contract; *len entries. */
const struct loss *losses__table(size_t *len);
uint64_t losses__value(const struct losses *losses, const struct loss *loss);

/*
 * Whether --strict is satisfied: nothing lost, nothing inexact. Ends without a begin do not count
 * in a trace that attached to running processes: their windows may have been open before.
 */
bool report__is_strict_ok(const struct report *report);
