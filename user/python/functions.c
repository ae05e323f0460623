/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answer for a code object is kept on it and freed with it: a pointer to a struct function or,
 * for the many others and only where they will be asked for again, the generation as an odd number.
 */
#include "functions.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static PyObject *decide;
static ssize_t extra_index = -1;
static unsigned generation;
static bool profiling;
static PyObject *co_code, *co_flags, *f_lasti;		 /* as strings */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* for builds without a GIL */

static int get_extra(PyObject *code, void **extra)
{
	return PyUnstable_Code_GetExtra ? PyUnstable_Code_GetExtra(code, extra_index, extra)
					: _PyCode_GetExtra(code, extra_index, extra);
}

static int set_extra(PyObject *code, void *extra)
{
	return PyUnstable_Code_SetExtra ? PyUnstable_Code_SetExtra(code, extra_index, extra)
					: _PyCode_SetExtra(code, extra_index, extra);
}

static void free_extra(void *extra)
{
	struct function *function = extra;

	if ((uintptr_t)extra & 1 || !extra)
		return;
	free(function->bytecode);
	free(function);
}

bool functions_start(PyObject *new_decide, bool new_profiling)
{
	if (extra_index < 0 && PyUnstable_Eval_RequestCodeExtraIndex)
		extra_index = PyUnstable_Eval_RequestCodeExtraIndex(free_extra);
	else if (extra_index < 0 && _PyEval_RequestCodeExtraIndex)
		extra_index = _PyEval_RequestCodeExtraIndex(free_extra);
	if (!f_lasti) {
		co_code = PyUnicode_InternFromString("co_code");
		co_flags = PyUnicode_InternFromString("co_flags");
		f_lasti = PyUnicode_InternFromString("f_lasti");
	}
	Py_IncRef(new_decide);
	decide = new_decide;
	profiling = new_profiling;
	generation++;
	return extra_index >= 0 && co_code && co_flags && f_lasti;
}

static long number(PyObject *object, PyObject *attribute)
{
	PyObject *value = PyObject_GetAttr(object, attribute);
	long result = value ? PyLong_AsLong(value) : -1;

	if (value)
		Py_DecRef(value);
	else
		PyErr_Clear();
	return result;
}

static void copy_bytecode(struct function *function, PyObject *code)
{
	PyObject *bytes = PyObject_GetAttr(code, co_code);
	char *start;
	ssize_t size;

	if (bytes && PyBytes_AsStringAndSize(bytes, &start, &size) == 0) {
		function->bytecode = malloc(size);
		if (function->bytecode) {
			memcpy(function->bytecode, start, size);
			function->code_size = size;
		}
	}
	if (bytes)
		Py_DecRef(bytes);
	PyErr_Clear();
}

static struct function *new_function(PyObject *code, PyObject *name)
{
	struct function *function;
	char *start;
	ssize_t size;

	if (PyBytes_AsStringAndSize(name, &start, &size) != 0)
		return NULL; /* None */
	function = calloc(1, sizeof *function + size + 1);
	if (!function)
		return NULL;
	memcpy(function->name, start, size);
	function->generation = generation;
	function->suspending = number(code, co_flags) & PYTHON_SUSPENDING;
	if (function->suspending && profiling)
		copy_bytecode(function, code);
	return function;
}

static void *other(void)
{
	return (void *)((uintptr_t)generation << 1 | 1);
}

/* Whether it was decided, and since the present start. */
static bool decided(PyObject *code, const struct function **function)
{
	void *extra = NULL;

	if (get_extra(code, &extra) != 0)
		PyErr_Clear();
	*function = (uintptr_t)extra & 1 ? NULL : extra;
	return *function ? (*function)->generation == generation : extra == other();
}

/* Another thread may have answered in the meantime, while decide() ran. */
static const struct function *keep(PyObject *code, struct function *function)
{
	const struct function *kept;

	pthread_mutex_lock(&lock);
	if (decided(code, &kept)) {
		free_extra(function);
	} else if (!function && !profiling) {
		kept = NULL;
	} else if (set_extra(code, function ? function : other()) == 0) {
		kept = function;
	} else {
		PyErr_Clear();
		free_extra(function);
		kept = NULL;
	}
	pthread_mutex_unlock(&lock);
	return kept;
}

const struct function *functions_of(PyObject *code, PyObject *frame)
{
	const struct function *function;
	PyObject *name;

	if (decided(code, &function))
		return function;
	name = PyObject_CallFunctionObjArgs(decide, code, frame, NULL);
	function = keep(code, name ? new_function(code, name) : NULL);
	if (name)
		Py_DecRef(name);
	PyErr_Clear();
	return function;
}

bool functions_at_return(const struct function *function, PyObject *frame)
{
	long at = number(frame, f_lasti);

	return at >= 0 && at < function->code_size &&
	       (unsigned char)function->bytecode[at] == PYTHON_RETURN_VALUE;
}
