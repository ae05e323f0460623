#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Who COMMAND runs as.
load helper

setup_file() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
}

@test "unchanged without sudo" {
	HOME=/somewhere USER=me run --separate-stderr -0 "$MEMTRACE" -q -- sh -c 'id -u; echo "$HOME $USER"'
	[ "${lines[0]}" = 0 ]
	[ "${lines[1]}" = "/somewhere me" ]
}

@test "the invoking user under sudo" {
	run --separate-stderr -0 as_sudo "$MEMTRACE" -q -- \
		sh -c 'id -u; id -g; id -ru; id -G; echo "$HOME $USER $LOGNAME"; grep CapPrm /proc/self/status'
	[ "${lines[0]}" = "$NOBODY_UID" ]
	[ "${lines[1]}" = "$NOBODY_GID" ]
	[ "${lines[2]}" = "$NOBODY_UID" ]
	[ "${lines[3]}" = "$NOBODY_GID" ]
	[ "${lines[4]}" = "$(getent passwd nobody | cut -d: -f6) nobody nobody" ]
	[[ "${lines[5]}" == *0000000000000000 ]]
}

@test "COMMAND cannot go back to root" {
	run -0 as_sudo "$MEMTRACE" -q -- python3 -c '
import os
assert os.getresuid() == (65534,) * 3 and os.getresgid() == (65534,) * 3
try:
    os.setuid(0)
except PermissionError:
    pass
else:
    raise SystemExit("root again")'
}

@test "--user by name and by number" {
	run --separate-stderr -0 "$MEMTRACE" -q --user nobody -- id -un
	[ "$output" = nobody ]
	run --separate-stderr -0 "$MEMTRACE" -q --user daemon -- sh -c 'id -u; echo "$USER $LOGNAME $HOME"'
	[ "${lines[1]}" = "daemon daemon $(getent passwd daemon | cut -d: -f6)" ]
	run --separate-stderr -0 "$MEMTRACE" -q --user "$NOBODY_UID" -- id -un
	[ "$output" = nobody ]
}

@test "--user overrides sudo, also back to root" {
	run --separate-stderr -0 as_sudo "$MEMTRACE" -q --user root -- sh -c 'id -u; id -g; echo $HOME'
	[ "${lines[0]}" = 0 ]
	[ "${lines[1]}" = 0 ]
	[ "${lines[2]}" = "$(getent passwd root | cut -d: -f6)" ]
}

@test "supplementary groups follow" {
	run --separate-stderr -0 "$MEMTRACE" -q --user daemon -- id -G
	[ "$output" = "$(id -G daemon)" ]
}

@test "MAIL and other variables stay" {
	MAIL=/var/mail/root run --separate-stderr -0 as_sudo "$MEMTRACE" -q -- sh -c 'echo $MAIL'
	[ "$output" = /var/mail/root ]
}

@test "no such user" {
	run --separate-stderr -125 "$MEMTRACE" --user nosuchuser -- true
	expect_error "--user: no such user: nosuchuser"
}

@test "a SUDO_UID that is no number is not taken for root" {
	run --separate-stderr -125 env SUDO_UID=x "$MEMTRACE" -- touch ran
	expect_error "SUDO_UID: not a number: x"
	run --separate-stderr -125 env SUDO_UID= "$MEMTRACE" -- touch ran
	[ ! -e ran ]
}

@test "a user id without an entry" {
	run --separate-stderr -0 env SUDO_UID=54321 SUDO_GID=54321 "$MEMTRACE" -q -- sh -c 'id -u; id -G; echo "$HOME $USER"'
	[ "${lines[0]}" = 54321 ]
	[ "${lines[1]}" = 54321 ]
	[ "${lines[2]}" = "/ 54321" ]
}

@test "the user must be able to execute COMMAND" {
	mkdir -m 700 private
	cp /bin/true private/
	run --separate-stderr -126 as_sudo "$MEMTRACE" -q -- private/true
	expect_error "private/true: Permission denied"
	cp /bin/true mine
	chmod 700 mine
	run --separate-stderr -126 as_sudo "$MEMTRACE" -q -- ./mine
}
