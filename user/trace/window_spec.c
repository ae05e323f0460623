// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/window_spec.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/strings.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* The kinds of the public contract, to tell "not in this build" from a slip of the pen. */
static const char *const kinds[] = {"marker", "func", "usdt", "python", "postgres", "java"};

/* What each kind needs behind its colon. */
static const struct need {
	const char *kind;
	const char *what;
} needs[] = {
	{"marker", "BEGIN,END"},
	{"func", "[OBJECT:]FUNCTION"},
	{"usdt", "[OBJECT:]PROVIDER:BEGIN,END"},
	{"python", "NAME, gc or import"},
	{"postgres", "query"},
	{"java", "gc"},
};

static int refuse_unknown(const char *spec, const char *kind)
{
	const char *nearest = strings__nearest(kind, kinds, LEN(kinds));

	log__error("--window: no such kind of window: %s", *spec ? spec : "(empty)");
	if (nearest)
		log__hint("nearest: %s", nearest);
	else
		log__hint("known: marker");
	return -EINVAL;
}

int window_spec__check(const char *spec)
{
	size_t kind_len = strcspn(spec, ":");
	const char *rest = spec[kind_len] ? spec + kind_len + 1 : NULL;
	const struct need *need = NULL;
	char kind[64];

	if (!strcmp(spec, "marker"))
		return 0;
	snprintf(kind, sizeof(kind), "%.*s", (int)kind_len, spec);
	for (size_t i = 0; i < LEN(needs); i++)
		if (!strcmp(kind, needs[i].kind))
			need = &needs[i];
	if (!need)
		return refuse_unknown(spec, kind);
	if (!rest || !*rest || (!strcmp(kind, "marker") && !strchr(rest, ','))) {
		log__error("--window %s: %s is missing", spec, need->what);
		return -EINVAL;
	}
	log__error("--window %s: not built into this version (%s)", spec, MEMTRACE_VERSION);
	log__hint("known: marker");
	return -EINVAL;
}
