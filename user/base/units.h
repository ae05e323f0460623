/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers for people. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNITS_SIZE 32 /* a buffer that always suffices */

/* "0 B", "4.0 KiB", "-12.3 MiB", "1.50 GiB"; plain: the number alone. */
void units__bytes(char *buffer, size_t size, int64_t bytes, bool plain);

/* "850 ns", "12.3 µs", "4.56 ms", "1.234 s"; three or four digits. */
void units__duration(char *buffer, size_t size, double ns);
