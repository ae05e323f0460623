/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The marker library's probe sites in an ELF file, found through its stapsdt notes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Several copies of the library can be linked into one file; more are not looked for. */
#define MARKER_SITES_MAX     16
#define MARKER_PROVIDERS_MAX 2

/* Whose sites: names of stapsdt providers, such as MARKER_PROVIDER. */
struct marker_providers {
	const char *names[MARKER_PROVIDERS_MAX];
	size_t len;
};

struct marker_sites {
	uint64_t begin[MARKER_SITES_MAX]; /* file offsets */
	uint64_t end[MARKER_SITES_MAX];
	size_t begin_len, end_len;
	bool found[MARKER_PROVIDERS_MAX]; /* which of the providers have any */
};

/*
 * Finds the providers' sites in the file behind fd, each a nop of one byte (of one instruction on
 *aarch64) in executable code. The file may be hostile. 0, or -ENOENT   not an ELF file, or one
 *without markers -EBADMSG  its notes make no sense, or name a place where there is no such nop: a
 *probe anywhere else could kill the programs that run this code other negative errno of reading it
 */
int notes__find_markers(int fd, const struct marker_providers *providers, struct marker_sites *out);

/*
 * Whether the file behind fd has the USDT probe, at places where a breakpoint does no harm: 0, or
 *	-ENOENT   it has none of that name
 *	-EPERM    one of its places is a nop of 5 bytes, which the kernel makes a call that forked
 *		  children do not survive (Linux 6.18), or is in no executable code
 *	others as above
 */
int notes__check_usdt(int fd, const char *provider, const char *name);
