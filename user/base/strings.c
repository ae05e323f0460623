// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/strings.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 64 /* longer words are not compared */

/* Code point at s and the bytes it takes; false when they are not UTF-8. */
static bool decode(const unsigned char *s, uint32_t *point, size_t *len)
{
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s[0] < 0x80	 ? 1
		   : s[0] < 0xc2 ? 0
		   : s[0] < 0xe0 ? 2
		   : s[0] < 0xf0 ? 3
		   : s[0] < 0xf5 ? 4
				 : 0;
	uint32_t p;

	if (!n)
		return false;
	p = n == 1 ? s[0] : s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return false;
		p = p << 6 | (s[i] & 0x3f);
	}
	if (p < lowest[n] || p > 0x10ffff || (p >= 0xd800 && p <= 0xdfff))
		return false;
	*point = p;
	*len = n;
	return true;
}

/* Whether a terminal may take it for something else than a visible character. */
static bool is_unsafe(uint32_t p)
{
	return p < 0x20 || (p >= 0x7f && p < 0xa0) || p == 0xad || p == 0x61c ||
	       (p >= 0x200b && p <= 0x200f) || (p >= 0x2028 && p <= 0x202e) ||
	       (p >= 0x2060 && p <= 0x206f) || p == 0xfeff || (p >= 0xfff9 && p <= 0xfffb) ||
	       (p >= 0xe0000 && p <= 0xe0fff);
}

static int write_escape(char *out, uint32_t p)
{
	switch (p) {
	case '\n': return sprintf(out, "\\n");
	case '\t': return sprintf(out, "\\t");
	case '\r': return sprintf(out, "\\r");
	default:
		return sprintf(out, p < 0x100 ? "\\x%02x" : p < 0x10000 ? "\\u%04x" : "\\U%08x", p);
	}
}

char *strings__escape(const char *string)
{
	const unsigned char *s = (const unsigned char *)string;
	char *out = malloc(4 * strlen(string) + 1), *to = out; /* the longest: \x1b for a byte */

	while (out && *s) {
		uint32_t point = *s;
		size_t len = 1;
		bool valid = decode(s, &point, &len);

		if (!valid || is_unsafe(point)) {
			to += write_escape(to, point);
		} else {
			memcpy(to, s, len);
			to += len;
		}
		s += len;
	}
	if (out)
		*to = '\0';
	return out;
}

char *strings__to_utf8(const char *string)
{
	static const char replacement[] = "\xef\xbf\xbd";
	const unsigned char *s = (const unsigned char *)string;
	char *out = malloc(3 * strlen(string) + 1), *to = out;

	while (out && *s) {
		uint32_t point;
		size_t len;

		if (decode(s, &point, &len)) {
			memcpy(to, s, len);
			to += len;
			s += len;
		} else {
			memcpy(to, replacement, 3);
			to += 3;
			s++;
		}
	}
	if (out)
		*to = '\0';
	return out;
}

/* Levenshtein's distance. */
static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1], len = strlen(b);

	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < len; j++) {
			size_t best = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			if (diagonal + 1 < best)
				best = diagonal + 1;
			if (row[j] + 1 < best)
				best = row[j] + 1;
			row[j + 1] = best;
		}
	}
	return row[len];
}

const char *strings__nearest(const char *word, const char *const *list, size_t len)
{
	size_t length = strlen(word), best = length / 3 + 2;
	const char *nearest = NULL;

	for (size_t i = 0; i < len; i++) {
		size_t d;

		if (length > WORD_MAX || strlen(list[i]) > WORD_MAX)
			continue;
		/* An abbreviation is near, however much is missing. */
		d = length >= 3 && !strncmp(word, list[i], length) ? 0 : distance(word, list[i]);
		if (d < best) {
			best = d;
			nearest = list[i];
		}
	}
	return nearest;
}
