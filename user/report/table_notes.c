// SPDX-License-Identifier: GPL-2.0-or-later
/* What stands below the tables: the tree's peak, how exact all is, what was missed. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/strings.h"
#include "base/units.h"
#include "model/losses.h"
#include "report/table_parts.h"

/* A process that goes on with exec has several rows, but is one. */
static bool is_one_process(const struct report *report)
{
	if (report->tree.processes < 2)
		return true;
	for (size_t i = 1; i < report->processes_len; i++)
		if (report->processes[i].pid != report->processes[0].pid)
			return false;
	return report->processes_len > 1;
}

static int print_tree(const struct report *report, const struct canvas *canvas)
{
	const struct tree *tree = &report->tree;
	char peak[UNITS_SIZE], at[UNITS_SIZE], *open;
	int r;

	if (is_one_process(report))
		return 0;
	open = values__join(tree->peak_operations, tree->peak_operations_len);
	if (!open)
		return -ENOMEM;
	units__bytes(peak, sizeof(peak), tree->peak_rss_bytes, canvas->bytes);
	units__duration(at, sizeof(at), (double)tree->peak_at_ns);
	r = table__line(canvas, "peak of all processes together: %s at %s, %s%s", peak, at,
			*open ? "in " : "no operation open", open);
	free(open);
	return r;
}

/* How exact, and where all is well in the same line that nothing is missing. */
static int print_exactness(const struct report *report, const struct canvas *canvas, bool any_loss)
{
	const struct accounting *a = &report->accounting;
	char bound[UNITS_SIZE], *note = strings__escape(a->note ? a->note : "");
	int r;

	if (!note)
		return -ENOMEM;
	units__bytes(bound, sizeof(bound), a->error_bound_bytes, canvas->bytes);
	if (a->error_bound_bytes)
		r = table__line(canvas, "exact within %s%s%s%s", bound,
				canvas->bytes ? " bytes" : "", *note ? ": " : "", note);
	else if (*note)
		r = table__line(canvas, "exact to the page: %s", note);
	else
		r = table__line(canvas, "exact to the page%s", any_loss ? "" : ", nothing lost");
	if (!r && !any_loss && (a->error_bound_bytes || *note))
		r = table__line(canvas, "nothing lost");
	free(note);
	return r;
}

static bool is_any_lost(const struct losses *losses)
{
	size_t len;
	const struct loss *table = losses__table(&len);

	for (size_t i = 0; i < len; i++)
		if (losses__value(losses, &table[i]))
			return true;
	return false;
}

static int print_losses(const struct losses *losses, const struct canvas *canvas)
{
	size_t len;
	const struct loss *table = losses__table(&len);
	int r = 0;

	for (size_t i = 0; !r && i < len; i++) {
		uint64_t value = losses__value(losses, &table[i]);

		if (value)
			r = table__line(canvas, "lost: %" PRIu64 " %s", value, table[i].meaning);
	}
	return r;
}

static int print_late(const struct trace_info *trace, const struct canvas *canvas)
{
	int r = 0;

	for (size_t i = 0; !r && i < trace->late_len; i++) {
		char at[UNITS_SIZE], *object = strings__escape(trace->late[i].object);

		if (!object)
			return -ENOMEM;
		units__duration(at, sizeof(at), (double)trace->late[i].at_ns);
		r = table__line(canvas, "probes in %s count from %s on", object, at);
		free(object);
	}
	return r;
}

static int print_outside(uint64_t processes, const struct canvas *canvas)
{
	if (!processes)
		return 0;
	return table__line(canvas,
			   "%" PRIu64 " process%s outside the trace map%s a probed file, and "
			   "run%s into its probes, too",
			   processes, processes == 1 ? "" : "es", processes == 1 ? "s" : "",
			   processes == 1 ? "s" : "");
}

int table__notes(const struct report *report, const struct canvas *canvas)
{
	int r;

	fputc('\n', canvas->stream);
	r = print_tree(report, canvas);
	if (!r)
		r = print_exactness(report, canvas, is_any_lost(&report->losses));
	if (!r)
		r = print_losses(&report->losses, canvas);
	if (!r)
		r = print_late(&report->trace, canvas);
	return r ? r : print_outside(report->trace.outside_processes, canvas);
}
