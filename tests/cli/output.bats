#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Where --json and --csv go, and whose the files are.
load helper

setup_file() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
}


quiet() {
	timeout 30 "$MEMTRACE" -q "$@" -- true
}

is_json() {
	python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$1"
}

@test "a new file, with the umask's mode" {
	umask 027
	quiet --json new.json --csv new.csv
	is_json new.json
	[ -s new.csv ]
	[ "$(stat -c %a new.json)" = 640 ]
	expect_no_temporary_files
}

@test "standard output by any of its names" {
	local name
	for name in - /dev/stdout /dev/fd/1 /proc/self/fd/1; do
		quiet --json "$name" >out.json
		is_json out.json
	done
	quiet --json - --csv table.csv | python3 -c 'import json, sys; json.load(sys.stdin)'
	quiet --json /dev/fd/5 5>out5.json
	is_json out5.json
}

@test "a descriptor that memtrace was not given is refused" {
	run --separate-stderr -125 bash -c 'exec 9>&-; "$0" -q --json /dev/fd/9 -- true' "$MEMTRACE"
	expect_error "/dev/fd/9: "
	run --separate-stderr -125 bash -c '"$0" -q --json - -- true >&-' "$MEMTRACE"
	expect_error "-: "
}

@test "an existing file is replaced, with its mode, and only when complete" {
	echo old >out.json
	chmod 604 out.json
	ln out.json other-name
	quiet --json out.json
	is_json out.json
	[ "$(stat -c %a out.json)" = 604 ]
	[ "$(cat other-name)" = old ]
	echo old >out.json
	run -125 quiet --json out.json --csv /nonexistent/x
	[ "$(cat out.json)" = old ]
	run -127 "$MEMTRACE" --json out.json -- nosuchcommand
	[ "$(cat out.json)" = old ]
	expect_no_temporary_files
}

@test "memtrace killed leaves the old file and no other" {
	echo old >out.json
	start_tracer -q --json out.json -- sleep 20
	kill -KILL "$TRACER"
	wait "$TRACER" || true
	[ "$(cat out.json)" = old ]
	expect_no_temporary_files
}

@test "directories, sockets, block devices are refused" {
	mkdir dir
	run --separate-stderr -125 quiet --json dir
	expect_error "dir: Is a directory"
	run --separate-stderr -125 quiet --json dir/
	expect_error "dir/: Is a directory"
	run --separate-stderr -125 quiet --json new/
	expect_error "new/: "
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("sock")'
	run --separate-stderr -125 quiet --json sock
	expect_error "sock: is a socket"
	mknod block b 7 255 2>/dev/null || skip "cannot make a block device"
	run --separate-stderr -125 quiet --json block
	expect_error "block: is a block device"
}

@test "directories that are not there, or not writable" {
	run --separate-stderr -125 quiet --json nodir/out.json
	expect_error "nodir/out.json: No such file"
	touch file
	run --separate-stderr -125 quiet --json file/out.json
	expect_error "file/out.json: Not a directory"
}

@test "devices are written directly" {
	quiet --json /dev/null
	[ -c /dev/null ]
	run --separate-stderr -0 quiet --json /dev/full
	expect_error "/dev/full: No space left"
}

@test "a fifo with its reader there" {
	mkfifo pipe
	cat pipe >got.json 3>&- &
	BACKGROUND+=($!)
	local reader=$!
	quiet --json pipe
	wait "$reader"
	is_json got.json
	[ -p pipe ]
}

@test "a fifo whose reader comes after COMMAND's end" {
	mkfifo pipe
	timeout 20 "$MEMTRACE" -q --json pipe -- touch ran 3>&- &
	local tracer=$!
	BACKGROUND+=("$tracer")
	local i
	for i in $(seq 100); do [ -e ran ] && break || sleep 0.1; done
	sleep 0.3
	timeout 10 cat pipe >got.json
	wait "$tracer"
	is_json got.json
}

@test "a symbolic link stays, its target is written" {
	mkdir dir
	echo old >dir/target.json
	ln -s dir/target.json link.json
	quiet --json link.json
	[ -L link.json ]
	is_json dir/target.json
	ln -s dir/fresh.json dangling.json
	quiet --json dangling.json
	[ -L dangling.json ]
	is_json dir/fresh.json
	ln -s loop loop
	run --separate-stderr -125 quiet --json loop
	expect_error "loop: Too many levels"
}

@test "another user's link in a shared directory is refused" {
	mkdir -m 1777 shared
	echo precious >victim
	as_nobody ln -s "$WORK/victim" shared/out.json
	run --separate-stderr -125 quiet --json shared/out.json
	expect_error "shared/out.json: another user's symbolic link"
	[ "$(cat victim)" = precious ]
}

@test "two exports, one file" {
	run --separate-stderr -125 quiet --json same --csv same
	expect_error "--csv same: "
	quiet --json /dev/null --csv /dev/null
}

@test "under sudo files are the invoking user's" {
	as_sudo "$MEMTRACE" -q --json own/out.json -- true
	[ "$(stat -c %u:%g own/out.json)" = "$NOBODY_UID:$NOBODY_GID" ]
	is_json own/out.json
	as_sudo "$MEMTRACE" -q --json own/out.json -- true
	is_json own/out.json
	expect_no_temporary_files own
}

@test "under sudo with -p, too, when capabilities have been dropped" {
	start_target
	as_sudo timeout 20 "$MEMTRACE" -q -d 0.1 --json own/out.json -p "$TARGET"
	[ "$(stat -c %u:%g own/out.json)" = "$NOBODY_UID:$NOBODY_GID" ]
}

@test "under sudo memtrace may write no more than the invoking user" {
	run --separate-stderr -125 as_sudo "$MEMTRACE" --json out.json -- true
	expect_error "out.json: Permission denied"
	mkdir -m 700 private
	run --separate-stderr -125 as_sudo "$MEMTRACE" --json private/out.json -- true
	expect_error "private/out.json: Permission denied"
	echo root >own/roots
	run --separate-stderr -125 as_sudo "$MEMTRACE" --json own/roots -- true
	expect_error "own/roots: Permission denied"
	[ "$(cat own/roots)" = root ]
	ln -s /etc/memtrace-test own/link
	run --separate-stderr -125 as_sudo "$MEMTRACE" --json own/link -- true
	expect_error "own/link: Permission denied"
	[ ! -e /etc/memtrace-test ]
	mkfifo -m 600 roots-fifo
	run --separate-stderr -125 as_sudo "$MEMTRACE" --json roots-fifo -- true
	expect_error "roots-fifo: Permission denied"
}

@test "root itself writes into another user's directory" {
	quiet --json own/out.json
	is_json own/out.json
}
