/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What renderers write, and the files of tests/golden that it is compared with. */
#pragma once

#include "model/report.h"
#include "report/render.h"

/* What a renderer writes to a file; the caller frees it. Fails the test when the renderer does. */
char *golden__render(const char *renderer, const struct report *report,
		     const struct render_options *options);

/*
 * Compares with a file of tests/golden, memtrace's version read as @VERSION@. With
 * MEMTRACE_UPDATE_GOLDEN in the environment the file is written instead (scripts/update-golden).
 */
void golden__compare(const char *file, const char *text);
