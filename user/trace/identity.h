/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who asked for this trace, and acting as that user: COMMAND runs as the invoking user and outputs
 * are opened with the invoking user's rights, also under sudo.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct identity {
	uid_t uid;
	gid_t gid;
	/* False: this process' own ids; its groups and environment stay what they are. */
	bool switched;
	char *name;  /* login name; NULL unless switched */
	char *home;  /* NULL unless switched */
	char *shell; /* NULL unless switched */
};

#define IDENTITY_INIT ((struct identity){.uid = (uid_t)-1, .gid = (gid_t)-1})

/*
 * The user that called memtrace: that of SUDO_UID and SUDO_GID when the real user id is 0 (anybody
 * else could have set these variables), otherwise the real one. -EINVAL for a SUDO_UID or SUDO_GID
 * that is not a number (logged).
 */
int identity__invoking(struct identity *out);

/* The user of that login name or number. -EINVAL when there is none (logged). */
int identity__by_name(struct identity *out, const char *name);

void identity__free(struct identity *identity);

/* Whether the real user is root and acts for itself. */
bool identity__is_root(const struct identity *identity);

/*
 * Lets this process act as the user and back again without CAP_SETUID and CAP_SETGID, which it may
 * then drop: the user becomes the saved user id, the user's groups become this process' own.
 * Call once, before the first identity__assume(). Logged.
 */
int identity__allow(const struct identity *identity);

/* What identity__assume() changed. */
struct identity_saved {
	uid_t euid;
	gid_t egid;
	void *caps; /* cap_t */
};

/*
 * From here until identity__restore() files are opened, created, renamed with the user's rights and
 * nothing more: no capability is effective. A process that cannot go back must not go on:
 * identity__restore() aborts then.
 */
int identity__assume(const struct identity *identity, struct identity_saved *saved);
void identity__restore(struct identity_saved *saved);

/*
 * Becomes the user for good, environment (HOME, USER, LOGNAME, SHELL) included. For a child on its
 * way to exec: does not log. Negative errno.
 */
int identity__become(const struct identity *identity);
