// SPDX-License-Identifier: GPL-2.0-or-later
/* What stands below the tables: the tree's peak, how exact all is, what was missed. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/strings.h"
#include "base/units.h"
#include "model/losses.h"
#include "report/table_parts.h"

static int print_tree(const struct tree *tree, const struct canvas *canvas)
{
	char peak[UNITS_SIZE], at[UNITS_SIZE], *open;

	if (tree->processes < 2)
		return 0;
	open = values__join(tree->peak_operations, tree->peak_operations_len);
	if (!open)
		return -ENOMEM;
	units__bytes(peak, sizeof(peak), tree->peak_rss_bytes, canvas->bytes);
	units__duration(at, sizeof(at), (double)tree->peak_at_ns);
	fprintf(canvas->stream, "peak of all %" PRIu64 " processes together: %s at %s, %s%s\n",
		tree->processes, peak, at, *open ? "in " : "no operation open", open);
	free(open);
	return 0;
}

static int print_losses(const struct losses *losses, const struct canvas *canvas, bool *any)
{
	size_t len;
	const struct loss *table = losses__table(&len);

	for (size_t i = 0; i < len; i++) {
		uint64_t value = losses__value(losses, &table[i]);

		if (value && canvas)
			fprintf(canvas->stream, "lost: %" PRIu64 " %s\n", value, table[i].meaning);
		*any |= value != 0;
	}
	return 0;
}

static int print_exactness(const struct report *report, const struct canvas *canvas)
{
	const struct accounting *a = &report->accounting;
	char bound[UNITS_SIZE], *note = strings__escape(a->note ? a->note : "");

	if (!note)
		return -ENOMEM;
	units__bytes(bound, sizeof(bound), a->error_bound_bytes, canvas->bytes);
	if (a->error_bound_bytes)
		fprintf(canvas->stream, "exact within %s%s", bound, canvas->bytes ? " bytes" : "");
	else
		fputs("exact to the page", canvas->stream);
	fprintf(canvas->stream, "%s%s\n", *note ? ": " : "", note);
	free(note);
	return 0;
}

static int print_late(const struct trace_info *trace, const struct canvas *canvas)
{
	for (size_t i = 0; i < trace->late_len; i++) {
		char at[UNITS_SIZE], *object = strings__escape(trace->late[i].object);

		if (!object)
			return -ENOMEM;
		units__duration(at, sizeof(at), (double)trace->late[i].at_ns);
		fprintf(canvas->stream, "markers of %s counted from %s on\n", object, at);
		free(object);
	}
	return 0;
}

int table__notes(const struct report *report, const struct canvas *canvas)
{
	bool any = false;
	int r;

	fputc('\n', canvas->stream);
	r = print_tree(&report->tree, canvas);
	if (!r)
		r = print_exactness(report, canvas);
	if (r)
		return r;
	print_losses(&report->losses, canvas, &any);
	if (!any)
		fputs("nothing lost\n", canvas->stream);
	if (report->trace.outside_processes)
		fprintf(canvas->stream,
			"%" PRIu64 " process%s outside the trace map%s a probed file and run%s "
			"into its probes, too\n",
			report->trace.outside_processes,
			report->trace.outside_processes == 1 ? "" : "es",
			report->trace.outside_processes == 1 ? "s" : "",
			report->trace.outside_processes == 1 ? "s" : "");
	return print_late(&report->trace, canvas);
}
