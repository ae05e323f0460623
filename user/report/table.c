// SPDX-License-Identifier: GPL-2.0-or-later
/* The table for people: operations, windows, processes, and what to know about the numbers. */
#include <errno.h>
#include <locale.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report/renderers.h"
#include "report/table_parts.h"

#define WIDTH_UNKNOWN 80 /* a terminal that does not tell */

/* Of a terminal; 0 for a file or pipe, where nothing is cut. */
static size_t width_of(FILE *stream)
{
	struct winsize size;
	int fd = fileno(stream);

	if (fd < 0 || !isatty(fd))
		return 0;
	if (ioctl(fd, TIOCGWINSZ, &size) || !size.ws_col)
		return WIDTH_UNKNOWN;
	return size.ws_col;
}

void table__footnote(const struct canvas *canvas, const char *text)
{
	fprintf(canvas->stream, canvas->color ? "\033[2m%s\033[0m\n" : "%s\n", text);
}

static int print_all(const struct report *report, const struct render_options *options,
		     const struct canvas *canvas)
{
	int r = table__operations(report, options, canvas);

	if (!r)
		r = table__windows(report, options, canvas);
	if (!r)
		r = table__processes(report, canvas);
	if (!r)
		r = table__notes(report, canvas);
	return r;
}

/*
 * Widths of characters and the decimal point are those of C.UTF-8 whatever the user's locale: what
 * is printed is UTF-8 with points, and a report looks the same everywhere.
 */
static int render(const struct report *report, const struct render_options *options, FILE *stream)
{
	const struct canvas canvas = {
		.stream = stream,
		.width = width_of(stream),
		.color = options->color,
		.bytes = options->bytes,
	};
	locale_t utf8 = newlocale(LC_CTYPE_MASK | LC_NUMERIC_MASK, "C.UTF-8", (locale_t)0);
	locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
	int r = print_all(report, options, &canvas);

	if (utf8) {
		uselocale(before);
		freelocale(utf8);
	}
	return r ? r : ferror(stream) ? -EIO : 0;
}

const struct renderer renderer_table = { .name = "table", .render = render };
