/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Process rows: made from the records of the "events" ring, one an address space. What a record
 * cannot carry (the command line of a running process, its cgroup) is read from /proc as soon as
 * the record arrives.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract.h"
#include "model/report.h"

/* A row and what is needed of it until the report is made. */
struct row {
	struct process_row row;
	uint32_t space; /* serial */
	bool ended;
	bool faults_known;
	uint32_t cpus;
	bool concurrent;
	int64_t max_step_pages;
	uint64_t events;
	uint32_t peak_ops[MT_PEAK_OPS];
	uint32_t peak_ops_len;
	uint32_t tree_ops[MT_PEAK_OPS];
	uint32_t tree_ops_len;
	uint64_t tree_ops_at_ns; /* CLOCK_MONOTONIC */
};

struct rows {
	struct row *list;
	size_t len, allocated;
	uint64_t start_ns; /* of the trace, CLOCK_MONOTONIC */
	int64_t page_bytes;
	uint64_t unmatched; /* ends whose begin was lost, and the other way round */
};

/* Enters one record. -ENOMEM, -EBADMSG for a record that is too short. */
int rows__record(struct rows *rows, const void *data, size_t size);

/* The row of a space by serial, or NULL. */
struct row *rows__find(struct rows *rows, uint32_t space);

void rows__free(struct rows *rows);
