// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/window_spec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/strings.h"
#include "contract.h"
#include "trace/presets.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* Fills in what the kind keeps of the part behind its colon, which it may change. */
typedef int parse_function(struct window_spec *out, char *rest);

static int parse_python(struct window_spec *out, char *rest);
static int parse_function_spec(struct window_spec *out, char *rest);
static int parse_calls(struct window_spec *out, char *rest);
static int parse_usdt(struct window_spec *out, char *rest);

static const struct kind {
	const char *name;
	enum window_kind kind;
	const char *form; /* of what stands behind its colon */
	parse_function *parse;
} kinds[] = {
	{"marker", WINDOW_CALLS, "[OBJECT:]BEGIN,END", parse_calls},
	{"func", WINDOW_FUNCTION, "[OBJECT:]FUNCTION", parse_function_spec},
	{"usdt", WINDOW_USDT, "[OBJECT:]PROVIDER:BEGIN,END", parse_usdt},
	{"python", WINDOW_PYTHON, "NAME", parse_python},
};

static const struct form {
	const char *form;
	const char *about;
} forms[] = {
	{"marker", "memtrace_begin and memtrace_end of the marker library"},
	{"marker:[OBJECT:]BEGIN,END", "Calls of any two functions of a program"},
	{"func:[OBJECT:]FUNCTION", "Entry and return of a function; * and ? match"},
	{"usdt:[OBJECT:]PROVIDER:BEGIN,END", "A pair of USDT probes"},
	{"python:NAME", "Functions of an unmodified Python program; * and ? match"},
};

bool window_spec__form(size_t number, const char **form, const char **about)
{
	if (number >= LEN(forms))
		return false;
	*form = forms[number].form;
	*about = forms[number].about;
	return true;
}

static int malformed(const struct window_spec *spec, const char *what)
{
	log__error("--window %s: %s", spec->text, what);
	for (size_t i = 0; i < LEN(kinds); i++)
		if (kinds[i].kind == spec->kind)
			log__hint("its form: %s:%s", kinds[i].name, kinds[i].form);
	return -EINVAL;
}

/* The first of these characters outside of <> and (), or NULL. */
static char *find_outside(char *text, char wanted)
{
	int depth = 0;

	for (char *p = text; *p; p++) {
		if (*p == '<' || *p == '(')
			depth++;
		else if ((*p == '>' || *p == ')') && depth)
			depth--;
		else if (wanted == ':' && p[0] == ':' && p[1] == ':')
			p++; /* belongs to a name */
		else if (*p == wanted && !depth)
			return p;
	}
	return NULL;
}

/* What stands before the separator, which becomes its end; NULL, and *rest as it was, without. */
static char *cut(char **rest, char separator)
{
	char *at = find_outside(*rest, separator), *first = *rest;

	if (!at)
		return NULL;
	*at = '\0';
	*rest = at + 1;
	return first;
}

static int keep(char **where, const char *text)
{
	if (!text)
		return 0;
	*where = strdup(text);
	return *where ? 0 : -ENOMEM;
}

/* "(arg1:str)", "(arg2:int)", "(arg1:str=FILTER)" behind a begin. */
static int parse_argument(struct window_spec *out, char *argument)
{
	char type[4] = "";
	unsigned int number;
	int at = 0;

	if (sscanf(argument, "(arg%1u:%3[a-z]%n", &number, type, &at) != 2 || !number ||
	    number > MT_ARGUMENTS || argument[strlen(argument) - 1] != ')')
		return malformed(out, "an argument is (argN:str) or (argN:int), N from 1 to 6");
	out->argument = number - 1;
	out->naming = !strcmp(type, "str") ? NAMING_STRING : NAMING_NUMBER;
	if (out->naming == NAMING_NUMBER && strcmp(type, "int"))
		return malformed(out, "the type of an argument is str or int");
	argument[strlen(argument) - 1] = '\0';
	if (!argument[at])
		return 0;
	if (argument[at] != '=' || !argument[at + 1])
		return malformed(out, "behind the type of an argument: =FILTER or nothing");
	if (strlen(argument + at + 1) >= MT_NAME_SIZE)
		return malformed(out, "the filter is too long");
	return keep(&out->filter, argument + at + 1);
}

