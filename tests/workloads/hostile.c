// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names that try to break out of whatever they are printed in. What is no UTF-8 must still give
 * valid JSON, U+FFFD for what cannot be said; such truths carry the byte values as they are, for
 * the reader to decode in the same way.
 */
#define _GNU_SOURCE
#include <memtrace/marker.h>
#include <sys/mman.h>

#include "workload.h"

static const char *const names[] = {
	"escape \033[31mred\033[0m \033]0;title\007",
	"quote \" and ' and \\ and \\\" and \\u0041",
	"new\nline\r\ttab\b\f",
	"</script><b>bold</b> & %s %n %d ${HOME} `id` $(id)",
	"comma, semicolon; = \"cell\",\"next\"",
	"=1+1",
	"control \001\002\037\177",
	"caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80",
	"invalid \xff\xfe bytes",
	"cut short \xe6\x97",
	"overlong \xc0\xaf",
	"surrogate \xed\xa0\x80",
	"lone continuation \x80",
	"beyond \xf4\x90\x80\x80",
	"{\"name\": \"x\"}",
	" leading and trailing ",
	"warm-up ",
	"null",
};

static void pass(void)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct truth *t = truth__of("%s", names[i]);
		char *p = pages__map((long)i + 1, MAP_PRIVATE | MAP_ANONYMOUS);
		memtrace_window w = memtrace_begin(t->name);

		pages__touch(p, (long)i + 1);
		memtrace_end(w);
		truth__grew(t, ANON, (long)i + 1);
		pages__unmap(p, (long)i + 1);
	}
}

int main(void)
{
	return workload__main(pass, 40);
}
