// SPDX-License-Identifier: GPL-2.0-or-later
/* What attaching anything at all costs: the same places as memtrace's, programs that do nothing. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tp_btf/rss_stat")
int empty_rss_stat(void *ctx)
{
	return 0;
}

SEC("uprobe")
int empty_uprobe(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
