// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The programs, one concern a file, compiled as one unit: maps and the subprograms that several of
 * them call exist once, which the static linker of libbpf 1.1 cannot do for kfunc declarations.
 */
#include "rss.bpf.c"
#include "fault.bpf.c"
#include "process.bpf.c"
#include "window.bpf.c"
#include "pair.bpf.c"
#include "scan.bpf.c"

char LICENSE[] SEC("license") = "GPL";
