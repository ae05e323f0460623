#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Kernels that memtrace cannot count on: their types stand in for the running kernel's, in a mount
# namespace of the test's own.
load helper

MADE_BTF=${MADE_BTF:-${MEMTRACE%/user/cli/memtrace}/tests/unit/unit-made-btf}

# with_btf FILE COMMAND...
with_btf() {
	unshare --mount sh -c \
		'mount --bind "$1" /sys/kernel/btf/vmlinux && shift && exec "$@"' sh "$@"
}

# A kernel's types by name, see tests/unit/made_btf.h.
with_kernel() {
	local name=$1
	shift
	"$MADE_BTF" "$name" >"$WORK/btf"
	with_btf "$WORK/btf" "$@"
}

@test "a kernel without BTF is refused in one line" {
	need_root
	: >"$WORK/empty"
	run --separate-stderr -125 with_btf "$WORK/empty" "$MEMTRACE" -- true
	expect_error "this kernel has no BTF"
	run --separate-stderr -1 with_btf "$WORK/empty" "$MEMTRACE" doctor
	[[ "$output" == *"MISSING  BTF of the running kernel"* ]]
}

@test "a kernel without the tracepoint is refused" {
	need_root
	run --separate-stderr -125 with_kernel no-tracepoint "$MEMTRACE" -- true
	expect_error "this kernel has no rss_stat tracepoint"
}

@test "counters of an unknown layout are refused, not guessed" {
	need_root
	for kind in tree reordered wide-slots few old-tracepoint; do
		run --separate-stderr -125 with_kernel "$kind" "$MEMTRACE" -- true
		expect_error "this kernel keeps its RSS counters in a way that is not known"
		run --separate-stderr -1 with_kernel "$kind" "$MEMTRACE" doctor
		[[ "$output" == *"MISSING  known RSS counters"*"[model: unknown]"* ]]
		[[ "${lines[-1]}" == "Tracing is not possible"* ]]
	done
}
