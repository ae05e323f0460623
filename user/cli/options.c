// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/options.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/bad_option.h"
#include "cli/pids.h"
#include "cli/values.h"
#include "cli/list_windows.h"
#include "trace/window_spec.h"

/* Options without a short form; above any character. */
enum key {
	KEY_NO_FOLLOW = 0x100,
	KEY_JSON,
	KEY_CSV,
	KEY_WINDOWS,
	KEY_COLUMNS,
	KEY_SORT,
	KEY_BYTES,
	KEY_USER,
	KEY_READY_FILE,
	KEY_STRICT,
	KEY_COLOR,
	KEY_HELP,
	KEY_USAGE,
	KEY_LIST_WINDOWS,
	KEY_BY,
};

static const struct argp_option table[] = {
	{0, 0, 0, 0, "What to trace:", 1},
	{"window", 'w', "SPEC", 0,
	 "What opens and closes windows; may repeat (default: marker; see --list-windows)", 0},
	{0, 'p', "PID[,PID...]", 0, "Trace running processes; may repeat", 0},
	{"all", 'a', 0, 0, "Trace every process of the host, those that come and go included", 0},
	{"no-follow", KEY_NO_FOLLOW, 0, 0, "Leave out children", 0},
	{"duration", 'd', "SEC", 0,
	 "Detach after SEC seconds (a decimal is fine) and report; a COMMAND goes on and is waited "
	 "for",
	 0},
	{"user", KEY_USER, "NAME", 0,
	 "Run COMMAND as NAME (default: the invoking user under sudo); for root only", 0},

	{0, 0, 0, 0, "Exports:", 2},
	{"json", KEY_JSON, "FILE", 0, "Write the report as JSON; - is standard output", 0},
	{"csv", KEY_CSV, "FILE", 0, "Write the operations as CSV; - is standard output", 0},
	{"windows", KEY_WINDOWS, 0, 0, "Also list each window", 0},

	{0, 0, 0, 0, "The table:", 3},
	{"by", KEY_BY, "KEY", 0,
	 "Group processes by process (the default), comm, cgroup or user, or operations by thread",
	 0},
	{"columns", KEY_COLUMNS, "LIST", 0,
	 "Of name count growth peak peak-rss gained returned own self foreign anon file shmem swap "
	 "faults time (default: name,count,growth,peak,own,faults,time)",
	 0},
	{"sort", KEY_SORT, "COLUMN", 0, "Largest of COLUMN first", 0},
	{"top", 'n', "N", 0, "Show N operations only", 0},
	{"bytes", KEY_BYTES, 0, 0, "Plain bytes instead of KiB, MiB, GiB", 0},
	{"color", KEY_COLOR, "WHEN", 0,
	 "auto, always or never; NO_COLOR in the environment works too", 0},
	{"quiet", 'q', 0, 0, "No table and no status line", 0},

	{0, 0, 0, 0, "For scripts:", 4},
	{"ready-file", KEY_READY_FILE, "FILE", 0,
	 "Write a line `ready' to FILE (a fifo works) once every probe is attached and counting",
	 0},
	{"strict", KEY_STRICT, 0, 0,
	 "Exit with 3 when anything was lost or inexact and COMMAND itself returned 0", 0},
	{"verbose", 'v', 0, 0, "Say what is attached where, and libbpf's own messages", 0},

	{0, 0, 0, 0, "Help:", -1},
	{"help", KEY_HELP, 0, 0, "Show this help", 0},
	{"list-windows", KEY_LIST_WINDOWS, 0, 0, "Show what --window knows", 0},
	{"usage", KEY_USAGE, 0, 0, "Show a short usage message", 0},
	{"version", 'V', 0, 0, "Show the version", 0},

	{"output", 'o', "FILE", OPTION_HIDDEN, 0, 0},
	{0},
};

static int out_of_memory(void)
{
	log__error("command line: %s", strerror(ENOMEM));
	return ENOMEM;
}

static int add_spec(struct options *o, const char *text)
{
	struct window_spec spec, *grown;

	if (window_spec__parse(&spec, text))
		return EINVAL;
	grown = reallocarray(o->specs, o->specs_len + 1, sizeof(*grown));
	if (!grown) {
		window_spec__free(&spec);
		return out_of_memory();
	}
	grown[o->specs_len++] = spec;
	o->specs = grown;
	return 0;
}

