// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace/privileges.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/log.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* The inode of the initial user namespace: PROC_USER_INIT_INO of the kernel, fixed since 3.8. */
#define INITIAL_USER_NAMESPACE 0xEFFFFFFDU

/*
 * perf_uprobe_event_init() asks for CAP_SYS_ADMIN in every kernel, a link for many uprobes (6.6)
 * does not; CAP_BPF and CAP_PERFMON came with 5.8, CAP_CHECKPOINT_RESTORE with 5.9.
 */
const struct privilege privileges_table[] = {
	{CAP_BPF, "CAP_BPF", NEEDED_ALWAYS, "BPF programs and maps cannot be created"},
	{CAP_PERFMON, "CAP_PERFMON", NEEDED_ALWAYS,
	 "BPF programs cannot read the kernel's counters"},
	{CAP_SYS_ADMIN, "CAP_SYS_ADMIN", NEEDED_FOR_PERF,
	 "probes cannot be placed on markers and functions"},
	{CAP_SYS_PTRACE, "CAP_SYS_PTRACE", NEEDED_FOR_SOME,
	 "processes of other users cannot be looked into: only one's own are traced"},
	{CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", NEEDED_FOR_SOME,
	 "no probes on program files that this user may not read"},
	{CAP_CHECKPOINT_RESTORE, "CAP_CHECKPOINT_RESTORE", NEEDED_FOR_SOME,
	 "files that were deleted or replaced while in use cannot be probed"},
	{CAP_KILL, "CAP_KILL", NEEDED_FOR_SOME,
	 "SIGTERM cannot be passed on to a COMMAND of another user"},
	{CAP_SETUID, "CAP_SETUID", NEEDED_FOR_SOME,
	 "COMMAND cannot run as another user (--user, sudo)"},
	{CAP_SETGID, "CAP_SETGID", NEEDED_FOR_SOME,
	 "COMMAND cannot run as another user (--user, sudo)"},
};

const size_t privileges_table_len = LEN(privileges_table);

/* Needed as long as the trace runs: libraries are loaded, processes are born, SIGTERM may come. */
static const cap_value_t kept[] = {
	CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_CHECKPOINT_RESTORE, CAP_KILL,
};

static const cap_value_t kept_for_perf[] = {CAP_SYS_ADMIN};

/* Root's right to rename in a directory of another user, and in a sticky one. */
static const cap_value_t kept_for_files[] = {CAP_DAC_OVERRIDE, CAP_FOWNER};

static bool has_in(cap_t caps, cap_value_t cap)
{
	cap_flag_value_t value = CAP_CLEAR;

	return cap_get_flag(caps, cap, CAP_PERMITTED, &value) == 0 && value == CAP_SET;
}

/* The kernel takes CAP_SYS_ADMIN for these. */
static const cap_value_t implied[] = {CAP_BPF, CAP_PERFMON, CAP_CHECKPOINT_RESTORE};

static bool is_implied(cap_value_t cap)
{
	for (size_t i = 0; i < LEN(implied); i++)
		if (cap == implied[i])
			return true;
	return false;
}

static bool has_all_in(cap_t caps, const cap_value_t *wanted, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!has_in(caps, wanted[i]))
			return false;
	return true;
}

bool privileges__has(cap_value_t cap)
{
	cap_t caps = cap_get_proc();
	bool has;

	if (!caps)
		return false;
	has = has_in(caps, cap) || (is_implied(cap) && has_in(caps, CAP_SYS_ADMIN));
	cap_free(caps);
	return has;
}

bool privileges__in_initial_namespace(void)
{
	struct stat st;

	/* Without /proc there are worse problems, and somebody else reports them. */
	return stat("/proc/self/ns/user", &st) || st.st_ino == INITIAL_USER_NAMESPACE;
}

int privileges__check(bool perf_probes)
{
	char missing[256] = "";
	size_t len = 0;

	if (!privileges__in_initial_namespace()) {
		log__error("user namespace: its capabilities do not count for tracing");
		log__hint("run it as root of the host, outside of the container");
		return -EPERM;
	}
	for (size_t i = 0; i < privileges_table_len; i++) {
		const struct privilege *p = &privileges_table[i];

		if (p->need > (perf_probes ? NEEDED_FOR_PERF : NEEDED_ALWAYS))
			continue;
		if (!privileges__has(p->cap))
			len += snprintf(missing + len, sizeof(missing) - len, " %s", p->name);
	}
	if (!len)
		return 0;
	log__error("missing capabilities:%s", missing);
	log__hint("run with sudo");
	return -EPERM;
}

static int keep(cap_t to, cap_t from, const cap_value_t *caps, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!has_in(from, caps[i]))
			continue;
		if (cap_set_flag(to, CAP_PERMITTED, 1, &caps[i], CAP_SET) ||
		    cap_set_flag(to, CAP_EFFECTIVE, 1, &caps[i], CAP_SET))
			return -errno;
	}
	return 0;
}

static void drop_bounding(cap_t left)
{
	/* Needs CAP_SETPCAP; without it the next exec, which never comes, would be no danger. */
	for (cap_value_t cap = 0; cap < cap_max_bits(); cap++)
		if (!has_in(left, cap) && cap_get_bound(cap) == 1)
			cap_drop_bound(cap);
}

int privileges__drop_after_attach(bool perf_probes, bool writes_as_root)
{
	cap_t now = cap_get_proc(), left = cap_init();
	int err = now && left ? 0 : -ENOMEM;

	if (!err)
		err = keep(left, now, kept, LEN(kept));
	if (!err && (perf_probes || !has_all_in(now, implied, LEN(implied))))
		err = keep(left, now, kept_for_perf, LEN(kept_for_perf));
	if (!err && writes_as_root)
		err = keep(left, now, kept_for_files, LEN(kept_for_files));
	if (!err) {
		drop_bounding(left);
		if (cap_set_proc(left))
			err = -errno;
	}
	/* memtrace starts nothing from here on; COMMAND is not its business any more. */
	if (!err && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		err = -errno;
	if (err)
		log__error("cannot drop capabilities: %s", strerror(-err));
	cap_free(left);
	cap_free(now);
	return err;
}
