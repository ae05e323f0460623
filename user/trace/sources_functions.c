// SPDX-License-Identifier: GPL-2.0-or-later
/* Functions as windows: entries and exits, found in an object and probed together. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "symbol/function_search.h"
#include "trace/programs.h"
#include "trace/sources_private.h"

/* For the message that nothing was found. */
static void keep_nearest(struct sources *s, const struct window_spec *spec, const char *nearest)
{
	char **kept = &s->nearest[spec - s->specs];

	if (nearest && !*kept)
		*kept = strdup(nearest);
}

/* The places of one function, of many, to be probed together. */
struct places {
	struct offsets entries, exits;
};

static void free_places(struct places *p)
{
	offsets__free(&p->exits);
	offsets__free(&p->entries);
}

static int collect(struct places *p, uint32_t number, const struct found_function *f)
{
	int r = 0;

	for (size_t i = 0; !r && i < f->code.exits_len; i++)
		r = offsets__add(&p->exits, f->code.exits[i].offset,
				 number | (uint64_t)f->code.exits[i].condition
						  << MT_CONDITION_SHIFT);
	return r ? r : offsets__add(&p->entries, f->code.entry, number);
}

/* Ends first, as above. All or none. */
static int attach_places(struct sources *s, struct links *links, const struct place *place,
			 struct places *places)
{
	const struct links_mark before = links__mark(links);
	int r = links__add_uprobes(links, programs__get(s->programs, PROGRAM_FUNCTION_RETURN),
				   place, &places->exits);

	if (!r)
		r = links__add_uprobes(links, programs__get(s->programs, PROGRAM_FUNCTION_ENTRY),
				       place, &places->entries);
	if (r)
		sources__cut(links, before);
	free_places(places);
	return r;
}

static int attach_function(struct sources *s, struct links *links, const struct place *place,
			   uint32_t number, const struct found_function *f)
{
	struct places places = {0};
	int r = collect(&places, number, f);

	if (!r)
		return attach_places(s, links, place, &places);
	free_places(&places);
	return r;
}

/* Whether a pattern can mean many: then what cannot be probed is left out. */
static bool is_pattern(const char *name)
{
	return strpbrk(name, "*?") != NULL;
}

static void leave_out(const struct found_function *f, size_t *left_out)
{
	++*left_out;
	log__debug("%s is not probed: %s", f->name,
		   f->refused ? f->refused : "the kernel refuses a place in it");
}

static bool is_refusal(int r)
{
	return r == -EINVAL || r == -ENOTSUP || r == -524; /* ENOTSUPP, the kernel's own */
}

/* One by one, since together they were refused; one that cannot be probed is left out. */
static int attach_each(struct sources *s, struct links *links, const struct place *place,
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
		leave_out(f, left_out);
	}
	return r;
}

static int attach_together(struct sources *s, struct links *links, const struct place *place,
			   const struct found_functions *found, uint32_t first, size_t *left_out)
{
	struct places places = {0};
	int r = 0;

	*left_out = 0;
	for (size_t i = 0; !r && i < found->len; i++) {
		if (found->list[i].refused)
			leave_out(&found->list[i], left_out);
		else
			r = collect(&places, first + (uint32_t)i, &found->list[i]);
	}
	if (!r)
		return attach_places(s, links, place, &places);
	free_places(&places);
	return r;
}

/* Numbers for all of them, one after the other. */
static int add_sources(struct sources *s, const struct window_spec *spec,
		       const struct found_functions *found, uint32_t *first)
{
	uint32_t number;
	int r = 0;

	*first = s->len;
	for (size_t i = 0; !r && i < found->len; i++)
		r = sources__add(s, spec, MT_PAIR_FRAME, found->list[i].name, &number);
	return r;
}

/* The functions of the object with a name; spec NULL: it does not matter when there is none. */
static int search(struct sources *s, const struct sources_object *object,
		  const struct window_spec *spec, const char *name, struct found_functions *found)
{
	char *nearest = NULL;
	int r;

	if (!s->functions_read) {
		s->functions_error = elf_functions__read(&s->functions, object->fd);
		s->functions_read = true;
	}
	r = s->functions_error;
	if (!r)
		r = function_search(found, &s->functions, object->fd, name, &nearest);
	if (r == -ENOENT && spec)
		keep_nearest(s, spec, nearest);
	free(nearest);
	return r;
}

int sources_functions__attach(struct sources *s, struct links *links, const struct place *place,
			      const struct sources_object *object, const struct window_spec *spec)
{
	struct found_functions found;
	int r = search(s, object, spec, spec->begin, &found);
	size_t left_out = 0;
	uint32_t first;

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

int sources_functions__attach_calls(struct sources *s, struct links *links,
				    const struct place *place, const struct sources_object *object,
				    const struct window_spec *spec)
{
	const char *const names[] = {spec->end, spec->begin};
	struct places places = {0};
	struct offsets *const offsets[] = {&places.exits, &places.entries};
	struct found_functions found;
	uint32_t number;
	int r = sources__add(s, spec, MT_PAIR_THREAD, spec->begin, &number);

	for (size_t k = 0; !r && k < 2; k++) {
		r = search(s, object, spec, names[k], &found);
		if (r)
			break;
		for (size_t i = 0; !r && i < found.len; i++)
			r = found.list[i].refused
				    ? -EPERM
				    : offsets__add(offsets[k], found.list[i].code.entry, number);
		function_search__free(&found);
	}
	if (!r)
		return attach_places(s, links, place, &places);
	free_places(&places);
	return r;
}

void sources_functions__attach_catch(struct sources *s, struct links *links,
				     const struct place *place, const struct sources_object *object)
{
	struct found_functions found;
	struct offsets catches = {0};
	int r = 0;

	if (!object->is_program && !sources__has_base_name(object->path, "libstdc++") &&
	    !sources__has_base_name(object->path, "libc++abi"))
		return;
	if (search(s, object, NULL, "__cxa_begin_catch", &found))
		return;
	for (size_t i = 0; !r && i < found.len; i++)
		if (!found.list[i].refused)
			r = offsets__add(&catches, found.list[i].code.entry, 0);
	if (!r)
		links__add_uprobes(links, programs__get(s->programs, PROGRAM_CATCH), place,
				   &catches);
	offsets__free(&catches);
	function_search__free(&found);
}
