/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What memtrace_agent_core.py calls, with the GIL held, in the library that has this and the marker
 * library's own functions. Objects are borrowed; None stands for none.
 */
#pragma once

#include <stdint.h>

#include "interpreter.h"

enum memtrace_python_error {
	MEMTRACE_PYTHON_BUSY = 1, /* already started, by another interpreter of this process */
	MEMTRACE_PYTHON_UNFIT,	  /* the interpreter lacks what is needed, or there is no memory */
};

/*
 * decide(code, frame) gives the operation's name as bytes, or None. `disable` is
 * sys.monitoring.DISABLE, or None where there is no sys.monitoring. guard(frame, number), or None,
 * is called when a generator starts. 0 or an enum memtrace_python_error.
 */
int memtrace_python_start(PyObject *decide, PyObject *none, PyObject *disable, PyObject *guard);

/* Ends what is open; from now on nothing begins. */
void memtrace_python_stop(void);

/* In a forked child: its windows are its parent's. */
void memtrace_python_disown(void);

/* A new callable for PY_START (0), or for PY_RETURN and PY_UNWIND (1). */
PyObject *memtrace_python_callback(int ends);

/* Ends the window of a frame that went away, by its guard's number, if it is still open. */
void memtrace_python_end_guarded(PyObject *frame_address, uint64_t guarded);

/* Makes the agent this thread's profile function; `frame` has just been called, or is None. */
void memtrace_python_profile(PyObject *frame);

/* How often that was called, in all threads. */
uint64_t memtrace_python_profile_events(void);
