// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbol/notes.h"

#include <errno.h>
#include <gelf.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "marker/protocol.h"
#include "symbol/elf_file.h"

#define STAPSDT_TYPE	3
#define STAPSDT_OWNER	"stapsdt"
#define STAPSDT_SECTION ".note.stapsdt"
#define BASE_SECTION	".stapsdt.base"

#define NOTES_BYTES_MAX (4u << 20) /* of all note sections together: see elf_file.c */

/* The fixed part of a note's description in a 64-bit file; provider, name, arguments follow. */
struct description {
	uint64_t address;
	uint64_t base;
	uint64_t semaphore;
};

/* Address of the section that moves with the code when an object is prelinked; 0: none. */
static uint64_t base_address(const struct elf_file *file)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(file->elf, section))) {
		const char *name;

		if (!gelf_getshdr(section, &header))
			continue;
		name = elf_strptr(file->elf, file->names, header.sh_name);
		if (name && !strcmp(name, BASE_SECTION))
			return header.sh_addr;
	}
	return 0;
}

/* Whether the one instruction at offset is the plain nop that the library puts there. */
static bool is_marker_nop(int fd, uint64_t offset, unsigned int machine)
{
	static const uint8_t arm_nop[] = {0x1f, 0x20, 0x03, 0xd5};
	uint8_t bytes[4] = {0};

	if (offset > INT64_MAX || pread(fd, bytes, sizeof(bytes), (off_t)offset) < 1)
		return false;
	if (machine == EM_X86_64)
		return bytes[0] == 0x90;
	return machine == EM_AARCH64 && !memcmp(bytes, arm_nop, sizeof(bytes));
}

/* The string that starts at *at, which is moved behind its NUL; NULL when it does not end. */
static const char *next_string(const char **at, const char *limit)
{
	const char *string = *at, *nul = memchr(string, '\0', (size_t)(limit - string));

	if (!nul)
		return NULL;
	*at = nul + 1;
	return string;
}

static int add_site(uint64_t *list, size_t *len, uint64_t offset)
{
	for (size_t i = 0; i < *len; i++)
		if (list[i] == offset)
			return 0;
	if (*len < MARKER_SITES_MAX)
		list[(*len)++] = offset;
	return 0;
}

struct probe {
	const char *provider, *name;
	uint64_t address;
};

struct search {
	struct elf_file file;
	int fd;
	uint64_t base;
	uint64_t notes_bytes; /* read so far */
	int (*take)(struct search *search, const struct probe *probe);
	/* of markers */
	const struct marker_providers *providers;
	struct marker_sites *out;
	/* of a USDT probe */
	const char *provider, *name;
	size_t found;
};

/* Its number, or providers->len when it is none of them. */
static size_t find_provider(const struct marker_providers *providers, const char *name)
{
	size_t i = 0;

	while (i < providers->len && strcmp(name, providers->names[i]))
		i++;
	return i;
}

static int take_note(struct search *s, const char *bytes, size_t size)
{
	const char *at = bytes + sizeof(struct description), *limit = bytes + size;
	struct probe probe = {0};
	struct description d;

	if (size < sizeof(d))
		return -EBADMSG;
	memcpy(&d, bytes, sizeof(d));
	probe.provider = next_string(&at, limit);
	probe.name = probe.provider ? next_string(&at, limit) : NULL;
	if (!probe.name)
		return -EBADMSG;
	probe.address = d.address + (s->base && d.base ? s->base - d.base : 0);
	return s->take(s, &probe);
}

static int take_marker(struct search *s, const struct probe *probe)
{
	size_t number = find_provider(s->providers, probe->provider);
	bool begin = !strcmp(probe->name, MARKER_BEGIN_PROBE);
	uint64_t offset;

	if (number == s->providers->len || (!begin && strcmp(probe->name, MARKER_END_PROBE)))
		return 0;
	if (!elf_file__offset(&s->file, probe->address, 1, &offset) ||
	    !is_marker_nop(s->fd, offset, s->file.machine))
		return -EBADMSG;
	s->out->found[number] = true;
	return begin ? add_site(s->out->begin, &s->out->begin_len, offset)
		     : add_site(s->out->end, &s->out->end_len, offset);
}

static int take_section(struct search *s, Elf_Data *data)
{
	size_t at = 0, name_at, desc_at;
	GElf_Nhdr note;

	while ((at = gelf_getnote(data, at, &note, &name_at, &desc_at))) {
		const char *bytes = data->d_buf;
		int r;

		if (note.n_type != STAPSDT_TYPE || note.n_namesz != sizeof(STAPSDT_OWNER) ||
		    memcmp(bytes + name_at, STAPSDT_OWNER, sizeof(STAPSDT_OWNER)))
			continue;
		r = take_note(s, bytes + desc_at, note.n_descsz);
		if (r)
			return r;
	}
	return 0;
}

static int take_notes(struct search *s, Elf_Scn *section, const GElf_Shdr *h)
{
	Elf_Data *data;

	if (h->sh_size > NOTES_BYTES_MAX - s->notes_bytes)
		return -EBADMSG;
	s->notes_bytes += h->sh_size;
	data = elf_getdata(section, NULL);
	return data ? take_section(s, data) : -EBADMSG;
}

static int search(struct search *s)
{
	Elf_Scn *section = NULL;

	s->base = base_address(&s->file);
	while ((section = elf_nextscn(s->file.elf, section))) {
		GElf_Shdr h;
		const char *name;
		int r;

		if (!gelf_getshdr(section, &h) || h.sh_type != SHT_NOTE)
			continue;
		name = elf_strptr(s->file.elf, s->file.names, h.sh_name);
		if (!name || strcmp(name, STAPSDT_SECTION))
			continue;
		r = take_notes(s, section, &h);
		if (r)
			return r;
	}
	return 0;
}

static int search_file(struct search *s)
{
	int r = elf_file__open(&s->file, s->fd);

	if (r)
		return r;
	r = search(s);
	elf_end(s->file.elf);
	return r;
}

int notes__find_markers(int fd, const struct marker_providers *providers, struct marker_sites *out)
{
	struct marker_sites sites = {0};
	struct search s = {.fd = fd, .take = take_marker, .providers = providers, .out = &sites};
	int r = search_file(&s);

	if (r)
		return r;
	if (!sites.begin_len || !sites.end_len)
		return -ENOENT;
	*out = sites;
	return 0;
}

static bool is_long_nop(int fd, uint64_t offset)
{
	static const uint8_t nop5[] = {0x0f, 0x1f, 0x44, 0x00, 0x00};
	uint8_t bytes[sizeof(nop5)];

	return pread(fd, bytes, sizeof(bytes), (off_t)offset) == sizeof(bytes) &&
	       !memcmp(bytes, nop5, sizeof(nop5));
}

static int take_usdt(struct search *s, const struct probe *probe)
{
	uint64_t offset;

	if (strcmp(probe->provider, s->provider) || strcmp(probe->name, s->name))
		return 0;
	s->found++;
	if (!elf_file__offset(&s->file, probe->address, 1, &offset) || offset > INT64_MAX ||
	    is_long_nop(s->fd, offset))
		return -EPERM;
	return 0;
}

int notes__check_usdt(int fd, const char *provider, const char *name)
{
	struct search s = {.fd = fd, .take = take_usdt, .provider = provider, .name = name};
	int r = search_file(&s);

	return r ? r : s.found ? 0 : -ENOENT;
}