static int add_export(struct options *o, const char *format, const char *path)
{
	struct export *grown;

	if (!*path) {
		log__error("--%s: no file given", format);
		return EINVAL;
	}
	/* One would replace the other, or run into it; what is a device does not mind. */
	for (size_t i = 0; i < o->exports_len; i++)
		if (!strcmp(path, o->exports[i].path) && strncmp(path, "/dev/", 5)) {
			log__error("--%s %s: already has an export", format, path);
			return EINVAL;
		}
	grown = reallocarray(o->exports, o->exports_len + 1, sizeof(*grown));
	if (!grown)
		return out_of_memory();
	grown[o->exports_len++] = (struct export){.format = format, .path = path};
	o->exports = grown;
	return 0;
}

static int not_built(const char *option)
{
	log__error("%s: not built into this version (%s)", option, MEMTRACE_VERSION);
	return EINVAL;
}

static int parse_unbuilt(int key)
{
	switch (key) {
	case 'o': return not_built("-o");
	default: return ARGP_ERR_UNKNOWN;
	}
}

static _Noreturn void show(FILE *stream, unsigned int flags)
{
	char name[] = "memtrace";

	argp_help(&options_argp, stream, flags, name);
	exit(fflush(stream) || ferror(stream) ? 1 : 0);
}

static int parse_help(int key)
{
	switch (key) {
	case KEY_HELP: show(stdout, ARGP_HELP_SHORT_USAGE | ARGP_HELP_LONG | ARGP_HELP_DOC);
	case KEY_USAGE: show(stdout, ARGP_HELP_USAGE);
	case KEY_LIST_WINDOWS: exit(list_windows__run());
	case 'V': printf("memtrace %s\n", MEMTRACE_VERSION); exit(fflush(stdout) ? 1 : 0);
	default: return parse_unbuilt(key);
	}
}

static int parse_trace(int key, char *arg, struct options *o)
{
	switch (key) {
	case 'w': return add_spec(o, arg);
	case 'p': return -pids__add(&o->pids, &o->pids_len, arg);
	case 'a': o->all = true; return 0;
	case KEY_NO_FOLLOW: o->no_follow = true; return 0;
	case 'd': return -values__duration(&o->duration_ns, arg);
	case KEY_USER: o->user = arg; return 0;
	case KEY_READY_FILE: o->ready_file = arg; return 0;
	case KEY_STRICT: o->strict = true; return 0;
	case 'v': o->verbose = true; return 0;
	default: return parse_help(key);
	}
}

static int parse_columns(const char **out, const char *option, const char *list)
{
	*out = list;
	return -values__columns(option, list);
}

static int parse_show(int key, char *arg, struct options *o)
{
	switch (key) {
	case KEY_JSON: return add_export(o, "json", arg);
	case KEY_CSV: return add_export(o, "csv", arg);
	case KEY_WINDOWS: o->windows = true; return 0;
	case KEY_BY: return -values__by(&o->by, arg);
	case KEY_COLUMNS: return parse_columns(&o->columns, "--columns", arg);
	case KEY_SORT:
		if (!o->live)
			return parse_columns(&o->sort, "--sort", arg);
		o->sort = arg;
		return 0;
	case 'n': return -values__top(&o->top, arg);
	case KEY_BYTES: o->bytes = true; return 0;
	case 'q': o->quiet = true; return 0;
	case KEY_COLOR: return -values__color(&o->color, arg);
	default: return parse_trace(key, arg, o);
	}
}

/* A word that belongs to no option. */
static int parse_word(char *arg, struct options *o, struct argp_state *state)
{
	if (state->quoted && state->next > state->quoted) {
		/* COMMAND and all that follows. */
		o->command = state->argv + state->next - 1;
		state->next = state->argc;
		return 0;
	}
	/* -p $(pgrep NAME), unquoted. */
	if (o->pids_len && strspn(arg, "0123456789") == strlen(arg))
		return -pids__add(&o->pids, &o->pids_len, arg);
	if (o->live) {
		log__error("top: neither an option nor a pid: %s", arg);
		log__hint("memtrace top -p PID");
		return EINVAL;
	}
	log__error("COMMAND given without `--': %s", arg);
	log__hint("memtrace [OPTION...] -- %s ...", arg);
	return EINVAL;
}

