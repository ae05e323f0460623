#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
load helper

@test "doctor finds everything as root" {
	need_root
	run --separate-stderr -0 "$MEMTRACE" doctor
	[ -z "$stderr" ]
	[[ "$output" == *"CAP_BPF"* ]]
	[[ "$output" == *"BTF of the running kernel"* ]]
	[[ "$output" != *MISSING* ]]
	[[ "${lines[-1]}" == "Tracing is possible"* ]]
}

@test "doctor says what is missing and what follows" {
	need_root
	run --separate-stderr -1 as_nobody "$MEMTRACE" doctor
	[[ "$output" == *"MISSING  CAP_BPF"* ]]
	[[ "$output" == *"BPF programs and maps cannot be created"* ]]
	[[ "${lines[-1]}" == "Tracing is not possible"* ]]
	expect_error "missing capabilities: CAP_BPF"
}

@test "doctor --help, and no arguments" {
	run --separate-stderr -0 "$MEMTRACE" doctor --help
	[[ "$output" == *"memtrace doctor"* ]]
	run --separate-stderr -2 "$MEMTRACE" doctor now
	expect_error "doctor: "
}

@test "doctor to a full device fails" {
	run -1 bash -c '"$0" doctor >/dev/full' "$MEMTRACE"
}
