// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One row an operation (quoted as in RFC 4180): the keys of its JSON object, those of nested
 * objects joined with a dot. An unknown value is an empty field.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "report/json_values.h"
#include "report/renderers.h"

static void write_text(FILE *stream, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, stream);
		return;
	}
	fputc('"', stream);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', stream);
		fputc(*text, stream);
	}
	fputc('"', stream);
}

static void write_value(FILE *stream, const json_t *value)
{
	if (json_is_string(value))
		write_text(stream, json_string_value(value));
	else if (!json_is_null(value))
		json_dumpf(value, stream, JSON_ENCODE_ANY);
}

/* Writes the keys (header) or the values of an object, *first telling whether a comma is due. */
static void write_fields(FILE *stream, json_t *object, const char *prefix, bool header, bool *first)
{
	const char *key;
	json_t *value;

	json_object_foreach (object, key, value) {
		char name[128];

		snprintf(name, sizeof(name), "%s%s%s", prefix, *prefix ? "." : "", key);
		if (json_is_object(value)) {
			write_fields(stream, value, name, header, first);
			continue;
		}
		if (!*first)
			fputc(',', stream);
		*first = false;
		if (header)
			fputs(name, stream);
		else
			write_value(stream, value);
	}
}

static int write_row(FILE *stream, const struct operation *operation, bool by_thread, bool header)
{
	json_t *object = json_of_operation(operation, true, by_thread);
	bool first = true;

	if (!object)
		return -ENOMEM;
	write_fields(stream, object, "", header, &first);
	fputs("\n", stream);
	json_decref(object);
	return 0;
}

static int render(const struct report *report, const struct render_options *options, FILE *stream)
{
	static const struct operation none = {.name = (char *)""};
	bool by_thread = report->by == BY_THREAD;
	int r = write_row(stream, &none, by_thread, true);

	(void)options;
	for (size_t i = 0; !r && i < report->operations_len; i++)
		r = write_row(stream, &report->operations[i], by_thread, false);
	return r ? r : ferror(stream) ? -EIO : 0;
}

const struct renderer renderer_csv = {.name = "csv", .render = render};
