/* SPDX-License-Identifier: MIT */
/*
 * The two places a tracer probes. Each is a function whose first instruction is a 1-byte nop (a
 * 4-byte one on aarch64), which stays executable code without a tracer and costs nothing; a stapsdt
 * note says where it is, also in a stripped file. Arguments are in registers by the C calling
 * convention.
 */
#pragma once

#include <stdint.h>

void memtrace_site_begin(const char *name, uint64_t id);
void memtrace_site_end(uint64_t id, uint32_t slot);
