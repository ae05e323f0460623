/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The status line on the terminal, once a second. */
#pragma once

#include <stdbool.h>

struct session_status;

struct status {
	bool enabled;
	bool bytes; /* plain bytes */
	bool shown;
};

#define STATUS_PERIOD_MS 1000

/*
 * Standard error must be a terminal. With a COMMAND its standard output must go elsewhere: else the
 * line would run into what COMMAND prints.
 */
void status__open(struct status *status, bool with_command, bool quiet, bool bytes);
void status__show(struct status *status, const struct session_status *now);
/* Takes the line away. */
void status__clear(struct status *status);
