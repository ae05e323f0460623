// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/sources.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "contract.h"
#include "symbol/function_search.h"
#include "symbol/notes.h"
#include "trace/keeper.h"
#include "trace/links.h"
#include "trace/programs.h"

struct sources {
	struct programs *programs;
	const struct window_spec *specs;
	size_t specs_len;
	size_t *found;	/* of each spec: objects that have it */
	char **nearest; /* of each spec: a function with a similar name, or NULL */
	uint32_t len;	/* numbers given out */
};

int sources__new(struct sources **out, struct programs *programs, const struct window_spec *specs,
		 size_t specs_len)
{
	struct sources *s = calloc(1, sizeof(*s));

	if (s) {
		s->found = calloc(specs_len, sizeof(*s->found));
		s->nearest = calloc(specs_len, sizeof(*s->nearest));
	}
	if (!s || !s->found || !s->nearest) {
		sources__free(s);
		return -ENOMEM;
	}
	s->programs = programs;
	s->specs = specs;
	s->specs_len = specs_len;
	*out = s;
	return 0;
}

static bool is_source(const struct window_spec *spec)
{
	return spec->kind == WINDOW_FUNCTION || spec->kind == WINDOW_CALLS ||
	       spec->kind == WINDOW_USDT;
}

bool sources__any(const struct sources *s)
{
	for (size_t i = 0; i < s->specs_len; i++)
		if (is_source(&s->specs[i]))
			return true;
	return false;
}

/* libx means libx.so, libx.so.1 and libx.cpython-311.so. */
static bool has_base_name(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t len = strlen(name);

	return !strncmp(base, name, len) && (!base[len] || base[len] == '.');
}

static bool is_meant(const struct window_spec *spec, const struct sources_object *object)
{
	struct stat wanted, st;

	if (!spec->object)
		return object->is_program;
	if (!strcmp(spec->object, OBJECT_ANY))
		return true;
	if (!strchr(spec->object, '/'))
		return has_base_name(object->path, spec->object);
	return !stat(spec->object, &wanted) && !fstat(object->fd, &st) &&
	       wanted.st_ino == st.st_ino && wanted.st_dev == st.st_dev;
}

static void cut(struct links *links, struct links_mark mark)
{
	struct keeper keeper = keeper__hold();

	links__cut(links, mark);
	keeper__release(&keeper);
}

/* For the message that nothing was found. */
static void keep_nearest(struct sources *s, const struct window_spec *spec, const char *nearest)
{
	char **kept = &s->nearest[spec - s->specs];

	if (nearest && !*kept)
		*kept = strdup(nearest);
}

/* A number for one more pair of probes. */
static int add_source(struct sources *s, const struct window_spec *spec, enum mt_pairing pairing,
		      const char *name, uint32_t *number)
{
	static const enum mt_naming namings[] = {
		[NAMING_FIXED] = MT_NAME_FIXED,
		[NAMING_STRING] = MT_NAME_STRING,
		[NAMING_NUMBER] = MT_NAME_NUMBER,
	};
	struct mt_source source = {
		.pairing = pairing,
		.naming = namings[spec->naming],
		.argument = spec->argument,
		.prefix_len = (uint32_t)strlen(spec->prefix),
	};

	if (s->len == programs__max_sources(s->programs))
		return -ENOSPC;
	snprintf(source.name, sizeof(source.name), "%s",
		 spec->naming == NAMING_FIXED ? name : spec->prefix);
	snprintf(source.filter, sizeof(source.filter), "%s", spec->filter ? spec->filter : "");
	*number = s->len++;
	return programs__set_source(s->programs, *number, &source);
}

/* Ends first: a window that begins is then sure to have its end seen. "A|B" are two ends. */
static int attach_usdt_ends(struct sources *s, struct links *links, const struct place *place,
			    const struct sources_object *object, const struct window_spec *spec)
{
	char *names = strdup(spec->end), *rest = names, *name;
	int r = names ? 0 : -ENOMEM;

	while (!r && (name = strsep(&rest, "|"))) {
		r = notes__check_usdt(object->fd, spec->provider, name);
		if (!r)
			r = links__add_usdt(links, programs__usdt_end(s->programs), place,
					    spec->provider, name);
	}
	free(names);
	return r;
}

static int attach_usdt(struct sources *s, struct links *links, struct place *place,
		       const struct sources_object *object, const struct window_spec *spec)
{
	int r = notes__check_usdt(object->fd, spec->provider, spec->begin);
	char name[MT_NAME_SIZE];
	uint32_t number;

	if (r)
		return r;
	snprintf(name, sizeof(name), "%s:%s", spec->provider, spec->begin);
	r = add_source(s, spec, MT_PAIR_SITE, name, &number);
	if (r)
		return r;
	place->cookie = number;
	r = attach_usdt_ends(s, links, place, object, spec);
	return r ? r
		 : links__add_usdt(links, programs__usdt_begin(s->programs), place, spec->provider,
				   spec->begin);
}

/* The places of one function, of many, to be probed together. */
struct places {
	struct offsets entries, exits;
};

