/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * uthash, but out of memory is an error like any other and not the end of the program: an element
 * that could not be added is not in a table (HASH_ADDED).
 */
#pragma once

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define HASH_ADDED(handle) ((handle).tbl != NULL)
