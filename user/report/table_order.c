// SPDX-License-Identifier: GPL-2.0-or-later
/* The order of operations in the table: a tree, siblings sorted. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/table_parts.h"

struct order {
	const struct report *report;
	const struct values *values;
	enum column sort[COLUMNS];
	size_t sort_len;
	/* Nodes of the tree: 0 is above all roots, i + 1 stands for operation i. */
	size_t *parent;	  /* by node, a node */
	size_t *first;	  /* by node: its first child in `children`, then the next to visit */
	size_t *last;	  /* by node: behind its last child */
	size_t *children; /* nodes without the top, those of one parent side by side */
	size_t *place;	  /* by node: in the result */
};

/* Names go up, all else comes down from the largest; what is equal stays in order of begin. */
static int compare(const void *a, const void *b, void *context)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	const struct order *o = context;
	int r = 0;

	if (o->parent[x] != o->parent[y])
		return o->parent[x] < o->parent[y] ? -1 : 1;
	for (size_t i = 0; !r && i < o->sort_len; i++) {
		if (o->sort[i] == COLUMN_NAME)
			r = strcmp(o->report->operations[x - 1].name,
				   o->report->operations[y - 1].name);
		else
			r = values__compare(&o->values[x - 1], &o->values[y - 1], o->sort[i]);
	}
	return r ? r : x < y ? -1 : x > y;
}

/* The parent's node; 0 for a root, and where a damaged recording has parents going in circles. */
static size_t parent_node(const struct report *report, size_t operation)
{
	size_t len = report->operations_len, at = operation, steps = 0;
	int64_t parent;

	for (;;) {
		parent = report->operations[at].parent;
		if (parent < 0 || (size_t)parent >= len)
			break;
		at = (size_t)parent;
		if (++steps > len)
			return 0;
	}
	parent = report->operations[operation].parent;
	return parent < 0 || (size_t)parent >= len ? 0 : (size_t)parent + 1;
}

static void sort_children(struct order *o)
{
	size_t len = o->report->operations_len;

	for (size_t i = 0; i < len; i++) {
		o->parent[i + 1] = parent_node(o->report, i);
		o->children[i] = i + 1;
	}
	qsort_r(o->children, len, sizeof(*o->children), compare, o);
	for (size_t i = 0; i < len; i++) {
		size_t parent = o->parent[o->children[i]];

		if (!i || parent != o->parent[o->children[i - 1]])
			o->first[parent] = i;
		o->last[parent] = i + 1;
	}
}

static void walk(struct order *o, struct ordered *out)
{
	size_t node = 0, done = 0;

	for (;;) {
		if (o->first[node] < o->last[node]) {
			size_t child = o->children[o->first[node]++];

			o->place[child] = done;
			out[done++] = (struct ordered){
				.operation = child - 1,
				.parent = node ? o->place[node] : ORDERED_ROOT,
			};
			node = child;
		} else if (node) {
			node = o->parent[node];
		} else {
			return;
		}
	}
}

int order__operations(const struct report *report, const struct values *values, const char *sort,
		      struct ordered **out)
{
	size_t len = report->operations_len, nodes = len + 1;
	struct order o = {.report = report, .values = values};
	struct ordered *list;
	size_t *memory;
	int r = sort ? columns__parse(sort, o.sort, &o.sort_len) : 0;

	if (r)
		return r;
	memory = calloc(nodes, 5 * sizeof(*memory));
	list = calloc(nodes, sizeof(*list));
	if (!memory || !list) {
		free(memory);
		free(list);
		return -ENOMEM;
	}
	o.parent = memory;
	o.first = memory + nodes;
	o.last = memory + 2 * nodes;
	o.children = memory + 3 * nodes;
	o.place = memory + 4 * nodes;
	sort_children(&o);
	walk(&o, list);
	free(memory);
	*out = list;
	return 0;
}
