/* SPDX-License-Identifier: MIT */
/*
 * Python's access to the markers, which are compiled into this extension: functions, and the fast
 * part of the context manager memtrace.operation, whose rest is in operations.py. Nothing is
 * allocated between the begin and the end of a window.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <errno.h>
#include <memtrace/marker.h>
#include <pthread.h>
#include <string.h>

#include "meet.h"

/* Counts the forks that led to this process: a child does not end its parent's windows. */
static unsigned int generation;

/* The tracer gave no result though it had given us a page: it may be gone. */
static int result_missing;

static void in_child(void)
{
	generation++;
}

/* UTF-8, whatever is in the string: lone surrogates become '?', NUL becomes U+FFFD. */
static PyObject *encode_name(PyObject *name)
{
	PyObject *encoded, *clean;
	char *bytes;
	Py_ssize_t size;

	if (!PyUnicode_Check(name)) {
		PyErr_SetString(PyExc_TypeError, "the name of an operation is a str");
		return NULL;
	}
	encoded = PyUnicode_AsEncodedString(name, "utf-8", "replace");
	if (!encoded || PyBytes_AsStringAndSize(encoded, &bytes, &size) ||
	    strlen(bytes) == (size_t)size)
		return encoded;
	clean = PyObject_CallMethod(encoded, "replace", "y#y", "", (Py_ssize_t)1, "\xef\xbf\xbd");
	Py_DECREF(encoded);
	return clean;
}

static int end_window(memtrace_window window, struct memtrace_result *result)
{
	int r;

	memset(result, 0, sizeof(*result));
	result->size = sizeof(*result);
	r = memtrace_end_result(window, result);
	if (r != -EAGAIN)
		result_missing = r && meet__page();
	return r;
}

/* growth, peak growth, gained, returned, own growth, anon, file, shmem, swap, faults or None */
static PyObject *result_tuple(const struct memtrace_result *r)
{
	if (r->own_minor_faults < 0)
		return Py_BuildValue("(LLLLLLLLLOO)", r->growth_bytes, r->peak_growth_bytes,
				     r->gained_bytes, r->returned_bytes, r->own_growth_bytes,
				     r->anon_growth_bytes, r->file_growth_bytes,
				     r->shmem_growth_bytes, r->swap_growth_bytes, Py_None, Py_None);
	return Py_BuildValue("(LLLLLLLLLLL)", r->growth_bytes, r->peak_growth_bytes,
			     r->gained_bytes, r->returned_bytes, r->own_growth_bytes,
			     r->anon_growth_bytes, r->file_growth_bytes, r->shmem_growth_bytes,
			     r->swap_growth_bytes, r->own_minor_faults, r->own_major_faults);
}

static PyObject *begin(PyObject *module, PyObject *name)
{
	PyObject *encoded = encode_name(name);
	memtrace_window window;

	(void)module;
	if (!encoded)
		return NULL;
	window = memtrace_begin(PyBytes_AsString(encoded));
	Py_DECREF(encoded);
	return PyLong_FromUnsignedLongLong(window);
}

static PyObject *end(PyObject *module, PyObject *arg)
{
	memtrace_window window = PyLong_AsUnsignedLongLong(arg);

	(void)module;
	if (window == (memtrace_window)-1 && PyErr_Occurred())
		return NULL;
	memtrace_end(window);
	Py_RETURN_NONE;
}

static PyObject *end_result(PyObject *module, PyObject *arg)
{
	memtrace_window window = PyLong_AsUnsignedLongLong(arg);
	struct memtrace_result result;

	(void)module;
	if (window == (memtrace_window)-1 && PyErr_Occurred())
		return NULL;
	if (end_window(window, &result))
		Py_RETURN_NONE;
	return result_tuple(&result);
}

static PyObject *is_traced(PyObject *module, PyObject *unused)
{
	(void)module;
	(void)unused;
	if (!meet__page())
		meet__retry();
	return PyBool_FromLong(meet__page() && !result_missing);
}

struct operation {
	PyObject_HEAD PyObject *name; /* str, or None for the decorator's default */
	PyObject *encoded;	      /* bytes, or NULL without a name */
	memtrace_window window;	      /* 0: not open */
	PyObject *inner; /* list of what was entered before `window` was left, or NULL */
	unsigned int generation;
	int has_result;
	struct memtrace_result result;
};

static PyObject *operation_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	static char *keywords[] = {"name", NULL};
	PyObject *name = Py_None, *encoded = NULL;
	struct operation *self;

	if (!kwargs && PyTuple_Size(args) == 1)
		name = PyTuple_GetItem(args, 0);
	else if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:operation", keywords, &name))
		return NULL;
	if (name != Py_None) {
		encoded = encode_name(name);
		if (!encoded)
			return NULL;
	}
	self = (struct operation *)PyType_GenericAlloc(type, 0);
	if (!self) {
		Py_XDECREF(encoded);
		return NULL;
	}
	Py_INCREF(name);
	self->name = name;
	self->encoded = encoded;
	return (PyObject *)self;
}

