// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/render.h"

#include <string.h>

#include "report/renderers.h"

static const struct renderer *const renderers[] = {
	&renderer_table,
	&renderer_json,
	&renderer_csv,
};

const struct renderer *render__find(const char *name)
{
	for (size_t i = 0; i < sizeof(renderers) / sizeof(renderers[0]); i++)
		if (!strcmp(renderers[i]->name, name))
			return renderers[i];
	return NULL;
}
