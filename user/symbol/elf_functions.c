// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbol/elf_functions.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Above what real files have: see elf_file.c. */
#define TABLE_MAX (256u << 20) /* bytes of a symbol or string table */
#define NOTE_MAX  (64u << 10)

/* A copy with a NUL behind it: it has to outlive the file, and may lack one. */
static char *keep_table(struct elf_functions *f, const Elf_Data *data)
{
	char **tables = reallocarray(f->tables, f->tables_len + 1, sizeof(*tables)), *copy;

	if (!tables)
		return NULL;
	f->tables = tables;
	copy = malloc(data->d_size + 1);
	if (!copy)
		return NULL;
	memcpy(copy, data->d_buf, data->d_size);
	copy[data->d_size] = '\0';
	tables[f->tables_len++] = copy;
	return copy;
}

static int add_symbol(struct elf_functions *f, const GElf_Sym *symbol, const char *name)
{
	int type = GELF_ST_TYPE(symbol->st_info);

	if ((type != STT_FUNC && type != STT_GNU_IFUNC) || symbol->st_shndx == SHN_UNDEF ||
	    !symbol->st_value || !*name)
		return 0;
	if (!(f->len & (f->len + 1))) { /* as many again */
		struct elf_function *list = reallocarray(f->list, 2 * (f->len + 1), sizeof(*list));

		if (!list)
			return -ENOMEM;
		f->list = list;
	}
	f->list[f->len++] = (struct elf_function){.name = name,
						  .address = symbol->st_value,
						  .size = symbol->st_size,
						  .is_resolver = type == STT_GNU_IFUNC};
	return 0;
}

static int add_table(struct elf_functions *f, Elf *elf, Elf_Scn *section, const GElf_Shdr *h)
{
	Elf_Scn *strings = elf_getscn(elf, h->sh_link);
	Elf_Data *symbols, *names;
	GElf_Shdr sh;
	char *kept;
	int r = 0;

	if (!gelf_getshdr(strings, &sh) || h->sh_size > TABLE_MAX || sh.sh_size > TABLE_MAX ||
	    sh.sh_type != SHT_STRTAB || !h->sh_entsize)
		return -EBADMSG;
	symbols = elf_getdata(section, NULL);
	names = elf_getdata(strings, NULL);
	if (!symbols || !names || !names->d_buf)
		return -EBADMSG;
	kept = keep_table(f, names);
	if (!kept)
		return -ENOMEM;
	for (size_t i = 0; !r && i < h->sh_size / h->sh_entsize; i++) {
		GElf_Sym symbol;

		if (gelf_getsym(symbols, (int)i, &symbol) && symbol.st_name < names->d_size)
			r = add_symbol(f, &symbol, kept + symbol.st_name);
	}
	return r;
}

static bool is_of_go(const struct elf_file *file, const GElf_Shdr *h)
{
	const char *name = elf_strptr(file->elf, file->names, h->sh_name);

	return name && (!strcmp(name, ".gopclntab") || !strcmp(name, ".go.buildinfo"));
}

static int add_sections(struct elf_functions *f, const struct elf_file *file, bool dynamic)
{
	Elf_Scn *section = NULL;
	int r = 0;

	while (!r && (section = elf_nextscn(file->elf, section))) {
		GElf_Shdr h;

		if (!gelf_getshdr(section, &h))
			continue;
		f->is_go = f->is_go || is_of_go(file, &h);
		if (h.sh_type == SHT_SYMTAB || (dynamic && h.sh_type == SHT_DYNSYM))
			r = add_table(f, file->elf, section, &h);
	}
	return r;
}

/* Of the file of debugging information, as distributions install it; false: no build-id. */
static bool debug_path(Elf *elf, char *path, size_t size)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section))) {
		size_t at = 0, name_at, desc_at, len;
		GElf_Nhdr note;
		Elf_Data *data;
		GElf_Shdr h;

		if (!gelf_getshdr(section, &h) || h.sh_type != SHT_NOTE || h.sh_size > NOTE_MAX)
			continue;
		data = elf_getdata(section, NULL);
		while (data && (at = gelf_getnote(data, at, &note, &name_at, &desc_at))) {
			const unsigned char *id = (const unsigned char *)data->d_buf + desc_at;

			if (note.n_type != NT_GNU_BUILD_ID || note.n_descsz < 2 ||
			    note.n_descsz > 64)
				continue;
			len = (size_t)snprintf(path, size, "/usr/lib/debug/.build-id/%02x/", id[0]);
			for (size_t i = 1; i < note.n_descsz; i++)
				len += (size_t)snprintf(path + len, size - len, "%02x", id[i]);
			snprintf(path + len, size - len, ".debug");
			return true;
		}
	}
	return false;
}

/* Symbols of a debugging file are those of the file it was made from, at the same addresses. */
static int add_debug_symbols(struct elf_functions *f, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r = 0;
	struct elf_file file;

	if (fd < 0)
		return 0;
	if (!elf_file__open(&file, fd)) {
		if (file.machine == f->file.machine)
			r = add_sections(f, &file, false);
		elf_end(file.elf);
	}
	close(fd);
	return r;
}

static int compare(const void *a, const void *b)
{
	const struct elf_function *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Both tables have the public ones. A size of 0 is filled in from the next function. */
static void sort(struct elf_functions *f)
{
	size_t kept = 0;

	if (!f->len)
		return;
	qsort(f->list, f->len, sizeof(*f->list), compare);
	for (size_t i = 0; i < f->len; i++)
		if (!kept || compare(&f->list[kept - 1], &f->list[i]))
			f->list[kept++] = f->list[i];
	f->len = kept;
	for (size_t i = kept; i-- > 0;) {
		struct elf_function *x = &f->list[i];

		if (!x->size && i + 1 < kept)
			x->size = f->list[i + 1].address == x->address
					  ? f->list[i + 1].size
					  : f->list[i + 1].address - x->address;
	}
}

int elf_functions__read(struct elf_functions *out, int fd)
{
	struct elf_functions f = {0};
	int r = elf_file__open(&f.file, fd);
	char path[256];

	if (r)
		return r;
	r = add_sections(&f, &f.file, true);
	if (!r && debug_path(f.file.elf, path, sizeof(path)))
		r = add_debug_symbols(&f, path);
	if (r) {
		elf_functions__free(&f);
		return r;
	}
	sort(&f);
	*out = f;
	return 0;
}

void elf_functions__free(struct elf_functions *f)
{
	for (size_t i = 0; i < f->tables_len; i++)
		free(f->tables[i]);
	free(f->tables);
	elf_end(f->file.elf);
	free(f->list);
	*f = (struct elf_functions){0};
}
