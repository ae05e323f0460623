/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of options: 0, or -EINVAL after an error message; *out is set on success only. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "cli/options.h"

/* --duration: seconds above 0, a decimal is fine. */
int values__duration(int64_t *out_ns, const char *text);
/* --top: a number above 0. */
int values__top(size_t *out, const char *text);
/* --color: auto, always, never. */
int values__color(enum color *out, const char *text);
/* --by: process, comm, cgroup, user, thread. */
int values__by(enum report_by *out, const char *text);
/* --columns and --sort: names of columns; `option` is for the message. */
int values__columns(const char *option, const char *list);