static void operation_dealloc(PyObject *object)
{
	struct operation *self = (struct operation *)object;
	PyTypeObject *type = Py_TYPE(object);

	Py_XDECREF(self->name);
	Py_XDECREF(self->encoded);
	Py_XDECREF(self->inner);
	((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
	Py_DECREF(type);
}

static int is_shared(const struct operation *self)
{
	return self->inner && PyList_Size(self->inner);
}

static PyObject *operation_enter(PyObject *object, PyObject *unused)
{
	struct operation *self = (struct operation *)object;

	(void)unused;
	if (!self->encoded) {
		PyErr_SetString(PyExc_TypeError, "operation() needs a name in a with statement");
		return NULL;
	}
	if (self->window || is_shared(self))
		return PyObject_CallMethod(object, "_enter_again", NULL);
	self->has_result = 0;
	self->generation = generation;
	self->window = memtrace_begin(PyBytes_AsString(self->encoded));
	Py_INCREF(object);
	return object;
}

static PyObject *operation_exit(PyObject *object, PyObject *exception)
{
	struct operation *self = (struct operation *)object;
	memtrace_window window;

	(void)exception;
	if (is_shared(self)) {
		PyObject *done = PyObject_CallMethod(object, "_exit_again", "i", !self->window);
		int is_done;

		if (!done)
			return NULL;
		is_done = PyObject_IsTrue(done);
		Py_DECREF(done);
		if (is_done)
			Py_RETURN_NONE;
	}
	if (!self->window) {
		PyErr_SetString(PyExc_RuntimeError, "the operation is not open");
		return NULL;
	}
	window = self->window;
	self->window = 0;
	self->has_result = self->generation == generation && !end_window(window, &self->result);
	Py_RETURN_NONE;
}

static PyObject *operation_take_result(PyObject *object, PyObject *other)
{
	struct operation *self = (struct operation *)object;
	const struct operation *from = (struct operation *)other;

	if (Py_TYPE(object) != Py_TYPE(other)) {
		PyErr_SetString(PyExc_TypeError, "not an operation");
		return NULL;
	}
	self->has_result = from->has_result;
	self->result = from->result;
	Py_RETURN_NONE;
}

static PyObject *operation_get_name(PyObject *object, void *unused)
{
	PyObject *name = ((struct operation *)object)->name;

	(void)unused;
	Py_INCREF(name);
	return name;
}

static PyObject *operation_get_values(PyObject *object, void *unused)
{
	struct operation *self = (struct operation *)object;

	(void)unused;
	if (!self->has_result)
		Py_RETURN_NONE;
	return result_tuple(&self->result);
}

static PyObject *operation_get_inner(PyObject *object, void *unused)
{
	struct operation *self = (struct operation *)object;

	(void)unused;
	if (!self->inner)
		self->inner = PyList_New(0);
	Py_XINCREF(self->inner);
	return self->inner;
}

static PyMethodDef operation_methods[] = {
	{"__enter__", operation_enter, METH_NOARGS, NULL},
	{"__exit__", operation_exit, METH_VARARGS, NULL},
	{"_take_result", operation_take_result, METH_O, NULL},
	{0},
};

static PyGetSetDef operation_getset[] = {
	{"name", operation_get_name, NULL, NULL, NULL},
	{"_values", operation_get_values, NULL, NULL, NULL},
	{"_inner", operation_get_inner, NULL, NULL, NULL},
	{0},
};

static PyType_Slot operation_slots[] = {
	{Py_tp_new, operation_new},
	{Py_tp_dealloc, operation_dealloc},
	{Py_tp_methods, operation_methods},
	{Py_tp_getset, operation_getset},
	{0, NULL},
};

static PyType_Spec operation_spec = {
	.name = "memtrace._marker.Operation",
	.basicsize = sizeof(struct operation),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
	.slots = operation_slots,
};

static int add_types(PyObject *module)
{
	PyObject *type = PyType_FromSpec(&operation_spec);

	if (!type)
		return -1;
	if (PyModule_AddObject(module, "Operation", type)) {
		Py_DECREF(type);
		return -1;
	}
	return 0;
}

static PyMethodDef functions[] = {
	{"begin", begin, METH_O, "Begin a window of the operation; return its id."},
	{"end", end, METH_O, "End the window."},
	{"end_result", end_result, METH_O,
	 "End the window; return its result, None when not traced."},
	{"is_traced", is_traced, METH_NOARGS, "Whether a tracer gives results to this process."},
	{0},
};

static PyModuleDef_Slot slots[] = {
	{Py_mod_exec, add_types},
	{0, NULL},
};

static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT,
	.m_name = "memtrace._marker",
	.m_methods = functions,
	.m_slots = slots,
};

__attribute__((constructor)) static void count_forks(void)
{
	pthread_atfork(NULL, NULL, in_child);
}

PyMODINIT_FUNC PyInit__marker(void)
{
	return PyModuleDef_Init(&definition);
}
