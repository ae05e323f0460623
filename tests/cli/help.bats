#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
load helper

options_of_help() {
	"$MEMTRACE" --help | grep -oE '^ +(-[a-zA-Z],? *)?(--[a-z-]+)?' | grep -oE -- '--?[a-zA-Z-]+' |
		sort -u
}

@test "--help prints to standard output and succeeds" {
	run --separate-stderr -0 "$MEMTRACE" --help
	[ -z "$stderr" ]
	[[ "$output" == *"-- COMMAND [ARG...]"* ]]
	[[ "$output" == *"-p PID[,PID...]"* ]]
	[[ "$output" == *"memtrace doctor"* ]]
	[[ "$output" == *"memtrace top"* ]]
}

@test "--help lists what the contract promises for this version" {
	local option
	for option in -w --window -p -a --all --list-windows --no-follow -d --duration --json --csv --windows --by --columns --sort \
		-n --top --bytes -q --quiet -v --verbose --user --ready-file --strict --color; do
		options_of_help | grep -qx -- "$option"
	done
}

@test "--help does not list what is not built" {
	local option
	for option in -o --output; do
		run -1 grep -x -- "$option" <(options_of_help)
	done
	run -0 "$MEMTRACE" --help
	[[ "$output" != *" diff "* ]]
}

@test "--usage and --version" {
	run --separate-stderr -0 "$MEMTRACE" --usage
	[[ "${lines[0]}" == "Usage: memtrace "* ]]
	run --separate-stderr -0 "$MEMTRACE" --version
	[[ "$output" =~ ^memtrace\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

@test "top --help" {
	run --separate-stderr -0 "$MEMTRACE" top -p 1 --help
	[ -z "$stderr" ]
	[[ "${lines[0]}" == "Usage: memtrace top "* ]]
	run -1 bash -c '"$0" top --help >/dev/full' "$MEMTRACE"
}

@test "--help wins over a COMMAND" {
	run -0 "$MEMTRACE" --help -- touch "$WORK/ran"
	[ ! -e "$WORK/ran" ]
}

@test "--help to a full device fails" {
	run -1 bash -c '"$0" --help >/dev/full' "$MEMTRACE"
}

@test "every option stands in the manual" {
	local option
	for option in $(options_of_help); do
		grep -qE -- "(^|[* ,])\*?$option([*, =]|\$)" "$SOURCE_DIR/user/man/memtrace.8.scd" || {
			echo "not in memtrace.8: $option"
			return 1
		}
	done
}

@test "every option is completed" {
	local option
	for option in $(options_of_help | grep -- '^--'); do
		grep -qwF -- "$option" "$SOURCE_DIR/user/completion/memtrace.bash" || {
			echo "not completed: $option"
			return 1
		}
	done
}

@test "the manual and the completion have no option that --help lacks" {
	local option known
	known=$(options_of_help)
	for option in $(cat "$SOURCE_DIR/user/completion/memtrace.bash" "$SOURCE_DIR/user/man/memtrace.8.scd" |
		grep -oE -- '(^|[^a-z-])--[a-z][a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u); do
		grep -qx -- "$option" <<<"$known" || {
			echo "not in --help: $option"
			return 1
		}
	done
}

@test "completion offers options, columns and color words" {
	run -0 bash -c '
		source "$1"
		COMP_WORDS=(memtrace --st) COMP_CWORD=1
		_memtrace
		[ "${COMPREPLY[*]}" = --strict ] || exit 1
		COMP_WORDS=(memtrace --color a) COMP_CWORD=2
		_memtrace
		[ "${COMPREPLY[*]}" = "auto always" ]' bash "$SOURCE_DIR/user/completion/memtrace.bash"
}
