// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/presets.h"

#include <string.h>

static const struct preset presets[] = {
	{"java:gc", "usdt:*:hotspot:gc__begin(arg1:int),gc__end",
	 "gc, full=", "Collections of a HotSpot JVM"},
	{"php:request", "usdt:*:php:request__startup(arg2:str),request__shutdown", "",
	 "Requests of a PHP built with DTrace probes, by URI"},
	{"postgres:query", "usdt:*:postgresql:query__start(arg1:str),query__done", "",
	 "Statements of a PostgreSQL server process, by their text"},
	{"postgres:sort", "usdt:*:postgresql:sort__start(arg1:int),sort__done",
	 "sort, kind=", "Sorts of a PostgreSQL server process"},
	{"postgres:transaction",
	 "usdt:*:postgresql:transaction__start,transaction__commit|transaction__abort", "",
	 "Transactions of a PostgreSQL server process"},
	{"python:gc", "usdt:*:python:gc__start(arg1:int),gc__done",
	 "gc, generation=", "Garbage collections of a CPython built with USDT probes"},
	{"python:import",
	 "usdt:*:python:import__find__load__start(arg1:str),import__find__load__done", "import ",
	 "Imports of a CPython built with USDT probes"},
	{"ruby:gc", "usdt:*:ruby:gc__mark__begin,gc__sweep__end", "",
	 "Collections of a Ruby built with DTrace probes"},
};

const struct preset *presets__find(const char *name)
{
	for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++)
		if (!strcmp(presets[i].name, name))
			return &presets[i];
	return NULL;
}

const struct preset *presets__list(size_t *len)
{
	*len = sizeof(presets) / sizeof(presets[0]);
	return presets;
}
