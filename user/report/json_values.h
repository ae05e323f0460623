/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON of the parts of a report, as the contract names them. New references; NULL without memory.
 */
#pragma once

#include <jansson.h>

#include "model/report.h"

/* Any bytes, made UTF-8; NULL becomes null. */
json_t *json_of_string(const char *string);
json_t *json_of_strings(char *const *strings, size_t len);
json_t *json_of_types(const int64_t *bytes, size_t types);
json_t *json_of_faults(const struct faults *faults);

/*
 * with_flags: "median_exact" stands beside every median, not only beside an estimated one.
 * by_thread: with the thread.
 */
json_t *json_of_operation(const struct operation *operation, bool with_flags, bool by_thread);
json_t *json_of_process(const struct process_row *process);
json_t *json_of_group(enum report_by by, const struct process_group *group);
json_t *json_of_window(const struct window_row *window, const struct report *report);
