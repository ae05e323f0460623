// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/identity.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <unistd.h>

#include "base/log.h"

/* (uid_t)-1 means "leave as it is" to the kernel and is nobody's. */
static int parse_id(const char *text, unsigned int *out)
{
	char *end;
	unsigned long value;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || value >= UINT_MAX)
		return -EINVAL;
	*out = (unsigned int)value;
	return 0;
}

static int id_from_env(const char *variable, unsigned int *out)
{
	const char *text = getenv(variable);

	if (!text)
		return -ENOENT;
	if (parse_id(text, out)) {
		log__error("%s: not a number: %s", variable, text);
		return -EINVAL;
	}
	return 0;
}

/* A user without an entry in the user database is still a user, with a number for a name. */
static int fill(struct identity *out, uid_t uid, const struct passwd *entry)
{
	struct identity made = {.uid = uid, .gid = entry ? entry->pw_gid : uid, .switched = true};
	char number[16];

	snprintf(number, sizeof(number), "%u", uid);
	made.name = strdup(entry ? entry->pw_name : number);
	made.home = strdup(entry && *entry->pw_dir ? entry->pw_dir : "/");
	made.shell = strdup(entry && *entry->pw_shell ? entry->pw_shell : "/bin/sh");
	if (!made.name || !made.home || !made.shell) {
		identity__free(&made);
		log__error("user %u: %s", uid, strerror(ENOMEM));
		return -ENOMEM;
	}
	*out = made;
	return 0;
}

int identity__invoking(struct identity *out)
{
	struct identity own = {.uid = getuid(), .gid = getgid()};
	unsigned int uid, gid;
	int err;

	if (own.uid != 0) {
		*out = own;
		return 0;
	}
	err = id_from_env("SUDO_UID", &uid);
	if (err == -ENOENT || (!err && uid == 0)) {
		*out = own;
		return 0;
	}
	if (err)
		return err;
	err = id_from_env("SUDO_GID", &gid);
	if (err && err != -ENOENT)
		return err;

	int filled = fill(out, uid, getpwuid(uid));

	if (!filled && !err)
		out->gid = gid;
	return filled;
}

int identity__by_name(struct identity *out, const char *name)
{
	const struct passwd *entry = getpwnam(name);
	unsigned int uid;

	if (!entry && !parse_id(name, &uid))
		entry = getpwuid(uid);
	if (!entry) {
		log__error("--user: no such user: %s", name);
		return -EINVAL;
	}
	return fill(out, entry->pw_uid, entry);
}

void identity__free(struct identity *identity)
{
	free(identity->name);
	free(identity->home);
	free(identity->shell);
	identity->name = identity->home = identity->shell = NULL;
}

bool identity__is_root(const struct identity *identity)
{
	return identity->uid == 0;
}

static int set_groups(const struct identity *identity)
{
	/* initgroups() looks the name up; a user without an entry has the one group. */
	if (getpwuid(identity->uid))
		return initgroups(identity->name, identity->gid) ? -errno : 0;
	return setgroups(1, &identity->gid) ? -errno : 0;
}

int identity__allow(const struct identity *identity)
{
	int err;

	if (!identity->switched)
		return 0;
	err = set_groups(identity);
	if (!err && setresgid(-1, -1, identity->gid))
		err = -errno;
	if (!err && setresuid(-1, -1, identity->uid))
		err = -errno;
	if (err)
		log__error("cannot act as user %s: %s", identity->name, strerror(-err));
	return err;
}

/*
 * Going from user id 0 to another clears the effective capabilities, but a program with file
 * capabilities has them under any id: they are cleared by hand.
 */
static int clear_effective(void)
{
	cap_t caps = cap_get_proc();
	int err = 0;

	if (!caps)
		return -errno;
	if (cap_clear_flag(caps, CAP_EFFECTIVE) || cap_set_proc(caps))
		err = -errno;
	cap_free(caps);
	return err;
}

int identity__assume(const struct identity *identity, struct identity_saved *saved)
{
	struct identity_saved before = {.euid = geteuid(), .egid = getegid()};
	int err;

	before.caps = cap_get_proc();
	if (!before.caps)
		return -errno;
	*saved = before;
	if (identity__is_root(identity))
		return 0;
	/* The group first: as the user it could not be changed any more. */
	if (setegid(identity->gid) || seteuid(identity->uid))
		err = -errno;
	else
		err = clear_effective();
	if (err)
		identity__restore(saved);
	return err;
}

void identity__restore(struct identity_saved *saved)
{
	/* Every step undoes one that was allowed; half a way back would be a wrong identity. */
	if (seteuid(saved->euid) || setegid(saved->egid) || cap_set_proc(saved->caps))
		abort();
	cap_free(saved->caps);
	saved->caps = NULL;
}

static int set_environment(const struct identity *identity)
{
	if (setenv("HOME", identity->home, 1) || setenv("USER", identity->name, 1) ||
	    setenv("LOGNAME", identity->name, 1) || setenv("SHELL", identity->shell, 1))
		return -errno;
	return 0;
}

int identity__become(const struct identity *identity)
{
	int err = identity->switched ? set_groups(identity) : 0;

	if (err)
		return err;
	if (setresgid(identity->gid, identity->gid, identity->gid) ||
	    setresuid(identity->uid, identity->uid, identity->uid))
		return -errno;
	return identity->switched ? set_environment(identity) : 0;
}
