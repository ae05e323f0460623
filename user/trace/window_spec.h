/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Window specs of the command line (-w SPEC). */
#pragma once

/*
 * 0 when this build knows the spec (now: "marker"); otherwise logs what is wrong, with the nearest
 * spec that is known, and returns -EINVAL.
 */
int window_spec__check(const char *spec);