static int check(struct options *o, const struct argp_state *state)
{
	if (o->live && state->quoted) {
		log__error("top: not with a COMMAND");
		return EINVAL;
	}
	if (o->live && !o->pids_len)
		o->all = true;
	if (o->command && o->pids_len) {
		log__error("-p: not together with a COMMAND");
		return EINVAL;
	}
	if (!o->command && state->quoted) {
		log__error("no COMMAND after `--'");
		return EINVAL;
	}
	if (o->all && (o->command || o->pids_len || o->no_follow)) {
		log__error("-a: not together with %s", o->command    ? "a COMMAND"
						       : o->pids_len ? "-p"
								     : "--no-follow");
		return EINVAL;
	}
	if (o->all && getuid() != 0) {
		log__error("-a: only root may trace every process");
		return EINVAL;
	}
	if (!o->command && !o->pids_len && !o->all) {
		log__error("nothing to trace: neither `-- COMMAND' nor `-p PID' nor -a given");
		log__hint("memtrace --help shows what there is");
		return EINVAL;
	}
	if (o->user && !o->command) {
		log__error("--user: only with a COMMAND");
		return EINVAL;
	}
	if (o->user && getuid() != 0) {
		log__error("--user: only root may choose a user");
		return EINVAL;
	}
	return 0;
}

/* What the parser works on, and whether an error has been said already. */
struct parsing {
	struct options *options;
	bool said;
};

static error_t parse_any(int key, char *arg, struct argp_state *state)
{
	struct parsing *parsing = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
	case ARGP_KEY_ARGS:
	case ARGP_KEY_NO_ARGS:
	case ARGP_KEY_SUCCESS:
	case ARGP_KEY_FINI: return 0;
	case ARGP_KEY_ARG: return parse_word(arg, parsing->options, state);
	case ARGP_KEY_END: return check(parsing->options, state);
	case ARGP_KEY_ERROR:
		if (!parsing->said)
			bad_option__explain(table, state->argc, state->argv, state->next);
		return 0;
	default: return parse_show(key, arg, parsing->options);
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct parsing *parsing = state->input;
	error_t err = parse_any(key, arg, state);

	if (err && err != ARGP_ERR_UNKNOWN)
		parsing->said = true;
	return err;
}

const struct argp options_argp = {
	.options = table,
	.parser = parse,
	.args_doc = "-- COMMAND [ARG...]\n-p PID[,PID...]\n-a",
	.doc = "Exact growth and peak of resident memory for each operation of a running program."
	       "\v"
	       "COMMAND runs until its end and its exit status is passed on. Ctrl-C ends a trace "
	       "of "
	       "running processes and prints what was seen.\n\n"
	       "`memtrace top' shows a running trace live. `memtrace doctor' shows what this "
	       "kernel "
	       "and this user can do, and what is missing.",
};

static int parse_into(struct options *out, int argc, char **argv)
{
	static char *default_spec = "marker";
	struct parsing parsing = {.options = out};
	error_t err;

	err = argp_parse(&options_argp, argc, argv,
			 ARGP_NO_ERRS | ARGP_NO_HELP | ARGP_NO_EXIT | ARGP_IN_ORDER, NULL,
			 &parsing);
	if (!err && !out->specs_len)
		err = add_spec(out, default_spec);
	return -err;
}

int options__parse(struct options *out, int argc, char **argv)
{
	*out = (struct options){0};
	return parse_into(out, argc, argv);
}

int options__parse_live(struct options *out, int argc, char **argv)
{
	*out = (struct options){.live = true};
	return parse_into(out, argc, argv);
}

void options__free(struct options *options)
{
	free(options->pids);
	for (size_t i = 0; i < options->specs_len; i++)
		window_spec__free(&options->specs[i]);
	free(options->specs);
	free(options->exports);
	*options = (struct options){0};
}

int options__usage_status(int argc, char *const *argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--"))
			return 125;
	return 2;
}
