/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF files that may be hostile: what libelf must not see unchecked, and where code is in them. */
#pragma once

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_file {
	Elf *elf;
	unsigned int machine; /* EM_X86_64, ... */
	size_t names;	      /* section of the sections' names */
};

/*
 * Opens the file behind fd, which stays the caller's; to be closed by elf_end(). 0, or
 *	-ENOENT   not an ELF file of 64 bits and this byte order, or one without sections
 *	-EBADMSG  it claims more than any program has
 *	-ENOTSUP, or a negative errno of reading it
 */
int elf_file__open(struct elf_file *out, int fd);

/*
 * Where `size` bytes from an address on are in the file; false when they are in no executable code.
 */
bool elf_file__offset(const struct elf_file *file, uint64_t address, uint64_t size,
		      uint64_t *offset);
