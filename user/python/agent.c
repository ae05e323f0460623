/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of the Python agent that runs when functions start and end, in C so that it costs
 * little, allocates nothing inside of windows and is not itself interrupted by signal handlers,
 * recursion limits or profilers.
 */
#include "agent.h"

#include <stdbool.h>

#include <memtrace/marker.h>

#include "functions.h"
#include "open_frames.h"

#define PUBLIC __attribute__((visibility("default")))

static PyObject *none;
static PyObject *disable; /* sys.monitoring.DISABLE; NULL before 3.12 */
static PyObject *guard;
static uint64_t guards;
static bool active;
static uint64_t events;

static void end(PyObject *frame)
{
	struct open_frame open;

	if (open_frames_take(frame, &open) && open.window)
		memtrace_end(open.window);
}

static void begin(PyObject *frame, const struct function *function, uint64_t guarded)
{
	struct open_frame open = {.frame = frame, .function = function, .guarded = guarded};

	/* Its frame must have gone unseen, or another one could not be at its place. */
	end(frame);
	open.window = memtrace_begin(function->name);
	if (!open_frames_put(&open))
		memtrace_end(open.window);
}

/* --- 3.12 and later: callbacks of sys.monitoring --- */

static PyObject *as_is(PyObject *object)
{
	Py_IncRef(object);
	return object;
}

/* Before the window begins: what it takes is not the function's. 0: none. */
static uint64_t put_guard(PyObject *frame)
{
	uint64_t number = __atomic_add_fetch(&guards, 1, __ATOMIC_RELAXED);
	PyObject *argument = PyLong_FromUnsignedLongLong(number);
	PyObject *result = NULL;

	if (argument) {
		result = PyObject_CallFunctionObjArgs(guard, frame, argument, NULL);
		Py_DecRef(argument);
	}
	if (!result) {
		PyErr_Clear();
		return 0;
	}
	Py_DecRef(result);
	return number;
}

static PyObject *on_start(PyObject *self, PyObject *const *args, ssize_t count)
{
	PyObject *frame = PyEval_GetFrame();
	const struct function *function;

	(void)self;
	if (!active || !frame || count < 1)
		return as_is(none);
	function = functions_of(args[0], frame);
	if (!function)
		return as_is(disable);
	begin(frame, function, guard && function->suspending ? put_guard(frame) : 0);
	return as_is(none);
}

/* A return of a function of ours, or the unwinding of any. */
static PyObject *on_end(PyObject *self, PyObject *const *args, ssize_t count)
{
	PyObject *frame;

	(void)self;
	(void)args;
	(void)count;
	if (open_frames_any() && (frame = PyEval_GetFrame()))
		end(frame);
	return as_is(none);
}

static struct PyMethodDef start_method = {"memtrace_start", on_start, PYTHON_FASTCALL, NULL};
static struct PyMethodDef end_method = {"memtrace_end", on_end, PYTHON_FASTCALL, NULL};

PUBLIC PyObject *memtrace_python_callback(int ends)
{
	return PyCFunction_NewEx(ends ? &end_method : &start_method, NULL, NULL);
}

PUBLIC void memtrace_python_end_guarded(PyObject *frame_address, uint64_t guarded)
{
	struct open_frame open;

	if (open_frames_find(frame_address, &open) && open.guarded == guarded)
		end(frame_address);
}

/* --- before 3.12: a profile function --- */

/* Also called when a generator goes on. */
static void on_call(PyObject *frame)
{
	PyObject *code = PyFrame_GetCode(frame);
	const struct function *function = functions_of(code, frame);
	struct open_frame open;

	Py_DecRef(code);
	if (!function)
		return;
	if (function->suspending && open_frames_find(frame, &open) && open.function == function)
		return;
	begin(frame, function, 0);
}

/* `value` is NULL when an exception leaves the function. */
static void on_return(PyObject *frame, PyObject *value)
{
	struct open_frame open;

	if (!open_frames_find(frame, &open))
		return;
	if (value && open.function->suspending && !functions_at_return(open.function, frame))
		return; /* suspended */
	end(frame);
}

static int on_profile(PyObject *self, PyObject *frame, int what, PyObject *arg)
{
	(void)self;
	events++;
	if (!active)
		return 0;
	if (what == PYTHON_TRACE_CALL)
		on_call(frame);
	else if (what == PYTHON_TRACE_RETURN)
		on_return(frame, arg);
	return 0;
}

PUBLIC void memtrace_python_profile(PyObject *starting_frame)
{
	PyEval_SetProfile(on_profile, NULL);
	if (active && starting_frame != none)
		on_call(starting_frame);
}

PUBLIC uint64_t memtrace_python_profile_events(void)
{
	return events;
}

/* --- */

PUBLIC int memtrace_python_start(PyObject *decide, PyObject *new_none, PyObject *new_disable,
				 PyObject *new_guard)
{
	if (active)
		return MEMTRACE_PYTHON_BUSY;
	if (!PyFrame_GetCode || !PyCFunction_NewEx || !open_frames_prepare() ||
	    !functions_start(decide, new_disable == new_none))
		return MEMTRACE_PYTHON_UNFIT;
	none = as_is(new_none);
	disable = as_is(new_disable);
	guard = new_guard == none ? NULL : as_is(new_guard);
	active = true;
	return 0;
}

PUBLIC void memtrace_python_stop(void)
{
	struct open_frame open;

	active = false;
	while (open_frames_take_any(&open))
		if (open.window)
			memtrace_end(open.window);
}

PUBLIC void memtrace_python_disown(void)
{
	open_frames_disown();
}