static int collect(struct places *p, uint32_t number, const struct found_function *f)
{
	int r = 0;

	for (size_t i = 0; !r && i < f->code.exits_len; i++)
		r = offsets__add(&p->exits, f->code.exits[i].offset,
				 number | (uint64_t)f->code.exits[i].condition
						  << MT_CONDITION_SHIFT);
	return r ? r : offsets__add(&p->entries, f->code.entry, number);
}

static int add_places(struct links *links, const struct bpf_program *program, struct place *place,
		      const struct offsets *offsets, bool many)
{
	int r = 0;

	if (many)
		return links__add_many(links, program, place, offsets);
	for (size_t i = 0; !r && i < offsets->len; i++) {
		place->cookie = offsets->cookies[i];
		r = links__add_uprobe(links, program, place, offsets->offsets[i]);
	}
	return r;
}

/* Ends first, as above. All or none. */
static int attach_places(struct sources *s, struct links *links, struct place *place,
			 struct places *places)
{
	const struct links_mark before = links__mark(links);
	bool many = programs__many(s->programs);
	int r = add_places(links, programs__function_return(s->programs), place, &places->exits,
			   many);

	if (!r)
		r = add_places(links, programs__function_entry(s->programs), place,
			       &places->entries, many);
	if (r)
		cut(links, before);
	offsets__free(&places->exits);
	offsets__free(&places->entries);
	return r;
}

static int attach_function(struct sources *s, struct links *links, struct place *place,
			   uint32_t number, const struct found_function *f)
{
	struct places places = {0};
	int r = collect(&places, number, f);

	return r ? r : attach_places(s, links, place, &places);
}

/* Whether a pattern can mean many: then what cannot be probed is left out. */
static bool is_pattern(const char *name)
{
	return strpbrk(name, "*?") != NULL;
}

static bool is_refusal(int r)
{
	return r == -EINVAL || r == -ENOTSUP || r == -524; /* ENOTSUPP, the kernel's own */
}

/* One by one, since together they were refused; one that cannot be probed is left out. */
static int attach_each(struct sources *s, struct links *links, struct place *place,
		       const struct found_functions *found, uint32_t first, size_t *left_out)
{
	int r = 0;

	*left_out = 0;
	for (size_t i = 0; !r && i < found->len; i++) {
		const struct found_function *f = &found->list[i];

		r = f->refused ? -EINVAL : attach_function(s, links, place, first + (uint32_t)i, f);
		if (!is_refusal(r))
			continue;
		r = 0;
		++*left_out;
		log__debug("%s is not probed: %s", f->name,
			   f->refused ? f->refused : "the kernel refuses a place in it");
	}
	return r;
}

static int attach_together(struct sources *s, struct links *links, struct place *place,
			   const struct found_functions *found, uint32_t first, size_t *left_out)
{
	struct places places = {0};
	int r = 0;

	*left_out = 0;
	for (size_t i = 0; !r && i < found->len; i++) {
		if (found->list[i].refused) {
			++*left_out;
			log__debug("%s is not probed: %s", found->list[i].name,
				   found->list[i].refused);
		} else {
			r = collect(&places, first + (uint32_t)i, &found->list[i]);
		}
	}
	return r ? r : attach_places(s, links, place, &places);
}

/* Numbers for all of them, one after the other. */
static int add_sources(struct sources *s, const struct window_spec *spec,
		       const struct found_functions *found, uint32_t *first)
{
	uint32_t number;
	int r = 0;

	*first = s->len;
	for (size_t i = 0; !r && i < found->len; i++)
		r = add_source(s, spec, MT_PAIR_FRAME, found->list[i].name, &number);
	return r;
}

static int attach_functions(struct sources *s, struct links *links, struct place *place,
			    const struct sources_object *object, const struct window_spec *spec)
{
	struct found_functions found;
	char *nearest;
	int r = function_search(&found, object->fd, spec->begin, &nearest);
	size_t left_out = 0;
	uint32_t first;

	if (r == -ENOENT)
		keep_nearest(s, spec, nearest);
	free(nearest);
	if (r)
		return r;
	r = add_sources(s, spec, &found, &first);
	if (!r)
		r = attach_together(s, links, place, &found, first, &left_out);
	if (is_refusal(r))
		r = attach_each(s, links, place, &found, first, &left_out);
	if (!r && left_out && is_pattern(spec->begin))
		log__warn("--window %s: %zu of %zu functions of %s cannot be probed (-v says why)",
			  spec->text, left_out, found.len, object->path);
	else if (!r && left_out == found.len)
		log__error("--window %s: %s cannot be probed: %s", spec->text, found.list[0].name,
			   found.list[0].refused ? found.list[0].refused
						 : "the kernel refuses a place in it");
	if (!r && left_out == found.len)
		r = -EOPNOTSUPP;
	function_search__free(&found);
	return r;
}

