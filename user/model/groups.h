/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes put together by what they have in common: --by comm, cgroup or user. Sums and the
 * highest peak of one process; what a group held at any one time is not known.
 */
#pragma once

#include <stddef.h>

#include "model/report.h"

struct groups;

/* -ENOMEM. */
int groups__new(struct groups **out, enum report_by by);

/*
 * Counts a process in its group; the short stretch between fork and exec is in none. Beyond
 * GROUPS_MAX different ones all others are one group. -ENOMEM.
 */
int groups__add(struct groups *groups, const struct process_row *process);

#define GROUPS_MAX   16384
#define GROUPS_OTHER "(other groups)"

/* Moves them into report->groups, the highest peak first. -ENOMEM. */
int groups__take(struct groups *groups, struct report *report);

/* Accepts NULL. */
void groups__free(struct groups *groups);

/* "process", "comm", ...; NULL beyond the last. */
const char *report_by__name(enum report_by by);

/* Whether processes are grouped by it. */
bool report_by__groups(enum report_by by);

/* What people call a group, to be freed; NULL when memory runs out. */
char *process_group__name(enum report_by by, const struct process_group *group);
