/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions of a file by name or pattern, and where each can be probed. */
#pragma once

#include <stddef.h>

#include "symbol/exits.h"

struct found_function {
	char *name; /* demangled, with its parameters; what is in it came from the file */
	struct function_code code;
	const char *refused; /* NULL, or why it cannot be probed: code is empty then */
};

struct found_functions {
	struct found_function *list;
	size_t len;
};

/*
 * Looks in what elf_functions__read() found in the file behind fd. pattern: the mangled name, or
 * the demangled C++ or Rust name with or without its parameters; '*' and '?' match. 0, and at least
 * one function, probeable or not; -ENOENT without any, and *nearest then may be a similar name (to
 * be freed); -ENOTSUP for a Go program, whose stacks move; -ENOMEM.
 */
int function_search(struct found_functions *out, const struct elf_functions *functions, int fd,
		    const char *pattern, char **nearest);
void function_search__free(struct found_functions *functions);
