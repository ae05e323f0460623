// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "model/groups.h"
#include "report/columns.h"

/* Digits with at most one point among them: strtod() would take "inf", "0x1p3" and a locale's
 * comma. */
int values__duration(int64_t *out_ns, const char *text)
{
	size_t whole = strspn(text, "0123456789");
	size_t len = whole;
	double seconds;

	if (text[len] == '.')
		len += 1 + strspn(text + len + 1, "0123456789");
	if (text[len] || len == (text[whole] == '.'))
		goto bad;
	seconds = strtod(text, NULL);
	/* A hundred years fit into 63 bits of nanoseconds. */
	if (seconds > 3e9 || seconds < 1e-9)
		goto bad;
	*out_ns = (int64_t)(seconds * 1e9);
	return 0;
bad:
	log__error("--duration: not a number of seconds above 0: %s", text);
	return -EINVAL;
}

int values__top(size_t *out, const char *text)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long value = strtoul(text, NULL, 10);

	if (!digits || text[digits] || digits > 9 || !value) {
		log__error("--top: not a number above 0: %s", text);
		return -EINVAL;
	}
	*out = value;
	return 0;
}

int values__color(enum color *out, const char *text)
{
	static const char *const names[] = {
		[COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(text, names[i])) {
			*out = (enum color)i;
			return 0;
		}
	log__error("--color: not auto, always or never: %s", text);
	return -EINVAL;
}

int values__by(enum report_by *out, const char *text)
{
	enum report_by by = BY_PROCESS;

	while (report_by__name(by) && strcmp(report_by__name(by), text))
		by++;
	if (!report_by__name(by)) {
		log__error("--by: not process, comm, cgroup, user or thread: %s", text);
		return -EINVAL;
	}
	*out = by;
	return 0;
}

int values__columns(const char *option, const char *list)
{
	return columns__check(option, list);
}
