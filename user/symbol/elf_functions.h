/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions of an ELF file, from its symbol tables. The file may be hostile. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_function {
	const char *name; /* as in the symbol table; owned by the list */
	uint64_t address, size;
	bool is_resolver; /* of an indirect function: not the function itself */
};

struct elf_segment { /* executable */
	uint64_t address, offset, size;
};

struct elf_functions {
	struct elf_function *list; /* by address; no two alike */
	size_t len;
	struct elf_segment *segments;
	size_t segments_len;
	unsigned int machine; /* EM_X86_64, ... */
	bool is_go;
	char **tables; /* what the names point into */
	size_t tables_len;
};

/*
 * Reads .symtab and .dynsym, and the .symtab of the file of debugging information that is installed
 * for its build-id. -ENOENT: not an ELF file of this machine's word size; -EBADMSG: it makes no
 * sense; -ENOMEM.
 */
int elf_functions__read(struct elf_functions *out, int fd);
void elf_functions__free(struct elf_functions *functions);

/* Where an address is in the file; false when it is in no executable code, or less than size is. */
bool elf_functions__offset(const struct elf_functions *functions, uint64_t address, uint64_t size,
			   uint64_t *offset);
