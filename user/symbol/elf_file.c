// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbol/elf_file.h"

#include <errno.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

/*
 * Far above what real files have: a sparse file of a hostile program can claim tables and sections
 * of any size. libelf allocates for each section and segment there is, and reads each as a whole.
 */
#define SEGMENTS_MAX	256
#define SECTIONS_MAX	4096
#define NAMES_BYTES_MAX (256u << 10)

/* A number of sections beyond 16 bits, which stands elsewhere and leaves 0 here, is in no program.
 */
static int check_header(int fd, unsigned int *machine)
{
	Elf64_Ehdr h;
	ssize_t n = pread(fd, &h, sizeof(h), 0);

	if (n < 0)
		return -errno;
	if (n != sizeof(h) || memcmp(h.e_ident, ELFMAG, SELFMAG) ||
	    h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_ident[EI_DATA] != ELFDATA2LSB || !h.e_shnum)
		return -ENOENT;
	*machine = h.e_machine;
	return h.e_shnum > SECTIONS_MAX || h.e_phnum > SEGMENTS_MAX ? -EBADMSG : 0;
}

static int check_names(struct elf_file *file)
{
	GElf_Shdr h;

	if (elf_kind(file->elf) != ELF_K_ELF || elf_getshdrstrndx(file->elf, &file->names) ||
	    !gelf_getshdr(elf_getscn(file->elf, file->names), &h))
		return -ENOENT;
	return h.sh_size > NAMES_BYTES_MAX ? -EBADMSG : 0;
}

int elf_file__open(struct elf_file *out, int fd)
{
	struct elf_file file;
	int r;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return -ENOTSUP;
	r = check_header(fd, &file.machine);
	if (r)
		return r;
	file.elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!file.elf)
		return -ENOENT;
	r = check_names(&file);
	if (r) {
		elf_end(file.elf);
		return r;
	}
	*out = file;
	return 0;
}

bool elf_file__offset(const struct elf_file *file, uint64_t address, uint64_t size,
		      uint64_t *offset)
{
	size_t count;

	if (elf_getphdrnum(file->elf, &count) || count > SEGMENTS_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr p;

		if (!gelf_getphdr(file->elf, (int)i, &p) || p.p_type != PT_LOAD ||
		    !(p.p_flags & PF_X))
			continue;
		if (address < p.p_vaddr || address - p.p_vaddr >= p.p_filesz ||
		    p.p_filesz - (address - p.p_vaddr) < size)
			continue;
		*offset = address - p.p_vaddr + p.p_offset;
		return true;
	}
	return false;
}
