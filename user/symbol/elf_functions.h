/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions of an ELF file, from its symbol tables. The file may be hostile. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbol/elf_file.h"

struct elf_function {
	const char *name; /* as in the symbol table; owned by the list */
	uint64_t address, size;
	bool is_resolver; /* of an indirect function: not the function itself */
};

struct elf_functions {
	struct elf_function *list; /* by address; no two alike */
	size_t len;
	struct elf_file file; /* open as long as this is, and fd has to be */
	bool is_go;
	char **tables; /* what the names point into */
	size_t tables_len;
};

/*
 * Reads .symtab and .dynsym, and the .symtab of the file of debugging information that is installed
 * for its build-id. Errors as of elf_file__open(); -EBADMSG also when a table makes no sense;
 * -ENOMEM.
 */
int elf_functions__read(struct elf_functions *out, int fd);
void elf_functions__free(struct elf_functions *functions);
