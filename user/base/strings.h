/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings that come from the target or the user: anything may be in them. */
#pragma once

#include <stddef.h>

/*
 * A copy that is safe on a terminal and stays on one line: control characters, escape sequences,
 * characters that change the direction of text, and bytes that are not UTF-8 become \n, \x1b,
 * \u202e. NULL when memory runs out.
 */
char *strings__escape(const char *string);

/* A copy that is UTF-8: each byte that is not becomes U+FFFD. NULL when memory runs out. */
char *strings__to_utf8(const char *string);

/* The word of list that is most like word, or NULL when none is like it. */
const char *strings__nearest(const char *word, const char *const *list, size_t len);
