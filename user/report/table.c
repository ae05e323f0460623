// SPDX-License-Identifier: GPL-2.0-or-later
/* The table for people: operations, windows, processes, and what to know about the numbers. */
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "model/groups.h"
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

/* Breaks where a word would not fit; what follows is indented. */
static void write_words(const struct canvas *canvas, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t len = strcspn(text, " "), width;
		char *word = strndup(text, len);

		width = word ? grid__text_width(word) : len;
		free(word);
		if (column && canvas->width && column + 1 + width > canvas->width) {
			fputs("\n  ", canvas->stream);
			column = 2;
		} else if (column) {
			fputc(' ', canvas->stream);
			column++;
		}
		fwrite(text, 1, len, canvas->stream);
		column += width;
		text += len;
		text += strspn(text, " ");
	}
}

static __attribute__((format(printf, 3, 0))) int write_line(const struct canvas *canvas, bool dim,
							    const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		return -ENOMEM;
	if (dim && canvas->color)
		fputs("\033[2m", canvas->stream);
	write_words(canvas, text);
	fputs(dim && canvas->color ? "\033[0m\n" : "\n", canvas->stream);
	free(text);
	return 0;
}

int table__line(const struct canvas *canvas, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = write_line(canvas, false, format, args);
	va_end(args);
	return r;
}

int table__footnote(const struct canvas *canvas, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = write_line(canvas, true, format, args);
	va_end(args);
	return r;
}

int table__explain_overlap(struct canvas *canvas)
{
	if (canvas->overlap_explained)
		return 0;
	canvas->overlap_explained = true;
	return table__footnote(canvas,
			       "* another thread had a window open at the same time: its "
			       "pages are counted in both; own growth is the one to add up");
}

static int print_all(const struct report *report, const struct render_options *options,
		     struct canvas *canvas)
{
	int r = table__operations(report, options, canvas);

	if (!r)
		r = table__windows(report, options, canvas);
	if (!r)
		r = report_by__groups(report->by) ? table__groups(report, canvas)
						  : table__processes(report, canvas);
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
	struct canvas canvas = {
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

const struct renderer renderer_table = {.name = "table", .render = render};
