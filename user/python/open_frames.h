/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frames that have a window open. By address and without a reference: a frame
 * object lives until its function has ended, and its locals must not live longer for our sake.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "interpreter.h"

struct function;

struct open_frame {
	PyObject *frame;
	const struct function *function;
	uint64_t window;  /* 0: not this process's */
	uint64_t guarded; /* the number given to its guard, or 0 */
};

/* Makes room for some hundred, so that none is made inside of a window of an ordinary program. */
bool open_frames_prepare(void);

/* False without memory. `entry->frame` must not be there already. */
bool open_frames_put(const struct open_frame *entry);

/* Whether there are any: quick, and right about frames of the calling thread. */
bool open_frames_any(void);

/* What is open for a frame; false if nothing is. */
bool open_frames_find(PyObject *frame, struct open_frame *entry);
bool open_frames_take(PyObject *frame, struct open_frame *entry);

/* Any of them; false when there is none. */
bool open_frames_take_any(struct open_frame *entry);

/*
 * In a forked child: the windows are its parent's, and so is a lock that another thread held. The
 * frames remain, without a window, so that a generator of them is not taken for a new one.
 */
void open_frames_disown(void);
