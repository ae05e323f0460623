/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the agent uses of CPython, declared here so that one library serves 3.9 to 3.14: functions
 * with opaque pointers, whose ABI has been the same in all of them, and no struct. Weak: the
 * interpreter that loads the library has them; what only some versions have is NULL in the others.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

typedef struct _object PyObject;
typedef PyObject *python_fastcall(PyObject *self, PyObject *const *args, ssize_t count);
typedef int python_tracer(PyObject *self, PyObject *frame, int what, PyObject *arg);
typedef void python_free(void *);

struct PyMethodDef {
	const char *name;
	python_fastcall *function;
	int flags;
	const char *doc;
};

enum {
	PYTHON_FASTCALL = 0x80, /* METH_FASTCALL */
	PYTHON_TRACE_CALL = 0,	/* PyTrace_CALL */
	PYTHON_TRACE_RETURN = 3,
	PYTHON_RETURN_VALUE = 83,  /* the opcode, in 3.9 to 3.11 */
	PYTHON_SUSPENDING = 0x2a0, /* CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR */
};

#define WEAK __attribute__((weak))

WEAK void Py_IncRef(PyObject *object);
WEAK void Py_DecRef(PyObject *object);
WEAK PyObject *PyObject_CallFunctionObjArgs(PyObject *callable, ...);
WEAK PyObject *PyObject_GetAttr(PyObject *object, PyObject *name);
WEAK PyObject *PyUnicode_InternFromString(const char *text);
WEAK long PyLong_AsLong(PyObject *object);
WEAK PyObject *PyLong_FromUnsignedLongLong(unsigned long long value);
WEAK int PyBytes_AsStringAndSize(PyObject *bytes, char **buffer, ssize_t *size);
WEAK void PyErr_Clear(void);
WEAK PyObject *PyCFunction_NewEx(struct PyMethodDef *method, PyObject *self, PyObject *module);

WEAK PyObject *PyEval_GetFrame(void);		 /* borrowed */
WEAK PyObject *PyFrame_GetCode(PyObject *frame); /* a new reference */
WEAK void PyEval_SetProfile(python_tracer *tracer, PyObject *self);

/* Data of ours on a code object; renamed in 3.12. */
WEAK ssize_t _PyEval_RequestCodeExtraIndex(python_free *);
WEAK int _PyCode_GetExtra(PyObject *code, ssize_t index, void **extra);
WEAK int _PyCode_SetExtra(PyObject *code, ssize_t index, void *extra);
WEAK ssize_t PyUnstable_Eval_RequestCodeExtraIndex(python_free *);
WEAK int PyUnstable_Code_GetExtra(PyObject *code, ssize_t index, void **extra);
WEAK int PyUnstable_Code_SetExtra(PyObject *code, ssize_t index, void *extra);
