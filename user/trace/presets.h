/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names for pairs of probes that well-known programs have. */
#pragma once

#include <stddef.h>

struct preset {
	const char *name;
	const char *spec;
	const char *prefix; /* before the argument in the operation's name */
	const char *about;
};

/* NULL when there is none of that name. */
const struct preset *presets__find(const char *name);

/* All of them, by name. */
const struct preset *presets__list(size_t *len);