/* BEGIN[(ARGUMENT)],END */
static int parse_pair(struct window_spec *out, char *rest)
{
	char *begin = cut(&rest, ','), *argument = begin ? strstr(begin, "(arg") : NULL;
	int r = 0;

	if (!begin || !*begin || !*rest || find_outside(rest, ','))
		return malformed(out, "BEGIN,END is missing");
	if (argument) {
		r = parse_argument(out, argument);
		*argument = '\0';
	}
	if (!r)
		r = keep(&out->begin, begin);
	return r ? r : keep(&out->end, rest);
}

static int parse_python(struct window_spec *out, char *rest)
{
	/* The agent gets them a line each. */
	if (strpbrk(rest, "\n\r"))
		return malformed(out, "NAME has a line break");
	return keep(&out->begin, rest);
}

static int parse_function_spec(struct window_spec *out, char *rest)
{
	int r = keep(&out->object, cut(&rest, ':'));
	char *argument = strstr(rest, "(arg");

	if (argument && !r) {
		r = parse_argument(out, argument);
		*argument = '\0';
	}
	if (!*rest)
		return malformed(out, "FUNCTION is missing");
	return r ? r : keep(&out->begin, rest);
}

static int parse_calls(struct window_spec *out, char *rest)
{
	int r = keep(&out->object, cut(&rest, ':'));

	return r ? r : parse_pair(out, rest);
}

static int parse_usdt(struct window_spec *out, char *rest)
{
	char *first = cut(&rest, ':'), *second = cut(&rest, ':');
	int r;

	if (!first || !*first || (second && !*second))
		return malformed(out, "PROVIDER is missing");
	r = keep(&out->object, second ? first : NULL);
	if (!r)
		r = keep(&out->provider, second ? second : first);
	return r ? r : parse_pair(out, rest);
}

static int refuse_unknown(const char *text, const char *kind)
{
	const char *names[32], *nearest;
	size_t presets_len, len = 0;
	const struct preset *presets = presets__list(&presets_len);

	for (size_t i = 0; i < LEN(kinds); i++)
		names[len++] = kinds[i].name;
	for (size_t i = 0; i < presets_len && len < LEN(names); i++)
		names[len++] = presets[i].name;
	nearest = strings__nearest(strchr(text, ':') ? text : kind, names, len);
	if (!nearest)
		nearest = strings__nearest(kind, names, LEN(kinds));
	log__error("--window: no such kind of window: %s", *text ? text : "(empty)");
	if (nearest)
		log__hint("nearest: %s", nearest);
	else
		log__hint("`memtrace --list-windows' shows them");
	return -EINVAL;
}

/* A kind and what stands behind its colon. */
static int parse_kind(struct window_spec *out, const char *kind, const char *rest)
{
	for (size_t i = 0; i < LEN(kinds); i++) {
		char *copy;
		int r;

		if (strcmp(kind, kinds[i].name))
			continue;
		out->kind = kinds[i].kind;
		if (!rest || !*rest)
			return malformed(out, "something is missing");
		copy = strdup(rest);
		r = copy ? kinds[i].parse(out, copy) : -ENOMEM;
		free(copy);
		return r;
	}
	return refuse_unknown(out->text, kind);
}

int window_spec__parse(struct window_spec *out, const char *text)
{
	const struct preset *preset = presets__find(text);
	const char *spec = preset ? preset->spec : text;
	size_t kind_len = strcspn(spec, ":");
	struct window_spec parsed = {.text = text, .prefix = preset ? preset->prefix : ""};
	char kind[64];
	int r = 0;

	snprintf(kind, sizeof(kind), "%.*s", (int)kind_len, spec);
	if (!strcmp(spec, "marker"))
		parsed.kind = WINDOW_MARKER;
	else
		r = parse_kind(&parsed, kind, spec[kind_len] ? spec + kind_len + 1 : NULL);
	if (r) {
		window_spec__free(&parsed);
		return r;
	}
	*out = parsed;
	return 0;
}

void window_spec__free(struct window_spec *spec)
{
	free(spec->object);
	free(spec->provider);
	free(spec->begin);
	free(spec->end);
	free(spec->filter);
	*spec = (struct window_spec){0};
}

bool window_spec__has(const struct window_spec *specs, size_t len, enum window_kind kind)
{
	for (size_t i = 0; i < len; i++)
		if (specs[i].kind == kind)
			return true;
	return false;
}
