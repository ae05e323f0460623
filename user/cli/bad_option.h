/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Says what is wrong with an option that getopt has refused, in memtrace's own words. */
#pragma once

struct argp_option;

/*
 * `next` is the index at which getopt has stopped. getopt's own message would print the word as it
 * is, escape sequences for the terminal included. Logs one line and, where there is one, a hint.
 */
void bad_option__explain(const struct argp_option *table, int argc, char *const *argv, int next);
