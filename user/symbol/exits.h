/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a function is entered and left, found by disassembling it. A breakpoint at the entry and at
 * each exit sees every ordinary call; none replaces a return address, which would break programs
 * that unwind their stack.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "symbol/elf_functions.h"

/* What an exit does besides leaving. */
#define EXIT_ALWAYS 0 /* a return, or a jump to another function */
/* A conditional jump to another function: 1 + the low 4 bits of its opcode (Jcc). */
#define EXIT_IF(condition) (1 + (condition))

struct exit_site {
	uint64_t offset;   /* in the file */
	uint8_t condition; /* EXIT_* */
};

struct function_code {
	uint64_t entry; /* offset in the file of the first instruction that may be probed */
	struct exit_site *exits;
	size_t exits_len;
};

/*
 * The stack pointer at the entry and at each exit of one call is the same. cold: its part that the
 * compiler put elsewhere, or NULL. 0, to be freed by exits__free(), or -EPERM with *why: what makes
 * it unsafe to probe; -ENOMEM.
 */
int exits__find(struct function_code *out, int fd, const struct elf_functions *functions,
		const struct elf_function *function, const struct elf_function *cold,
		const char **why);
void exits__free(struct function_code *code);
