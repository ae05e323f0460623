/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names as people write them: C++ and Rust. */
#pragma once

/*
 * The name with its parameters, and without them; both to be freed, both NULL when the symbol is
 * not mangled (or memory runs out).
 */
void demangle(const char *symbol, char **full, char **plain);
