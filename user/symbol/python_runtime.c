// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CPython keeps its state in a section of its own, so that debuggers find it; since 3.13 the state
 * begins with a cookie and the version (Include/internal/pycore_debug_offsets.h, _Py_DebugOffsets).
 */
#include "symbol/python_runtime.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define SECTION	     ".PyRuntime"
#define COOKIE	     "xdebugpy"
#define SECTIONS_MAX 4096

static bool read_at(int fd, void *out, size_t size, uint64_t offset)
{
	return offset < INT64_MAX && pread(fd, out, size, (off_t)offset) == (ssize_t)size;
}

static bool read_section(int fd, const Elf64_Ehdr *h, uint32_t number, Elf64_Shdr *section)
{
	return read_at(fd, section, sizeof(*section), h->e_shoff + number * sizeof(*section));
}

static bool is_runtime(int fd, const Elf64_Shdr *names, const Elf64_Shdr *section)
{
	char name[sizeof(SECTION)];

	return section->sh_type == SHT_PROGBITS &&
	       read_at(fd, name, sizeof(name), names->sh_offset + section->sh_name) &&
	       !memcmp(name, SECTION, sizeof(SECTION));
}

static uint32_t read_version(int fd, uint64_t offset)
{
	struct {
		char cookie[8];
		uint64_t version;
	} head;

	if (!read_at(fd, &head, sizeof(head), offset) || memcmp(head.cookie, COOKIE, 8))
		return 0;
	return (uint32_t)head.version;
}

int python_runtime__version(int fd, uint32_t *version)
{
	Elf64_Shdr names, section;
	Elf64_Ehdr h;

	if (!read_at(fd, &h, sizeof(h), 0) || memcmp(h.e_ident, ELFMAG, SELFMAG) ||
	    h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_shentsize != sizeof(section) ||
	    h.e_shnum > SECTIONS_MAX || !read_section(fd, &h, h.e_shstrndx, &names))
		return -ENOENT;
	for (uint32_t i = 0; i < h.e_shnum; i++) {
		if (!read_section(fd, &h, i, &section))
			return -ENOENT;
		if (!is_runtime(fd, &names, &section))
			continue;
		*version = read_version(fd, section.sh_offset);
		return 0;
	}
	return -ENOENT;
}
