// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/statistics.h"
#include "trace/programs.h"

/*
 * Values kept for the medians, over all operations: 3 x 8 bytes a window. Beyond, each operation
 * goes on with a random sample of what it has (median_exact: false).
 */
#define SAMPLES_MAX    (256 * 1024)
#define SAMPLES_OP_MAX 8192

struct op_samples {
	struct reservoir growth, peak, duration;
};

struct tally {
	bool keep_windows;
	uint64_t start_ns;
	int64_t page_bytes;
	struct op_samples *samples; /* by operation of the kernel side */
	size_t samples_len;
	size_t samples_kept;
	struct window_row *windows; /* .operation is the kernel side's until the end */
	size_t windows_len, windows_allocated;
	int64_t *index; /* kernel side's operation -> report's */
	size_t index_len;
};

int tally__new(struct tally **out, bool keep_windows, uint64_t start_ns, int64_t page_bytes)
{
	struct tally *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->keep_windows = keep_windows;
	t->start_ns = start_ns;
	t->page_bytes = page_bytes;
	*out = t;
	return 0;
}

void tally__set_start(struct tally *t, uint64_t start_ns)
{
	t->start_ns = start_ns;
}

static struct op_samples *samples_of(struct tally *t, uint32_t op)
{
	if (op >= MT_MAX_OPS)
		return NULL;
	if (op >= t->samples_len) {
		size_t more = op + 1 + op / 2;
		struct op_samples *list = reallocarray(t->samples, more, sizeof(*list));

		if (!list)
			return NULL;
		memset(list + t->samples_len, 0, (more - t->samples_len) * sizeof(*list));
		t->samples = list;
		t->samples_len = more;
	}
	return &t->samples[op];
}

static int add_samples(struct tally *t, const struct mt_window_record *r)
{
	struct op_samples *samples = samples_of(t, r->op);
	size_t limit;
	int result;

	if (!samples)
		return -ENOMEM;
	limit = t->samples_kept < SAMPLES_MAX ? SAMPLES_OP_MAX : samples->growth.len;
	if (samples->growth.len < limit)
		t->samples_kept++;
	result = reservoir__add(&samples->growth, r->growth, limit);
	if (!result)
		result = reservoir__add(&samples->peak, r->peak, limit);
	if (!result)
		result = reservoir__add(&samples->duration, (int64_t)r->duration_ns, limit);
	return result;
}

static int add_window(struct tally *t, const struct mt_window_record *r)
{
	int64_t page = t->page_bytes;
	struct window_row *w;

	if (t->windows_len == t->windows_allocated) {
		size_t more = t->windows_allocated ? 2 * t->windows_allocated : 64;

		w = reallocarray(t->windows, more, sizeof(*w));
		if (!w)
			return -ENOMEM;
		t->windows = w;
		t->windows_allocated = more;
	}
	w = &t->windows[t->windows_len++];
	*w = (struct window_row){
		.operation = r->op,
		.id = r->id,
		.parent = r->parent,
		.index = r->index,
		.pid = r->pid,
		.tid = r->tid,
		.overlapped = r->overlapped,
		.begin_ns = (int64_t)(r->begin_ns - t->start_ns),
		.duration_ns = (int64_t)r->duration_ns,
		.end = (enum window_end)r->end,
		.rss_begin_bytes = r->rss_begin * page,
		.growth_bytes = r->growth * page,
		.peak_growth_bytes = r->peak * page,
		.gained_bytes = r->gained * page,
		.returned_bytes = (r->gained - r->growth) * page,
		.own_growth_bytes = r->own * page,
		.self_growth_bytes = (r->growth - r->child) * page,
		.foreign_growth_bytes = r->foreign * page,
		.own_faults = {r->faults_known, r->minor, r->major},
	};
	for (int i = 0; i < MEM_TYPES; i++)
		w->by_type_bytes[i] = r->by_type[i] * page;
	return 0;
}

static bool is_complete(const struct mt_window_record *r)
{
	return r->end == MT_END_END || r->end == MT_END_UNWOUND;
}

int tally__record(struct tally *t, const void *data, size_t size)
{
	const struct mt_window_record *record = data;
	int r = 0;

	if (size < sizeof(*record))
		return -EBADMSG;
	if (is_complete(record))
		r = add_samples(t, record);
	if (!r && t->keep_windows)
		r = add_window(t, record);
	return r;
}

/* One measure of an operation: its exact sums, and the median of what was kept. */
static void summarize(struct summary *out, uint64_t count, int64_t scale, int64_t sum, int64_t min,
		      int64_t max, const struct mt_sum128 *squares, struct reservoir *samples)
{
	const struct exact_sums sums = {
		.count = count,
		.total = sum,
		.min = min,
		.max = max,
		.squares_lo = squares->lo,
		.squares_hi = squares->hi,
	};

	summary__fill(out, &sums, scale, samples);
}

