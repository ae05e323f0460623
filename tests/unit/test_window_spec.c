// SPDX-License-Identifier: GPL-2.0-or-later
/* Window specs: what they are taken apart into, and what is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "trace/presets.h"
#include "trace/window_spec.h"

static const struct wanted {
	const char *text;
	enum window_kind kind;
	const char *object, *provider, *begin, *end;
	enum window_naming naming;
	uint32_t argument;
	const char *filter;
} wanted[] = {
	{"marker", WINDOW_MARKER, NULL, NULL, NULL, NULL, NAMING_FIXED, 0, NULL},
	{"marker:a,b", WINDOW_CALLS, NULL, NULL, "a", "b", NAMING_FIXED, 0, NULL},
	{"marker:libx.so:ns::a<int, x>(y, z),b", WINDOW_CALLS, "libx.so", NULL,
	 "ns::a<int, x>(y, z)", "b", NAMING_FIXED, 0, NULL},
	{"marker:a(arg2:str),b", WINDOW_CALLS, NULL, NULL, "a", "b", NAMING_STRING, 1, NULL},
	{"func:f", WINDOW_FUNCTION, NULL, NULL, "f", NULL, NAMING_FIXED, 0, NULL},
	{"func:std::vector<a::b>::f(int, c::d)", WINDOW_FUNCTION, NULL, NULL,
	 "std::vector<a::b>::f(int, c::d)", NULL, NAMING_FIXED, 0, NULL},
	{"func:/usr/lib/libx.so.1:n::f*", WINDOW_FUNCTION, "/usr/lib/libx.so.1", NULL, "n::f*",
	 NULL, NAMING_FIXED, 0, NULL},
	{"func:libx:f(arg6:int)", WINDOW_FUNCTION, "libx", NULL, "f", NULL, NAMING_NUMBER, 5, NULL},
	{"usdt:p:b,e", WINDOW_USDT, NULL, "p", "b", "e", NAMING_FIXED, 0, NULL},
	{"usdt:libx:p:b(arg1:str=SELECT*),e|f", WINDOW_USDT, "libx", "p", "b", "e|f", NAMING_STRING,
	 0, "SELECT*"},
	{"python:mod:Class.f*", WINDOW_PYTHON, NULL, NULL, "mod:Class.f*", NULL, NAMING_FIXED, 0,
	 NULL},
	{"python:gc", WINDOW_USDT, "*", "python", "gc__start", "gc__done", NAMING_NUMBER, 0, NULL},
	{"postgres:query", WINDOW_USDT, "*", "postgresql", "query__start", "query__done",
	 NAMING_STRING, 0, NULL},
};

static const char *const refused[] = {
	"",
	"markr",
	"func",
	"func:",
	"func:libx:",
	"usdt:p",
	"usdt:p:b",
	"usdt::b,e",
	"usdt:p:,e",
	"usdt:p:b,",
	"usdt:p:b,e,f",
	"marker:a",
	"marker:,b",
	"python:",
	"python:a\nb",
	"func:f(arg0:int)",
	"func:f(arg7:int)",
	"func:f(arg1:real)",
	"func:f(arg1:str=)",
	"usdt:p:b(arg1:str,e",
	"postgres:quer",
	"postgres:",
};

static void assert_same(const char *have, const char *want)
{
	assert_int_equal(!have, !want);
	if (want)
		assert_string_equal(have, want);
}

static void specs_are_taken_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		const struct wanted *w = &wanted[i];
		struct window_spec spec;

		assert_int_equal(window_spec__parse(&spec, w->text), 0);
		assert_ptr_equal(spec.text, w->text);
		assert_int_equal(spec.kind, w->kind);
		assert_same(spec.object, w->object);
		assert_same(spec.provider, w->provider);
		assert_same(spec.begin, w->begin);
		assert_same(spec.end, w->end);
		assert_int_equal(spec.naming, w->naming);
		assert_int_equal(spec.argument, w->argument);
		assert_same(spec.filter, w->filter);
		window_spec__free(&spec);
	}
}

static void what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct window_spec spec = {.argument = 7};

		assert_int_equal(window_spec__parse(&spec, refused[i]), -EINVAL);
		assert_int_equal(spec.argument, 7); /* untouched on failure */
	}
}

static void every_preset_is_a_spec(void **state)
{
	size_t len;
	const struct preset *presets = presets__list(&len);

	(void)state;
	for (size_t i = 0; i < len; i++) {
		struct window_spec spec;

		assert_int_equal(window_spec__parse(&spec, presets[i].name), 0);
		assert_string_equal(spec.prefix, presets[i].prefix);
		assert_true(strlen(spec.prefix) < 32); /* PREFIX_SIZE of the kernel side */
		assert_string_equal(spec.text, presets[i].name);
		window_spec__free(&spec);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(specs_are_taken_apart),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(every_preset_is_a_spec),
	};

	return cmocka_run_group_tests_name("window_spec", tests, NULL, NULL);
}
