// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbol/function_search.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/strings.h"
#include "symbol/demangle.h"

static bool matches(const char *pattern, const char *name)
{
	/* Only '*' and '?' mean something: '[' is in many a name. */
	const char *p = pattern, *n = name, *star = NULL, *mark = NULL;

	while (*n) {
		if (*p == '*') {
			star = ++p;
			mark = n;
		} else if (*p == '?' || *p == *n) {
			p++;
			n++;
		} else if (star) {
			p = star;
			n = ++mark;
		} else {
			return false;
		}
	}
	while (*p == '*')
		p++;
	return !*p;
}

/* Part of another function that the compiler put elsewhere: no function. */
static bool is_fragment(const char *name)
{
	const char *cold = strstr(name, ".cold");

	return cold && (!cold[5] || cold[5] == '.');
}

static const struct elf_function *find_cold(const struct elf_functions *f,
					    const struct elf_function *function)
{
	size_t len = strlen(function->name);

	for (size_t i = 0; i < f->len; i++)
		if (!strncmp(f->list[i].name, function->name, len) &&
		    is_fragment(f->list[i].name + len) && f->list[i].name[len] == '.')
			return &f->list[i];
	return NULL;
}

struct search {
	const struct elf_functions *functions;
	const char *pattern;
	int fd;
	struct found_functions found;
};

static int add(struct search *s, const struct elf_function *function, const char *full)
{
	struct found_function *list = reallocarray(s->found.list, s->found.len + 1, sizeof(*list)),
			      *added;
	int r;

	if (!list)
		return -ENOMEM;
	s->found.list = list;
	added = &list[s->found.len];
	*added = (struct found_function){.name = strdup(full ? full : function->name)};
	if (!added->name)
		return -ENOMEM;
	s->found.len++;
	if (function->is_resolver) {
		added->refused = "it only chooses the function that is called";
		return 0;
	}
	r = exits__find(&added->code, s->fd, s->functions, function,
			find_cold(s->functions, function), &added->refused);
	if (!r)
		added->refused = NULL;
	return r == -EPERM ? 0 : r;
}

/* Several names of one place (a constructor has two) are one function. */
static int look_at(struct search *s, const struct elf_function *function, uint64_t *last)
{
	char *full, *plain;
	bool match;
	int r = 0;

	if (function->address == *last || is_fragment(function->name))
		return 0;
	match = matches(s->pattern, function->name);
	demangle(function->name, &full, &plain);
	if (!match)
		match = (full && matches(s->pattern, full)) ||
			(plain && matches(s->pattern, plain));
	if (match) {
		*last = function->address;
		r = add(s, function, full);
	}
	free(full);
	free(plain);
	return r;
}

static char *find_nearest(const struct elf_functions *f, const char *pattern)
{
	char **names = calloc(f->len + 1, sizeof(*names)), *unused;
	const char *nearest = NULL;
	char *copy;

	for (size_t i = 0; names && i < f->len; i++) {
		demangle(f->list[i].name, &unused, &names[i]);
		free(unused);
		if (!names[i])
			names[i] = strdup(f->list[i].name);
		if (!names[i])
			names[i] = strdup("");
	}
	if (names)
		nearest = strings__nearest(pattern, (const char *const *)names, f->len);
	copy = nearest ? strdup(nearest) : NULL;
	for (size_t i = 0; names && i < f->len; i++)
		free(names[i]);
	free(names);
	return copy;
}

int function_search(struct found_functions *out, int fd, const char *pattern, char **nearest)
{
	struct elf_functions functions;
	struct search s = {.functions = &functions, .pattern = pattern, .fd = fd};
	uint64_t last = 0;
	int r = elf_functions__read(&functions, fd);

	*nearest = NULL;
	if (r)
		return r;
	for (size_t i = 0; !r && i < functions.len; i++)
		r = look_at(&s, &functions.list[i], &last);
	if (!r && !s.found.len) {
		r = -ENOENT;
		*nearest = find_nearest(&functions, pattern);
	} else if (!r && functions.is_go) {
		r = -ENOTSUP;
	}
	elf_functions__free(&functions);
	if (r)
		function_search__free(&s.found);
	else
		*out = s.found;
	return r;
}

void function_search__free(struct found_functions *f)
{
	for (size_t i = 0; i < f->len; i++) {
		free(f->list[i].name);
		exits__free(&f->list[i].code);
	}
	free(f->list);
	*f = (struct found_functions){0};
}
