#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# memtrace -p PID
load helper

setup_file() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
}

@test "Ctrl-C ends the trace: report on standard output, status 0" {
	start_target
	start_tracer -p "$TARGET"
	kill -INT "$TRACER"
	end_of "$TRACER"
	[ "$END_STATUS" -eq 0 ]
	[ -s stdout ]
	[ ! -s stderr ]
	kill -0 "$TARGET"
}

@test "SIGTERM and SIGHUP end it the same way" {
	start_target
	start_tracer -p "$TARGET"
	kill -TERM "$TRACER"
	end_of "$TRACER"
	[ "$END_STATUS" -eq 0 ]
	[ -s stdout ]
	rm ready
	start_tracer -p "$TARGET"
	kill -HUP "$TRACER"
	end_of "$TRACER"
	[ "$END_STATUS" -eq 0 ]
	[ -s stdout ]
}

@test "nohup is respected" {
	start_target
	mkfifo ready
	nohup "$MEMTRACE" --ready-file ready -p "$TARGET" >stdout 2>stderr 3>&- &
	TRACER=$!
	BACKGROUND+=("$TRACER")
	read -r -t 20 _ <ready
	kill -HUP "$TRACER"
	sleep 0.3
	kill -0 "$TRACER"
	kill -INT "$TRACER"
	end_of "$TRACER"
	[ "$END_STATUS" -eq 0 ]
}

@test "--duration ends it" {
	start_target
	run --separate-stderr -0 timeout 20 "$MEMTRACE" -d 0.2 -p "$TARGET"
	[ -n "$output" ]
	run --separate-stderr -0 timeout 20 "$MEMTRACE" --duration=.2 -q -p "$TARGET"
	[ -z "$output" ]
}

@test "it ends when every target has ended" {
	sleep 1.5 3>&- &
	BACKGROUND+=($!)
	run --separate-stderr -0 timeout 20 "$MEMTRACE" -p $!
	[ -n "$output" ]
}

@test "several pids: commas, blanks, lines, repeated, unquoted" {
	start_target
	local first=$TARGET
	start_target
	local list
	for list in "$first,$TARGET" "$first $TARGET" "$first"$'\n'"$TARGET"; do
		run --separate-stderr -0 timeout 20 "$MEMTRACE" -d 0.1 --json - -p "$list"
		[[ "$output" == *"$first"* ]]
		[[ "$output" == *"$TARGET"* ]]
	done
	run --separate-stderr -0 timeout 20 "$MEMTRACE" -q -d 0.1 -p "$first" -p "$TARGET" -p "$first"
	run --separate-stderr -0 timeout 20 "$MEMTRACE" -q -d 0.1 -p "$first" "$TARGET"
}

@test "no such process" {
	start_target
	run --separate-stderr -1 timeout 20 "$MEMTRACE" -p 4194303
	expect_error "no such process 4194303"
	run --separate-stderr -1 timeout 20 "$MEMTRACE" -p "$TARGET,4194303"
	expect_error "no such process 4194303"
}

@test "the table makes room for an export on standard output" {
	start_target
	run --separate-stderr -0 timeout 20 "$MEMTRACE" -d 0.1 --json - -p "$TARGET"
	[ -n "$stderr" ]
	python3 -c 'import json, sys; json.loads(sys.argv[1])' "$output"
}

@test "a reader of the table that goes away is an error, not a hang" {
	start_target
	run bash -c 'timeout 20 "$0" -d 0.2 -p "$1" | exec true; exit "${PIPESTATUS[0]}"' "$MEMTRACE" "$TARGET"
	[ "$status" -le 1 ]
}

@test "the status line is on a terminal only" {
	start_target
	run -0 script -qec "$MEMTRACE -d 1.5 -p $TARGET" /dev/null
	[[ "$output" == *$'\r\e[K'*RSS* ]]
	run -0 script -qec "$MEMTRACE -q -d 1.5 -p $TARGET" /dev/null
	[[ "$output" != *RSS* ]]
	run --separate-stderr -0 "$MEMTRACE" -d 1.5 -p "$TARGET"
	[ -z "$stderr" ]
}

@test "colors: WHEN and NO_COLOR" {
	start_target
	run --separate-stderr -0 "$MEMTRACE" -d 0.1 -p "$TARGET"
	[[ "$output" != *$'\e['* ]]
	run --separate-stderr -0 "$MEMTRACE" --color=never -d 0.1 -p "$TARGET"
	[[ "$output" != *$'\e['* ]]
	NO_COLOR=1 run -0 script -qec "$MEMTRACE -q -d 0.1 -p $TARGET" /dev/null
	[[ "$output" != *$'\e['*m* ]]
}

@test "without real user id 0 only what ptrace would allow" {
	command -v capsh >/dev/null || skip "needs capsh"
	start_target
	# The capabilities are there, as from a file; the target is root's.
	run --separate-stderr -1 setpriv --reuid="$NOBODY_UID" --regid="$NOBODY_GID" --clear-groups \
		--inh-caps=+bpf,+perfmon,+sys_admin,+sys_ptrace,+dac_read_search \
		--ambient-caps=+bpf,+perfmon,+sys_admin,+sys_ptrace,+dac_read_search \
		timeout 20 "$MEMTRACE" -d 0.1 -p "$TARGET"
	expect_error "process $TARGET: not yours to trace"
	setpriv --reuid="$NOBODY_UID" --regid="$NOBODY_GID" --clear-groups sleep 30 3>&- &
	BACKGROUND+=($!)
	sleep 0.2
	run --separate-stderr -0 setpriv --reuid="$NOBODY_UID" --regid="$NOBODY_GID" --clear-groups \
		--inh-caps=+bpf,+perfmon,+sys_admin,+sys_ptrace,+dac_read_search \
		--ambient-caps=+bpf,+perfmon,+sys_admin,+sys_ptrace,+dac_read_search \
		timeout 20 "$MEMTRACE" -d 0.1 -p $!
}

has_no_link_for_many() {
	"$MEMTRACE" doctor | grep -q '^missing .* one link for many uprobes'
}

@test "markers take CAP_BPF and CAP_PERFMON, no more" {
	need_root
	! has_no_link_for_many || skip "needs Linux 6.6"
	cp "$WORKLOADS/workload-peak" "$WORK/workload"
	run --separate-stderr -0 as_nobody --inh-caps=+bpf,+perfmon --ambient-caps=+bpf,+perfmon \
		"$MEMTRACE" -- "$WORK/workload"
	[[ "$stderr" == *sawtooth* ]]
	[[ "$stderr" == *"exact to the page, nothing lost"* ]]
}

@test "capabilities that are not needed are dropped after attaching" {
	start_target
	start_tracer -p "$TARGET"
	sleep 0.2
	local caps
	caps=$(sed -n 's/^CapPrm:\t//p' "/proc/$TRACER/status")
	# CAP_SETUID (7), CAP_SYS_MODULE (16), CAP_NET_ADMIN (12) are gone, CAP_BPF (39) is kept,
	# CAP_SYS_ADMIN (21) only where probes are perf events.
	(((0x$caps & (1 << 7 | 1 << 16 | 1 << 12)) == 0))
	(((0x$caps & 1 << 21) == 0)) || has_no_link_for_many
	(((0x$caps & 1 << 39) != 0))
	grep -q '^NoNewPrivs:\s1' "/proc/$TRACER/status"
	kill -INT "$TRACER"
	end_of "$TRACER"
}
