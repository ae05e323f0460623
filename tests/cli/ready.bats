#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# --ready-file
load helper

setup_file() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
}

@test "a fifo, read as a line or to its end" {
	mkfifo fifo
	"$MEMTRACE" -q --ready-file fifo -- sleep 1 3>&- &
	BACKGROUND+=($!)
	[ "$(timeout 20 cat fifo)" = ready ]
	kill -0 "${BACKGROUND[0]}"
	wait "${BACKGROUND[0]}"
}

@test "a fifo whose reader comes late, or never" {
	mkfifo fifo
	"$MEMTRACE" -q --ready-file fifo -- sleep 2 3>&- &
	BACKGROUND+=($!)
	sleep 1
	[ "$(timeout 20 cat fifo)" = ready ]
	wait "${BACKGROUND[0]}"
	run -0 timeout 20 "$MEMTRACE" -q --ready-file fifo -- true
}

@test "a new file appears with its line" {
	"$MEMTRACE" -q --ready-file file -- sh -c 'cat file' >got
	[ "$(cat got)" = ready ]
	expect_no_temporary_files
}

@test "an existing file is emptied first, and keeps its inode" {
	echo ready >file
	local inode
	inode=$(stat -c %i file)
	run -127 "$MEMTRACE" -q --ready-file file -- nosuchcommand
	[ ! -s file ]
	"$MEMTRACE" -q --ready-file file -- true
	[ "$(cat file)" = ready ]
	[ "$(stat -c %i file)" = "$inode" ]
}

@test "nothing is written when the trace does not start" {
	run -127 "$MEMTRACE" -q --ready-file file -- nosuchcommand
	[ ! -e file ]
	run -1 "$MEMTRACE" -q --ready-file file -p 4194303
	[ ! -e file ]
}

@test "descriptors" {
	"$MEMTRACE" -q --ready-file /dev/fd/7 -- true 7>file
	[ "$(cat file)" = ready ]
	[ "$("$MEMTRACE" -q --ready-file - -- true)" = ready ]
}

@test "what cannot be written is an error before anything starts" {
	mkdir dir
	run --separate-stderr -125 "$MEMTRACE" --ready-file dir -- touch ran
	expect_error "dir: Is a directory"
	run --separate-stderr -125 "$MEMTRACE" --ready-file dir/none/file -- touch ran
	expect_error "dir/none/file: "
	[ ! -e ran ]
}

@test "the invoking user's rights" {
	as_sudo "$MEMTRACE" -q --ready-file own/file -- true
	[ "$(stat -c %u own/file)" = "$NOBODY_UID" ]
	mkfifo -m 600 fifo
	run --separate-stderr -125 as_sudo "$MEMTRACE" --ready-file fifo -- true
	expect_error "fifo: Permission denied"
	as_nobody mkfifo -m 600 own/fifo
	as_sudo "$MEMTRACE" -q --ready-file own/fifo -- sleep 1 3>&- &
	BACKGROUND+=($!)
	[ "$(timeout 20 cat own/fifo)" = ready ]
}

@test "COMMAND starts after the line" {
	mkfifo fifo
	"$MEMTRACE" -q --ready-file file -- test -s file
}