/* Two functions: the entry of one opens, that of the other closes. */
static int attach_calls(struct sources *s, struct links *links, struct place *place,
			const struct sources_object *object, const struct window_spec *spec)
{
	const char *const names[] = {spec->end, spec->begin};
	struct places places = {0};
	struct offsets *const offsets[] = {&places.exits, &places.entries};
	struct found_functions found;
	char *nearest;
	uint32_t number;
	int r = add_source(s, spec, MT_PAIR_THREAD, spec->begin, &number);

	for (size_t k = 0; !r && k < 2; k++) {
		r = function_search(&found, object->fd, names[k], &nearest);
		if (r == -ENOENT)
			keep_nearest(s, spec, nearest);
		free(nearest);
		if (r)
			break;
		for (size_t i = 0; !r && i < found.len; i++)
			r = found.list[i].refused
				    ? -EPERM
				    : offsets__add(offsets[k], found.list[i].code.entry, number);
		function_search__free(&found);
	}
	return r ? r : attach_places(s, links, place, &places);
}

static int attach_kind(struct sources *s, struct links *links, struct place *place,
		       const struct sources_object *object, const struct window_spec *spec)
{
	switch (spec->kind) {
	case WINDOW_USDT: return attach_usdt(s, links, place, object, spec);
	case WINDOW_FUNCTION: return attach_functions(s, links, place, object, spec);
	default: return attach_calls(s, links, place, object, spec);
	}
}

static int attach_spec(struct sources *s, struct links *links, struct place *place,
		       const struct sources_object *object, const struct window_spec *spec)
{
	const struct links_mark before = links__mark(links);
	int r = attach_kind(s, links, place, object, spec);

	if (r)
		cut(links, before);
	return r;
}

/*
 * Where exceptions of C++ are caught: what was thrown through ends there, at once. It is in the
 * language's library, or linked into the program.
 */
static void attach_catch(struct sources *s, struct links *links, struct place *place,
			 const struct sources_object *object)
{
	struct found_functions found;
	char *nearest;

	if (!object->is_program && !has_base_name(object->path, "libstdc++") &&
	    !has_base_name(object->path, "libc++abi"))
		return;
	if (function_search(&found, object->fd, "__cxa_begin_catch", &nearest)) {
		free(nearest);
		return;
	}
	for (size_t i = 0; i < found.len; i++)
		if (!found.list[i].refused)
			links__add_uprobe(links, programs__catch(s->programs), place,
					  found.list[i].code.entry);
	function_search__free(&found);
}

static void say(const struct window_spec *spec, const struct sources_object *object, int r)
{
	if (r == -ENOTSUP)
		log__error("--window %s: %s is a Go program, whose stacks move: its functions "
			   "cannot be paired with their returns",
			   spec->text, object->path);
	else if (r == -EOPNOTSUPP)
		return; /* said already */
	else if (r == -EPERM)
		log__error("--window %s: %s cannot be probed safely: a probe is a nop of 5 bytes",
			   spec->text, object->path);
	else
		log__error("--window %s: %s: %s", spec->text, object->path, strerror(-r));
}

int sources__attach(struct sources *s, struct links *links, const struct sources_object *object)
{
	char path[64];
	struct place place = {.path = path, .pid = object->pid};
	int failed = 0;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", object->fd);
	if (window_spec__has(s->specs, s->specs_len, WINDOW_FUNCTION))
		attach_catch(s, links, &place, object);
	for (size_t i = 0; i < s->specs_len; i++) {
		const struct window_spec *spec = &s->specs[i];
		int r;

		if (!is_source(spec) || !is_meant(spec, object))
			continue;
		r = attach_spec(s, links, &place, object, spec);
		if (!r) {
			s->found[i]++;
			log__debug("%s: probed in %s", spec->text, object->path);
		} else if (r != -ENOENT) {
			say(spec, object, r);
			failed = r;
		}
	}
	return failed;
}

int sources__require(const struct sources *s)
{
	for (size_t i = 0; i < s->specs_len; i++) {
		const struct window_spec *spec = &s->specs[i];

		if (!is_source(spec) || s->found[i] || (spec->object && !strchr(spec->object, '/')))
			continue;
		log__error("--window %s: not found in %s", spec->text,
			   spec->object ? spec->object : "the program");
		if (s->nearest[i])
			log__hint("nearest: %s", s->nearest[i]);
		else if (!spec->object)
			log__hint("a library's name or path goes before it: %s", "libx:...");
		return -ENOENT;
	}
	return 0;
}

void sources__warn(const struct sources *s)
{
	for (size_t i = 0; i < s->specs_len; i++) {
		const struct window_spec *spec = &s->specs[i];

		if (!is_source(spec) || s->found[i])
			continue;
		if (!spec->object)
			log__warn("--window %s: not found in the program", spec->text);
		else if (!strcmp(spec->object, OBJECT_ANY))
			log__warn("--window %s: no object with it was mapped", spec->text);
		else
			log__warn("--window %s: no object %s with it was mapped", spec->text,
				  spec->object);
	}
}

void sources__free(struct sources *s)
{
	if (!s)
		return;
	for (size_t i = 0; s->nearest && i < s->specs_len; i++)
		free(s->nearest[i]);
	free(s->nearest);
	free(s->found);
	free(s);
}
