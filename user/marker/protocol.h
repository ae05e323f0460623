/* SPDX-License-Identifier: MIT */
/*
 * How a marker library and a tracer meet, and the page in which results appear.
 *
 * The library (constructor, and the child after fork) connects a SOCK_SEQPACKET Unix socket:
 *   1. to the address in MEMTRACE_SOCKET (secure_getenv; a leading '@' is an abstract name),
 *   2. otherwise to the abstract name "memtrace/PID", PID in its own pid namespace,
 * accepts only a peer whose user id (SO_PEERCRED) is 0 or its own, sends one marker_hello and waits
 * up to MARKER_WAIT_MS for one marker_welcome, which may carry the file descriptor of the process'
 * result page (SCM_RIGHTS). The tracer answers after its probes on the object are in place. Then
 * both sides close the socket. The tracer trusts nothing of the hello: the pid comes from
 * SO_PEERCRED, and the address only chooses the mapped object, whose own notes say where to probe.
 */
#pragma once

#include <stdint.h>

#define MARKER_SOCKET_ENV      "MEMTRACE_SOCKET"
#define MARKER_ABSTRACT_FORMAT "memtrace/%d" /* behind a leading NUL byte */
#define MARKER_MAGIC	       0x31544d4d    /* "MMT1" */
#define MARKER_WAIT_MS	       2000

/*
 * stapsdt notes: provider and names; sites are 1-byte nops at the start of a function. The agent in
 * a Python interpreter has a copy of the library whose provider is its own, so that its windows and
 * those of the program can be told apart.
 */
#ifndef MARKER_PROVIDER
#define MARKER_PROVIDER "memtrace"
#endif
#define MARKER_PYTHON_PROVIDER "memtrace_python"

#define MARKER_BEGIN_PROBE "begin" /* (const char *name, uint64_t id) */
#define MARKER_END_PROBE   "end"   /* (uint64_t id, uint32_t slot or MARKER_NO_SLOT) */
#define MARKER_NO_SLOT	   UINT32_MAX
#define MARKER_NO_END	   (UINT32_MAX - 1) /* for a slot: the end of nothing, not to be counted */

struct marker_hello {
	uint32_t magic;
	uint32_t size;	  /* of this struct */
	uint64_t address; /* of the begin site in the caller's memory */
};

struct marker_welcome {
	uint32_t magic;
	uint32_t size;	  /* of this struct */
	int32_t error;	  /* 0: the object's probes are in place; otherwise a negative errno */
	uint32_t results; /* 1: the message carries the descriptor of the result page */
};

/*
 * The result page: 4096 bytes (on larger pages the beginning of one), mapped read-only and shared
 * by the process, written by the kernel side only. After a fork parent and child share it until the
 * child has met the tracer itself, so a reader takes a slot's content only when pid and id are its
 * own. The library claims a slot for the time of one call (in its own memory) and passes its number
 * to the end probe.
 */
struct marker_slot {
	uint64_t id;	       /* window id; written last */
	int32_t pid;	       /* of the process, in its own pid namespace */
	uint32_t faults_known; /* 0: the window ended on another thread than it began on */
	int64_t growth_pages;
	int64_t peak_growth_pages;
	int64_t gained_pages;
	int64_t own_growth_pages;
	int64_t by_type_pages[4]; /* anon, file, shmem, swap */
	int64_t minor_faults;
	int64_t major_faults;
	uint64_t reserved[4];
};

#define MARKER_SLOTS 32
_Static_assert(sizeof(struct marker_slot) * MARKER_SLOTS == 4096, "the result page is one page");