static void fill_operation(struct tally *t, struct operation *o, uint32_t op, const struct mt_op *m)
{
	struct op_samples *samples = samples_of(t, op), none = {0};
	uint64_t complete = m->count - m->incomplete;
	int64_t page = t->page_bytes, growth = 0;

	if (!samples)
		samples = &none;
	o->name = strndup(op == MT_OP_OTHER ? "(other operations)" : m->name, MT_NAME_SIZE);
	o->tid = m->tid;
	o->thread = *m->comm ? strndup(m->comm, sizeof(m->comm)) : NULL;
	o->count = m->count;
	o->incomplete = m->incomplete;
	o->overlapped_count = m->overlapped;
	summarize(&o->growth_bytes, complete, page, m->growth_sum, m->growth_min, m->growth_max,
		  &m->growth_squares, &samples->growth);
	summarize(&o->peak_growth_bytes, complete, page, m->peak_sum, m->peak_min, m->peak_max,
		  &m->peak_squares, &samples->peak);
	summarize(&o->duration_ns, complete, 1, m->duration_sum, m->duration_min, m->duration_max,
		  &m->duration_squares, &samples->duration);
	o->peak_rss_bytes = m->peak_rss * page;
	for (int i = 0; i < MEM_RSS_TYPES; i++)
		o->peak_by_type_bytes[i] = m->peak_by_type[i] * page;
	for (int i = 0; i < MEM_TYPES; i++)
		o->by_type_bytes[i] = m->by_type[i] * page;
	for (int i = 0; i < MEM_RSS_TYPES; i++)
		growth += o->by_type_bytes[i];
	o->gained_bytes = m->gained * page;
	o->returned_bytes = o->gained_bytes - growth;
	o->own_growth_bytes = m->own * page;
	o->self_growth_bytes = growth - m->child * page;
	o->foreign_growth_bytes = m->foreign * page;
	o->own_faults = (struct faults){!m->faults_unknown, m->minor, m->major};
	o->parent = -1;
}

/* An operation of the kernel side on its way into the report. */
struct entry {
	uint32_t op;
	uint32_t parent;
	uint64_t first_begin_ns;
	struct operation operation;
};

static int by_first_begin(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->first_begin_ns != y->first_begin_ns)
		return x->first_begin_ns < y->first_begin_ns ? -1 : 1;
	return x->op < y->op ? -1 : x->op > y->op;
}

static struct entry *read_entries(struct tally *t, const struct programs *programs, size_t *len)
{
	struct entry *entries = NULL;
	size_t allocated = 0;
	struct mt_op m;

	*len = 0;
	for (uint32_t op = 0; programs__read_op(programs, op, &m); op++) {
		if (!m.count)
			continue;
		if (*len == allocated) {
			struct entry *more;

			allocated = allocated ? 2 * allocated : 32;
			more = reallocarray(entries, allocated, sizeof(*more));
			if (!more)
				break;
			entries = more;
		}
		entries[*len] = (struct entry){op, m.parent, m.first_begin_ns, {0}};
		fill_operation(t, &entries[(*len)++].operation, op, &m);
	}
	return entries;
}

static void set_parents(const struct tally *t, const struct entry *entries, struct report *out)
{
	for (size_t i = 0; i < out->operations_len; i++) {
		int64_t parent;

		if (entries[i].parent < MT_PARENT_OP)
			continue;
		parent = tally__index(t, entries[i].parent - MT_PARENT_OP);
		out->operations[i].parent = parent == (int64_t)i ? -1 : parent;
	}
}

static void set_windows(struct tally *t, struct report *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->windows_len; i++) {
		int64_t index = tally__index(t, (uint32_t)t->windows[i].operation);

		if (index < 0)
			continue;
		t->windows[i].operation = (size_t)index;
		t->windows[kept++] = t->windows[i];
	}
	out->windows = t->windows;
	out->windows_len = kept;
	t->windows = NULL;
	t->windows_len = t->windows_allocated = 0;
}

int tally__finish(struct tally *t, const struct programs *programs, struct report *out)
{
	struct entry *entries;
	size_t len;

	entries = read_entries(t, programs, &len);
	out->operations = calloc(len ? len : 1, sizeof(*out->operations));
	t->index = calloc(MT_MAX_OPS, sizeof(*t->index));
	if (!out->operations || !t->index) {
		free(entries);
		return -ENOMEM;
	}
	t->index_len = MT_MAX_OPS;
	for (size_t i = 0; i < t->index_len; i++)
		t->index[i] = -1;
	if (len)
		qsort(entries, len, sizeof(*entries), by_first_begin);
	for (size_t i = 0; i < len; i++) {
		out->operations[i] = entries[i].operation;
		t->index[entries[i].op] = (int64_t)i;
	}
	out->operations_len = len;
	set_parents(t, entries, out);
	set_windows(t, out);
	free(entries);
	return 0;
}

int64_t tally__index(const struct tally *t, uint32_t op)
{
	return op < t->index_len ? t->index[op] : -1;
}

void tally__free(struct tally *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->samples_len; i++) {
		reservoir__free(&t->samples[i].growth);
		reservoir__free(&t->samples[i].peak);
		reservoir__free(&t->samples[i].duration);
	}
	free(t->samples);
	free(t->windows);
	free(t->index);
	free(t);
}
