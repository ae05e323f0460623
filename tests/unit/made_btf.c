// SPDX-License-Identifier: GPL-2.0-or-later
#include "made_btf.h"

#include <bpf/btf.h>
#include <stdbool.h>
#include <string.h>

static int add_counter(struct btf *btf, const char *kind)
{
	int long_type = btf__add_int(btf, "long", 8, BTF_INT_SIGNED);
	int int_type = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	int slots = btf__add_ptr(btf, !strcmp(kind, "wide-slots") ? long_type : int_type);
	int counter;

	if (!strcmp(kind, "tree")) {
		counter = btf__add_struct(btf, "percpu_counter_tree", 24);
		btf__add_field(btf, "level0", slots, 0, 0);
		btf__add_field(btf, "bias", long_type, 64, 0);
		return counter;
	}
	counter = btf__add_struct(btf, "percpu_counter", 24);
	btf__add_field(btf, "count", long_type, 64, 0);
	if (strcmp(kind, "one-cpu")) {
		btf__add_field(btf, "lock", int_type, 0, 0);
		btf__add_field(btf, "counters", slots, 128, 0);
	}
	return counter;
}

static int add_split(struct btf *btf)
{
	int number = btf__add_int(btf, "long", 8, BTF_INT_SIGNED);
	int atomic = btf__add_struct(btf, "atomic64_t", 8), array, stat;

	btf__add_field(btf, "counter", number, 0, 0);
	array = btf__add_array(btf, number, atomic, 4);
	stat = btf__add_struct(btf, "mm_rss_stat", 32);
	btf__add_field(btf, "count", array, 0, 0);
	return stat;
}

/* The counters stand in an anonymous struct, as they do in kernels. */
static void add_mm(struct btf *btf, int stat)
{
	int inner = btf__add_struct(btf, NULL, 128);

	btf__add_field(btf, "rss_stat", stat, 0, 0);
	btf__add_struct(btf, "mm_struct", 128);
	btf__add_field(btf, NULL, inner, 0, 0);
}

static void add_order(struct btf *btf, bool reordered)
{
	btf__add_enum(btf, NULL, 4);
	btf__add_enum_value(btf, "MM_FILEPAGES", reordered ? 1 : 0);
	btf__add_enum_value(btf, "MM_ANONPAGES", reordered ? 0 : 1);
	btf__add_enum_value(btf, "MM_SWAPENTS", 2);
	btf__add_enum_value(btf, "MM_SHMEMPAGES", 3);
}

static void add_tracepoint(struct btf *btf, int arguments)
{
	int number = btf__add_int(btf, "unsigned long", 8, 0), proto;

	proto = btf__add_func_proto(btf, 0);
	for (int i = 0; i <= arguments; i++)
		btf__add_func_param(btf, "", number);
	btf__add_typedef(btf, "btf_trace_rss_stat", btf__add_ptr(btf, proto));
}

static bool is_known(const char *name)
{
	static const char *const names[] = {
		"percpu",     "one-cpu", "split",	   "tree",	    "reordered",
		"wide-slots", "few",	 "old-tracepoint", "no-tracepoint", "no-mm"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

struct btf *made_btf__new(const char *name)
{
	bool split = !strcmp(name, "split");
	struct btf *btf;
	int stat;

	if (!is_known(name))
		return NULL;
	btf = btf__new_empty();
	if (!btf || !strcmp(name, "no-mm"))
		return btf;
	if (split)
		stat = add_split(btf);
	else
		stat = btf__add_array(btf, 1, add_counter(btf, name), strcmp(name, "few") ? 4 : 2);
	add_mm(btf, stat);
	add_order(btf, !strcmp(name, "reordered"));
	if (strcmp(name, "no-tracepoint"))
		add_tracepoint(btf, split ? 3 : !strcmp(name, "old-tracepoint") ? 1 : 2);
	return btf;
}
