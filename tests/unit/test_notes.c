// SPDX-License-Identifier: GPL-2.0-or-later
/* Marker sites of real and of damaged ELF files. MARKER_LIBRARY, TRAP_OBJECT: paths from CMake. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "marker/protocol.h"
#include "symbol/notes.h"

#define MUTATIONS 3000

static const struct marker_providers providers = {{MARKER_PROVIDER, MARKER_PYTHON_PROVIDER}, 2};

static char *read_all(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *bytes;

	assert_true(fd >= 0 && !fstat(fd, &st));
	*size = (size_t)st.st_size;
	bytes = malloc(*size);
	assert_int_equal(read(fd, bytes, *size), st.st_size);
	close(fd);
	return bytes;
}

static int find_in(const char *bytes, size_t size, struct marker_sites *sites)
{
	int fd = memfd_create("object", MFD_CLOEXEC), r;

	assert_int_equal(write(fd, bytes, size), size);
	r = notes__find_markers(fd, &providers, sites);
	close(fd);
	return r;
}

static bool is_nop(const char *bytes, size_t size, uint64_t at)
{
#ifdef __aarch64__
	return at + 4 <= size && !memcmp(bytes + at, "\x1f\x20\x03\xd5", 4);
#else
	return at < size && bytes[at] == '\x90';
#endif
}

static void assert_nops(const char *bytes, size_t size, const struct marker_sites *s)
{
	for (size_t i = 0; i < s->begin_len; i++)
		assert_true(is_nop(bytes, size, s->begin[i]));
	for (size_t i = 0; i < s->end_len; i++)
		assert_true(is_nop(bytes, size, s->end[i]));
}

static void the_library_has_one_site_each(void **state)
{
	struct marker_sites sites = {0};
	size_t size;
	char *bytes = read_all(MARKER_LIBRARY, &size);

	(void)state;
	assert_int_equal(find_in(bytes, size, &sites), 0);
	assert_int_equal(sites.begin_len, 1);
	assert_int_equal(sites.end_len, 1);
	assert_true(sites.begin[0] != sites.end[0]);
	assert_nops(bytes, size, &sites);
	free(bytes);
}

static void other_files_have_none(void **state)
{
	struct marker_sites sites = {.begin_len = 7};
	int fd = open("/bin/sh", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(notes__find_markers(fd, &providers, &sites), -ENOENT);
	assert_int_equal(sites.begin_len, 7); /* untouched on failure */
	close(fd);
	assert_int_equal(find_in("not an ELF file", 15, &sites), -ENOENT);
	assert_int_equal(find_in("", 0, &sites), -ENOENT);
}

/* A probe on a 5-byte nop kills forked children on Linux 6.18; one inside data or code is worse. */
static void a_site_that_is_no_plain_nop_is_refused(void **state)
{
	struct marker_sites sites;
	size_t size;
	char *bytes = read_all(TRAP_OBJECT, &size);

	(void)state;
	assert_int_equal(find_in(bytes, size, &sites), -EBADMSG);
	free(bytes);
}

static void damaged_files_do_no_harm(void **state)
{
	size_t size;
	char *bytes = read_all(MARKER_LIBRARY, &size), *copy = malloc(size);

	(void)state;
	srand(4711);
	for (int i = 0; i < MUTATIONS; i++) {
		struct marker_sites sites = {0};
		size_t len = i % 3 ? size : (size_t)rand() % size; /* every third cut short */

		memcpy(copy, bytes, size);
		for (int n = rand() % 30; n >= 0; n--) {
			/* headers and notes more often than code */
			size_t at = rand() % 2 ? (size_t)rand() % 1024 : (size_t)rand() % size;

			copy[rand() % 4 ? at : size - 1 - at % size] = (char)rand();
		}
		if (!find_in(copy, len, &sites))
			assert_nops(copy, len, &sites);
	}
	free(copy);
	free(bytes);
}

/* The section of that name; "" for the first, which stands for none. */
static Elf64_Shdr *section_of(char *bytes, const char *name)
{
	Elf64_Ehdr *header = (Elf64_Ehdr *)bytes;
	Elf64_Shdr *sections = (Elf64_Shdr *)(bytes + header->e_shoff);
	const char *names = bytes + sections[header->e_shstrndx].sh_offset;

	for (size_t i = 0; i < header->e_shnum; i++)
		if (!strcmp(names + sections[i].sh_name, name))
			return &sections[i];
	fail();
	return NULL;
}

/* A sparse file costs its owner nothing; reading all that it claims would cost us gigabytes. */
static void what_a_huge_file_claims_is_not_read(void **state)
{
	const char *names[] = {"", ".note.stapsdt", ".shstrtab"};
	struct marker_sites sites;
	struct rusage usage;
	size_t size;
	char *bytes = read_all(MARKER_LIBRARY, &size);

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		Elf64_Shdr *section = section_of(bytes, names[i]);
		const Elf64_Shdr saved = *section;
		const Elf64_Ehdr header = *(Elf64_Ehdr *)bytes;
		int fd = memfd_create("object", MFD_CLOEXEC);

		section->sh_size = names[i][0] ? (uint64_t)1 << 33 : 1 << 26;
		if (!names[i][0]) /* the number of sections, when the header has none */
			((Elf64_Ehdr *)bytes)->e_shnum = 0;
		assert_int_equal(write(fd, bytes, size), size);
		assert_false(ftruncate(fd, (off_t)1 << 36));
		assert_true(notes__find_markers(fd, &providers, &sites) < 0);
		close(fd);
		*section = saved;
		*(Elf64_Ehdr *)bytes = header;
	}
	assert_int_equal(find_in(bytes, size, &sites), 0);
	assert_false(getrusage(RUSAGE_SELF, &usage));
	assert_true(usage.ru_maxrss < 1 << 20); /* KiB */
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_library_has_one_site_each),
		cmocka_unit_test(other_files_have_none),
		cmocka_unit_test(a_site_that_is_no_plain_nop_is_refused),
		cmocka_unit_test(damaged_files_do_no_harm),
		cmocka_unit_test(what_a_huge_file_claims_is_not_read),
	};

	return cmocka_run_group_tests_name("notes", tests, NULL, NULL);
}
