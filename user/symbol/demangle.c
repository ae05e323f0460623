// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbol/demangle.h"

#include <stdbool.h>
#include <stddef.h>
#include <libiberty/demangle.h>

void demangle(const char *symbol, char **full, char **plain)
{
	*full = *plain = NULL;
	if (symbol[0] != '_')
		return;
	*full = rust_demangle(symbol, DMGL_NO_OPTS); /* of Rust's own two kinds only */
	if (!*full)
		*full = cplus_demangle_v3(symbol, DMGL_PARAMS | DMGL_ANSI | DMGL_RET_DROP);
	if (*full)
		*plain = cplus_demangle_v3(symbol, DMGL_ANSI | DMGL_RET_DROP);
}
