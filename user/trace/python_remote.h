/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Brings the agent for -w python:NAME into a running interpreter, CPython 3.14 or later: it is told
 * to run a script at its next safe point, by an interpreter of the same kind that runs as its user,
 * in its namespaces and root directory. A child of ours does that; when we let go, or die, it has
 * the agent stopped and takes away the copy that was made of it.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "trace/window_spec.h"

struct python_remote;

/*
 * -ENOTSUP when the process is no interpreter that can do it, other negative errno; logged. That it
 * returned 0 does not yet mean that the script has run: a program that waits in C code will do it
 * when it comes back.
 */
int python_remote__start(struct python_remote **out, pid_t pid, const struct window_spec *specs,
			 size_t specs_len);

/* Accepts NULL. */
void python_remote__stop(struct python_remote *remote);
