// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/bad_option.h"

#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/strings.h"

#define OPTIONS_MAX 64

static bool is_last(const struct argp_option *option)
{
	return !option->name && !option->key && !option->doc;
}

static bool is_hidden(const struct argp_option *option)
{
	return option->flags & OPTION_HIDDEN;
}

static void hint_nearest(const struct argp_option *table, const char *name)
{
	const char *names[OPTIONS_MAX];
	const char *nearest;
	size_t len = 0;

	for (const struct argp_option *o = table; !is_last(o) && len < OPTIONS_MAX; o++)
		if (o->name && !is_hidden(o))
			names[len++] = o->name;
	nearest = strings__nearest(name, names, len);
	if (nearest)
		log__hint("nearest: --%s", nearest);
	else
		log__hint("memtrace --help shows what there is");
}

/* A long option, from behind its dashes. getopt takes any beginning that fits one option only. */
static void explain_long(const struct argp_option *table, const char *word)
{
	int name_len = (int)strcspn(word, "=");
	const struct argp_option *match = NULL;
	int matches = 0;
	char name[64];

	for (const struct argp_option *o = table; !is_last(o); o++) {
		if (!o->name || strncmp(o->name, word, name_len))
			continue;
		match = o;
		matches++;
		if ((int)strlen(o->name) == name_len) {
			matches = 1;
			break;
		}
	}
	if (matches > 1) {
		log__error("--%.*s: could be several options", name_len, word);
	} else if (!matches) {
		log__error("--%.*s: no such option", name_len, word);
		snprintf(name, sizeof(name), "%.*s", name_len, word);
		hint_nearest(table, name);
	} else if (match->arg) {
		log__error("--%s: needs %s", match->name, match->arg);
	} else {
		log__error("--%s: takes no value", match->name);
	}
}

static const struct argp_option *find_short(const struct argp_option *table, char letter)
{
	for (const struct argp_option *o = table; !is_last(o); o++)
		if (o->key == letter && letter > ' ')
			return o;
	return NULL;
}

/* Short options in one word, from behind the dash. False: nothing is wrong with them. */
static bool explain_short(const struct argp_option *table, const char *letters)
{
	for (; *letters; letters++) {
		const struct argp_option *option = find_short(table, *letters);

		if (!option) {
			log__error("-%c: no such option", *letters);
			log__hint("memtrace --help shows what there is");
			return true;
		}
		if (!option->arg)
			continue;
		if (letters[1])
			return false;
		log__error("-%c: needs %s", *letters, option->arg);
		return true;
	}
	return false;
}

static bool explain_word(const struct argp_option *table, const char *word)
{
	if (word[0] != '-' || !word[1])
		return false;
	if (word[1] != '-')
		return explain_short(table, word + 1);
	if (!word[2])
		return false;
	explain_long(table, word + 2);
	return true;
}

void bad_option__explain(const struct argp_option *table, int argc, char *const *argv, int next)
{
	/* getopt has passed the word, except when it stopped inside of several short options. */
	if (next - 1 > 0 && next - 1 < argc && explain_word(table, argv[next - 1]))
		return;
	if (next < argc && explain_word(table, argv[next]))
		return;
	log__error("wrong arguments");
	log__hint("memtrace --help shows what there is");
}
