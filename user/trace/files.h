/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening files that somebody else named. */
#pragma once

/*
 * Opens for reading, if it is a regular file: opening a device or a fifo can have an effect or
 * wait. What is looked at is what is opened. A descriptor, or negative errno (-EINVAL: none).
 */
int files__open_regular(const char *path);
