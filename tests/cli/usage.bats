#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Usage errors: one line, with a COMMAND 125 and COMMAND not started, otherwise 2.
load helper

# usage_error PREFIX OPTION...: as it is, and with a COMMAND behind it.
usage_error() {
	local prefix=$1
	shift
	run --separate-stderr -2 "$MEMTRACE" "$@"
	expect_error "$prefix"
	[ -z "$output" ]
	run --separate-stderr -125 "$MEMTRACE" "$@" -- touch "$WORK/ran"
	expect_error "$prefix"
	[ ! -e "$WORK/ran" ]
}

@test "nothing to trace" {
	run --separate-stderr -2 "$MEMTRACE"
	expect_error "nothing to trace"
	run --separate-stderr -125 "$MEMTRACE" --
	expect_error "no COMMAND"
}

@test "COMMAND given without --" {
	run --separate-stderr -2 "$MEMTRACE" touch "$WORK/ran"
	expect_error "COMMAND given without \`--'"
	[[ "${stderr_lines[1]}" == *"-- touch"* ]]
	[ ! -e "$WORK/ran" ]
	run --separate-stderr -2 "$MEMTRACE" -q --strict touch "$WORK/ran"
	expect_error "COMMAND given without \`--'"
}

@test "unknown options, with the nearest" {
	usage_error "--qiet: no such option" --qiet
	[[ "${stderr_lines[1]}" == *"--quiet"* ]]
	usage_error "-Z: no such option" -Z
	usage_error "-Z: no such option" -qZ
	usage_error "-Z: no such option" -q -Zv
	usage_error "--windo: could be several" --windo
}

@test "arguments that are missing or too many" {
	run --separate-stderr -2 "$MEMTRACE" --json
	expect_error "--json: needs FILE"
	run --separate-stderr -2 "$MEMTRACE" -d
	expect_error "-d: needs SEC"
	usage_error "--strict: takes no value" --strict=1
	usage_error "--json: no file given" --json ''
}

@test "what is not built yet is refused" {
	usage_error "-o: not built into this version" -o file
	usage_error "-o: not built into this version" --output=file
	local command
	for command in report diff check; do
		run --separate-stderr -2 "$MEMTRACE" "$command" a b
		expect_error "$command: not built into this version"
	done
}

@test "top" {
	run --separate-stderr -2 "$MEMTRACE" top a b
	expect_error "top: neither an option nor a pid: a"
	run --separate-stderr -2 "$MEMTRACE" top -p 1 --sort=peek
	expect_error "--sort: unknown column \`peek\`"
	[[ "${stderr_lines[1]}" == *"peak"* ]]
	run --separate-stderr -2 "$MEMTRACE" top -p 1 -a
	expect_error "-a: not together with -p"
	run --separate-stderr -125 "$MEMTRACE" top -- touch "$WORK/ran"
	expect_error "top: not with a COMMAND"
	[ ! -e "$WORK/ran" ]
	run --separate-stderr -1 "$MEMTRACE" top -p 1 </dev/null
	expect_error "top: standard input and output are not a terminal"
	need_root
	run --separate-stderr -2 as_nobody "$MEMTRACE" top
	expect_error "-a: only root"
}

@test "windows" {
	usage_error "--window python:a\nb: NAME has a line break" -w $'python:a\nb'
	usage_error "--window func: something is missing" -w func
	usage_error "--window func:libx:: FUNCTION is missing" -w func:libx:
	usage_error "--window usdt:a: PROVIDER is missing" -w usdt:a
	usage_error "--window usdt:a:b: BEGIN,END is missing" -w usdt:a:b
	usage_error "--window marker:a: BEGIN,END is missing" -w marker:a
	usage_error "--window usdt:a:b(arg9:int),c: an argument is" -w 'usdt:a:b(arg9:int),c'
	usage_error "--window usdt:a:b(arg1:foo),c: the type of an argument is" -w 'usdt:a:b(arg1:foo),c'
	usage_error "--window: no such kind of window: postgres:quer" -w postgres:quer
	[[ "${stderr_lines[1]}" == *"postgres:query"* ]]
	usage_error "--window: no such kind of window: markr" -w markr
	[[ "${stderr_lines[1]}" == *"marker"* ]]
	usage_error "--window: no such kind of window" -w ''
	usage_error "--window: no such kind of window" -w marker -w bla
}

@test "durations" {
	local bad
	for bad in 0 0.0 -1 x 1s '' . inf nan 0x10 1e3 99999999999; do
		usage_error "--duration: not a number of seconds" "--duration=$bad"
	done
}

@test "other values" {
	usage_error "--top: not a number" -n 0
	usage_error "--top: not a number" -n x
	usage_error "--by: not process, comm, cgroup, user or thread" --by=pid
	usage_error "--by: not process, comm, cgroup, user or thread" --by ''
	usage_error "--color: not auto, always or never" --color=blue
	usage_error "--columns: " --columns=name,nosuch
	usage_error "--columns: " --columns=
	usage_error "--sort: " --sort=nosuch
	usage_error "--csv -: already has an export" --json - --csv -
}

@test "pids" {
	local bad
	for bad in 0 -1 x 1x '' ' ' 99999999999 1,x '1;2'; do
		run --separate-stderr -2 "$MEMTRACE" "-p$bad" -p "$bad"
		expect_error "-p: "
	done
	run --separate-stderr -2 bash -c 'exec "$0" -p $$' "$MEMTRACE"
	expect_error "-p: "
	[[ "$stderr" == *"memtrace itself"* ]]
	run --separate-stderr -125 "$MEMTRACE" -p 1 -- true
	expect_error "-p: not together with a COMMAND"
}

@test "--user" {
	run --separate-stderr -2 "$MEMTRACE" --user nobody -p 1
	expect_error "--user: only with a COMMAND"
	need_root
	run --separate-stderr -125 as_nobody "$MEMTRACE" --user root -- true
	expect_error "--user: only root"
}

@test "what the user typed cannot steer the terminal" {
	run --separate-stderr -2 "$MEMTRACE" $'--\e[31mred'
	[[ "$stderr" != *$'\e'* ]]
	run --separate-stderr -2 "$MEMTRACE" $'\e[31mred'
	[[ "$stderr" != *$'\e'* ]]
	run --separate-stderr -2 "$MEMTRACE" -w $'\e[31mred' -p 1
	[[ "$stderr" != *$'\e'* ]]
	run --separate-stderr -2 "$MEMTRACE" -p $'1\n2\e'
	[[ "$stderr" != *$'\e'* ]]
}

@test "without privileges the missing capabilities are named" {
	need_root
	run --separate-stderr -1 as_nobody "$MEMTRACE" -p 1
	expect_error "missing capabilities: CAP_BPF CAP_PERFMON"
	[[ "${stderr_lines[1]}" == *sudo* ]]
	run --separate-stderr -125 as_nobody "$MEMTRACE" -- touch "$WORK/own/ran"
	expect_error "missing capabilities: CAP_BPF CAP_PERFMON"
	[ ! -e "$WORK/own/ran" ]
}
