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

/* Behind the name of the function itself: ".cold", ".cold.1"; NULL: no fragment of one. */
static const char *fragment_suffix(const char *name)
{
	const char *cold = strstr(name, ".cold");

	return cold && (!cold[5] || cold[5] == '.') ? cold : NULL;
}

struct search {
	const struct elf_functions *functions;
	/* Parts of functions that the compiler put elsewhere, by name. */
	const struct elf_function **fragments;
	size_t fragments_len;
	const char *pattern;
	int fd;
	struct found_functions found;
};

static int by_name(const void *a, const void *b)
{
	const struct elf_function *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int find_fragments(struct search *s)
{
	const struct elf_functions *f = s->functions;

	s->fragments = calloc(f->len + 1, sizeof(*s->fragments));
	if (!s->fragments)
		return -ENOMEM;
	for (size_t i = 0; i < f->len; i++)
		if (fragment_suffix(f->list[i].name))
			s->fragments[s->fragments_len++] = &f->list[i];
	qsort(s->fragments, s->fragments_len, sizeof(*s->fragments), by_name);
	return 0;
}

static int is_fragment_of(const void *key, const void *element)
{
	const struct elf_function *const *fragment = element;
	const char *name = key, *other = (*fragment)->name;
	size_t len = strlen(name), other_len = (size_t)(fragment_suffix(other) - other);
	int order = strncmp(name, other, len < other_len ? len : other_len);

	return order ? order : (len > other_len) - (len < other_len);
}

static const struct elf_function *find_cold(const struct search *s,
					    const struct elf_function *function)
{
	const struct elf_function **found = bsearch(function->name, s->fragments, s->fragments_len,
						    sizeof(*s->fragments), is_fragment_of);

	return found ? *found : NULL;
}

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
	r = exits__find(&added->code, s->fd, s->functions, function, find_cold(s, function),
			&added->refused);
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

	if (function->address == *last || fragment_suffix(function->name))
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

int function_search(struct found_functions *out, const struct elf_functions *functions, int fd,
		    const char *pattern, char **nearest)
{
	struct search s = {.functions = functions, .pattern = pattern, .fd = fd};
	uint64_t last = 0;
	int r = find_fragments(&s);

	*nearest = NULL;
	for (size_t i = 0; !r && i < functions->len; i++)
		r = look_at(&s, &functions->list[i], &last);
	free(s.fragments);
	if (!r && !s.found.len) {
		r = -ENOENT;
		*nearest = find_nearest(functions, pattern);
	} else if (!r && functions->is_go) {
		r = -ENOTSUP;
	}
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
