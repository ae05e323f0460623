// SPDX-License-Identifier: GPL-2.0-or-later
#include "golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

char *golden__render(const char *renderer, const struct report *report,
		     const struct render_options *options)
{
	FILE *stream = tmpfile();
	char *text;
	long size;

	assert_non_null(stream);
	assert_non_null(render__find(renderer));
	assert_int_equal(render__find(renderer)->render(report, options, stream), 0);
	size = ftell(stream);
	assert_true(size >= 0);
	rewind(stream);
	text = calloc(1, (size_t)size + 1);
	assert_int_equal(fread(text, 1, (size_t)size, stream), size);
	fclose(stream);
	return text;
}

static char *with_version_hidden(const char *text)
{
	static const char key[] = "\"memtrace_version\": \"", *version = MEMTRACE_VERSION;
	const char *at = strstr(text, key);
	char *result;

	if (!at || strncmp(at + strlen(key), version, strlen(version)))
		return strdup(text);
	at += strlen(key);
	assert_true(asprintf(&result, "%.*s@VERSION@%s", (int)(at - text), text,
			     at + strlen(version)) > 0);
	return result;
}

void golden__compare(const char *file, const char *text)
{
	char path[512], *seen = with_version_hidden(text), *expected;
	bool update = getenv("MEMTRACE_UPDATE_GOLDEN");
	FILE *stream;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", GOLDEN_DIR, file);
	stream = fopen(path, update ? "we" : "re");
	if (!stream)
		fail_msg("%s: cannot open; scripts/update-golden writes it", path);
	if (update) {
		assert_int_equal(fwrite(seen, 1, strlen(seen), stream), strlen(seen));
	} else {
		expected = calloc(1, strlen(seen) + 2);
		size = fread(expected, 1, strlen(seen) + 1, stream);
		if (size != strlen(seen) || memcmp(expected, seen, size))
			fail_msg("%s differs; now:\n%s", path, seen);
		free(expected);
	}
	assert_int_equal(fclose(stream), 0);
	free(seen);
}
