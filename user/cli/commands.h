/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Subcommands: one file and one line in the table of commands.c each. */
#pragma once

struct command {
	const char *name;
	/* argv[0] is memtrace, argv[1] the subcommand, if there is one. Returns the exit status. */
	int (*run)(int argc, char **argv);
};

/* The subcommand that argv[1] names, otherwise the default one, which traces. */
const struct command *commands__find(int argc, char *const *argv);

int doctor__run(int argc, char **argv);
int top__run(int argc, char **argv);
