// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/sources.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "symbol/notes.h"
#include "trace/keeper.h"
#include "trace/programs.h"
#include "trace/sources_private.h"

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

bool sources__has_base_name(const char *path, const char *name)
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
		return sources__has_base_name(object->path, spec->object);
	return !stat(spec->object, &wanted) && !fstat(object->fd, &st) &&
	       wanted.st_ino == st.st_ino && wanted.st_dev == st.st_dev;
}

void sources__cut(struct links *links, struct links_mark mark)
{
	struct keeper keeper = keeper__hold();

	links__cut(links, mark);
	keeper__release(&keeper);
}

int sources__add(struct sources *s, const struct window_spec *spec, enum mt_pairing pairing,
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
			    const struct sources_object *object, const struct window_spec *spec,
			    uint32_t number)
{
	char *names = strdup(spec->end), *rest = names, *name;
	int r = names ? 0 : -ENOMEM;

	while (!r && (name = strsep(&rest, "|"))) {
		r = notes__check_usdt(object->fd, spec->provider, name);
		if (!r)
			r = links__add_usdt(links, programs__get(s->programs, PROGRAM_USDT_END),
					    place, spec->provider, name, number);
	}
	free(names);
	return r;
}

static int attach_usdt(struct sources *s, struct links *links, const struct place *place,
		       const struct sources_object *object, const struct window_spec *spec)
{
	int r = notes__check_usdt(object->fd, spec->provider, spec->begin);
	char name[MT_NAME_SIZE];
	uint32_t number;

	if (r)
		return r;
	snprintf(name, sizeof(name), "%s:%s", spec->provider, spec->begin);
	r = sources__add(s, spec, MT_PAIR_SITE, name, &number);
	if (r)
		return r;
	r = attach_usdt_ends(s, links, place, object, spec, number);
	return r ? r
		 : links__add_usdt(links, programs__get(s->programs, PROGRAM_USDT_BEGIN), place,
				   spec->provider, spec->begin, number);
}

static int attach_kind(struct sources *s, struct links *links, const struct place *place,
		       const struct sources_object *object, const struct window_spec *spec)
{
	switch (spec->kind) {
	case WINDOW_USDT: return attach_usdt(s, links, place, object, spec);
	case WINDOW_FUNCTION: return sources_functions__attach(s, links, place, object, spec);
	default: return sources_functions__attach_calls(s, links, place, object, spec);
	}
}

static int attach_spec(struct sources *s, struct links *links, const struct place *place,
		       const struct sources_object *object, const struct window_spec *spec)
{
	const struct links_mark before = links__mark(links);
	int r = attach_kind(s, links, place, object, spec);

	if (r)
		sources__cut(links, before);
	return r;
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
	const struct place place = {.path = path, .pid = object->pid};
	int failed = 0;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", object->fd);
	if (window_spec__has(s->specs, s->specs_len, WINDOW_FUNCTION))
		sources_functions__attach_catch(s, links, &place, object);
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
	if (s->functions_read && !s->functions_error)
		elf_functions__free(&s->functions);
	s->functions_read = false;
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
