/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A made-up report with everything that is hard to print in it: nested, overlapped and incomplete
 * operations, unknown values, names that would harm a terminal, a spreadsheet or a JSON reader.
 */
#pragma once

#include "model/report.h"

/* Where each operation of the fixture is in its array. */
enum fixture_operation {
	FIXTURE_LOAD,	  /* five windows, parent of FIXTURE_PARSE */
	FIXTURE_PARSE,	  /* parent of FIXTURE_TOKENIZE */
	FIXTURE_TOKENIZE, /* its median is an estimate */
	FIXTURE_SERVE,	  /* overlapped, faults not known, negative growth */
	FIXTURE_HOSTILE,  /* inside FIXTURE_SERVE; escape sequence, quotes, comma, newline */
	FIXTURE_FORMULA,  /* =cmd, as a spreadsheet would run it */
	FIXTURE_BYTES,	  /* not UTF-8 */
	FIXTURE_WORKER,	  /* one of two windows incomplete */
	FIXTURE_CUT,	  /* no window complete: nothing but its count is known */
	FIXTURE_OPERATIONS,
};

/* Owned by the caller, who gives it to report__free(). */
void fixture__report(struct report *out);
/* Puts its processes together, and more of them than it has rows of. */
void fixture__group(struct report *report, enum report_by by);
/* Nothing was seen: no operation, no process, nothing lost. */
void fixture__empty(struct report *out);
