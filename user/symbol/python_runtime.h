/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which CPython an ELF file is or carries. */
#pragma once

#include <stdint.h>

/* PY_VERSION_HEX of the first version that runs a script for others (sys.remote_exec, PEP 768). */
#define PYTHON_REMOTE_EXEC 0x030e0000

/*
 * Looks for the interpreter's runtime in the file behind fd, which may be hostile. 0, and *version
 * as PY_VERSION_HEX or 0 where the file does not say (before 3.13); -ENOENT when it is no CPython;
 * other negative errno.
 */
int python_runtime__version(int fd, uint32_t *version);
