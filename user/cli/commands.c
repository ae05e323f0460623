// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/commands.h"

#include <stddef.h>
#include <string.h>

#include "base/log.h"
#include "cli/options.h"
#include "cli/trace.h"

/* Of the public contract, but not in this build. */
static int not_built__run(int argc, char **argv)
{
	log__error("%s: not built into this version (%s)", argv[1], MEMTRACE_VERSION);
	return options__usage_status(argc, argv);
}

static const struct command commands[] = {
	{"doctor", doctor__run},  {"top", top__run},	     {"report", not_built__run},
	{"diff", not_built__run}, {"check", not_built__run},
};

static const struct command trace = {NULL, trace__run};

const struct command *commands__find(int argc, char *const *argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return &commands[i];
	return &trace;
}
