// SPDX-License-Identifier: GPL-2.0-or-later
/* Functions of real and of damaged files, and where they are left. MARKER_LIBRARY: path from CMake.
 */
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
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "symbol/demangle.h"
#include "symbol/function_search.h"

#define MUTATIONS 300

#ifdef __x86_64__
#define KNOWN_MACHINE true
#else
#define KNOWN_MACHINE false /* no function's exits are looked for */
#endif

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

static int search_file(int fd, const char *pattern, struct found_functions *found, char **nearest)
{
	struct elf_functions functions;
	int r = elf_functions__read(&functions, fd);

	*nearest = NULL;
	if (r)
		return r;
	r = function_search(found, &functions, fd, pattern, nearest);
	elf_functions__free(&functions);
	return r;
}

static int search_in(const char *bytes, size_t size, const char *pattern,
		     struct found_functions *found)
{
	int fd = memfd_create("object", MFD_CLOEXEC), r;
	char *nearest;

	assert_int_equal(write(fd, bytes, size), size);
	r = search_file(fd, pattern, found, &nearest);
	free(nearest);
	close(fd);
	return r;
}

/* Every exit of a real library's functions is a return or a jump, whatever stands around it. */
static void exits_are_what_leaves(void **state)
{
	struct found_functions found;
	size_t size, exits = 0, refused = 0;
	char *bytes = read_all(C_LIBRARY, &size);

	(void)state;
	if (!KNOWN_MACHINE)
		skip();
	assert_int_equal(search_in(bytes, size, "*", &found), 0);
	assert_true(found.len > 1000);
	for (size_t i = 0; i < found.len; i++) {
		const struct function_code *code = &found.list[i].code;

		refused += found.list[i].refused != NULL;
		assert_true(!found.list[i].refused == !!code->entry);
		for (size_t k = 0; k < code->exits_len; k++) {
			const uint8_t *at = (const uint8_t *)bytes + code->exits[k].offset;

			while (*at == 0xf2 || *at == 0xf3 || *at == 0x3e || *at == 0x41)
				at++; /* prefixes */
			assert_true(*at == 0xc3 || *at == 0xc2 || *at == 0xe9 || *at == 0xeb ||
				    *at == 0xff || (*at & 0xf0) == 0x70 ||
				    (*at == 0x0f && (at[1] & 0xf0) == 0x80));
			exits++;
		}
	}
	assert_true(exits > found.len / 2);
	assert_true(refused < found.len / 4);
	function_search__free(&found);
	free(bytes);
}

static void one_is_found_by_its_name(void **state)
{
	struct found_functions found;
	size_t size;
	char *bytes = read_all(MARKER_LIBRARY, &size);

	(void)state;
	if (!KNOWN_MACHINE)
		skip();
	assert_int_equal(search_in(bytes, size, "memtrace_begin", &found), 0);
	assert_int_equal(found.len, 1);
	assert_string_equal(found.list[0].name, "memtrace_begin");
	assert_null(found.list[0].refused);
	assert_true(found.list[0].code.exits_len > 0);
	function_search__free(&found);
	assert_int_equal(search_in(bytes, size, "memtrace_*", &found), 0);
	assert_true(found.len >= 3);
	function_search__free(&found);
	assert_int_equal(search_in(bytes, size, "nothing like it", &found), -ENOENT);
	free(bytes);
}

static void a_similar_name_is_offered(void **state)
{
	struct found_functions found;
	int fd = open(MARKER_LIBRARY, O_RDONLY | O_CLOEXEC);
	char *nearest;

	(void)state;
	assert_int_equal(search_file(fd, "memtrace_begn", &found, &nearest), -ENOENT);
	assert_string_equal(nearest, "memtrace_begin");
	free(nearest);
	close(fd);
}

static void damaged_files_do_no_harm(void **state)
{
	size_t size;
	char *bytes = read_all(MARKER_LIBRARY, &size), *copy = malloc(size);

	(void)state;
	srand(4711);
	for (int i = 0; i < MUTATIONS; i++) {
		struct found_functions found;
		size_t len = i % 3 ? size : (size_t)rand() % size; /* every third cut short */

		memcpy(copy, bytes, size);
		for (int n = rand() % 30; n >= 0; n--) {
			size_t at = rand() % 2 ? (size_t)rand() % 1024 : (size_t)rand() % size;

			copy[rand() % 4 ? at : size - 1 - at % size] = (char)rand();
		}
		if (!search_in(copy, len, "*", &found))
			function_search__free(&found);
	}
	free(copy);
	free(bytes);
}

static void names_are_demangled(void **state)
{
	static const char *const names[][3] = {
		{"_ZN4work4leafEi", "work::leaf(int)", "work::leaf"},
		{"_ZN3FooC1Ev", "Foo::Foo()", "Foo::Foo"},
		{"_RNvCskwGfYPst2Cb_3foo16example_function", "foo::example_function", NULL},
		{"main", NULL, NULL},
		{"_start", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *full, *plain;

		demangle(names[i][0], &full, &plain);
		assert_int_equal(!full, !names[i][1]);
		if (full)
			assert_string_equal(full, names[i][1]);
		assert_int_equal(!plain, !names[i][2]);
		if (plain)
			assert_string_equal(plain, names[i][2]);
		free(full);
		free(plain);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exits_are_what_leaves),
		cmocka_unit_test(one_is_found_by_its_name),
		cmocka_unit_test(a_similar_name_is_offered),
		cmocka_unit_test(damaged_files_do_no_harm),
		cmocka_unit_test(names_are_demangled),
	};

	return cmocka_run_group_tests_name("function_search", tests, NULL, NULL);
}
