/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions of a Python program as operations: an agent (user/python) that the interpreter loads
 * through its environment calls its own copy of the marker library.
 */
#pragma once

#include <limits.h>
#include <stddef.h>

#include "trace/spawn.h"
#include "trace/window_spec.h"

#define PYTHON_VARIABLES 3

/* The directory of the agent. -ENOENT, logged, when it is not where it was installed. */
int python__find_agent(char directory[PATH_MAX]);

/* What the agent looks for, a line each; NULL when memory runs out. To be freed. */
char *python__join_patterns(const struct window_spec *specs, size_t len);

/*
 * The variables to add to the environment of a COMMAND: PYTHONPATH, where the agent's directory
 * goes first, the patterns and the library. To be freed by python__free_variables(). -ENOENT,
 * logged, as above.
 */
int python__make_variables(struct spawn_variable variables[PYTHON_VARIABLES],
			   const struct window_spec *specs, size_t specs_len);
void python__free_variables(struct spawn_variable variables[PYTHON_VARIABLES]);
