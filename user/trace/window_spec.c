// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/window_spec.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/strings.h"

#define KNOWN	   "marker, python:NAME"
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
		log__hint("known: %s", KNOWN);
	return -EINVAL;
}

static bool is_one_of(const char *name, const char *const *names, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* python:NAME, but for the names that stand for probes of the interpreter's own. */
static bool is_python(const char *kind, const char *name)
{
	static const char *const presets[] = {"gc", "import"};

	return !strcmp(kind, "python") && !is_one_of(name, presets, LEN(presets));
}

static int parse_python(struct window_spec *out, const char *text, const char *name)
{
	/* The agent gets them a line each. */
	if (strpbrk(name, "\n\r")) {
		log__error("--window python: NAME has a line break");
		return -EINVAL;
	}
	*out = (struct window_spec){WINDOW_PYTHON, text, name};
	return 0;
}

int window_spec__parse(struct window_spec *out, const char *text)
{
	size_t kind_len = strcspn(text, ":");
	const char *rest = text[kind_len] ? text + kind_len + 1 : NULL;
	const struct need *need = NULL;
	char kind[64];

	if (!strcmp(text, "marker")) {
		*out = (struct window_spec){WINDOW_MARKER, text, ""};
		return 0;
	}
	snprintf(kind, sizeof(kind), "%.*s", (int)kind_len, text);
	for (size_t i = 0; i < LEN(needs); i++)
		if (!strcmp(kind, needs[i].kind))
			need = &needs[i];
	if (!need)
		return refuse_unknown(text, kind);
	if (!rest || !*rest || (!strcmp(kind, "marker") && !strchr(rest, ','))) {
		log__error("--window %s: %s is missing", text, need->what);
		return -EINVAL;
	}
	if (is_python(kind, rest))
		return parse_python(out, text, rest);
	log__error("--window %s: not built into this version (%s)", text, MEMTRACE_VERSION);
	log__hint("known: %s", KNOWN);
	return -EINVAL;
}

bool window_spec__has(const struct window_spec *specs, size_t len, enum window_kind kind)
{
	for (size_t i = 0; i < len; i++)
		if (specs[i].kind == kind)
			return true;
	return false;
}
