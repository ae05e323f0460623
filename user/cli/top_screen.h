/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal of `memtrace top`: one a process, since ncurses has no more. */
#pragma once

#include <stdbool.h>

#include "cli/top_view.h"

/* Whether standard input and output are a terminal that can do it: 0, or -ENOTTY, logged. */
int top_screen__check(void);

/* -EIO, logged. From here on messages wait until the screen is closed. */
int top_screen__open(bool color);

void top_screen__draw(struct top_view *view);

/* The next key that was pressed, TOP_KEY_NONE: none. Does not wait. */
unsigned int top_screen__key(void);

/* The terminal may have another size. */
void top_screen__resize(void);

/* The terminal is as it was; prints the messages. Harmless when it is not open. */
void top_screen__close(void);
