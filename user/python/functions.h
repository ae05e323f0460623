/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which code objects are functions whose calls are windows. */
#pragma once

#include <stdbool.h>

#include "interpreter.h"

struct function {
	unsigned generation;
	bool suspending; /* a generator or coroutine */
	ssize_t code_size;
	char *bytecode; /* of those, where its returns are to be told from its yields */
	char name[];	/* the operation's */
};

/*
 * decide(code, frame): bytes, the operation's name, or None. Whatever was decided before is void.
 * `profiling`: every call of every function will be asked for, and returns told from yields. False
 * when the interpreter cannot keep the answers.
 */
bool functions_start(PyObject *decide, bool profiling);

/* The function that a frame runs; NULL: not one of ours. */
const struct function *functions_of(PyObject *code, PyObject *frame);

/* Whether a suspending function's frame stands at a return. */
bool functions_at_return(const struct function *function, PyObject *frame);
