// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/list_windows.h"

#include <stdio.h>

#include "trace/presets.h"
#include "trace/window_spec.h"

int list_windows__run(void)
{
	const char *form, *about;
	size_t len;
	const struct preset *presets = presets__list(&len);

	for (size_t i = 0; window_spec__form(i, &form, &about); i++)
		printf("%s\n\t%s\n", form, about);
	for (size_t i = 0; i < len; i++)
		printf("%s\n\t%s\n\t= %s\n", presets[i].name, presets[i].about, presets[i].spec);
	return fflush(stdout) || ferror(stdout) ? 1 : 0;
}
