# SPDX-License-Identifier: GPL-2.0-or-later
# For every .bats file: load helper
#
# MEMTRACE is the program under test. Tests that trace need root and skip without; the rest run as
# anybody. Each test works in a directory of its own that other users can reach.
bats_require_minimum_version 1.5.0

SOURCE_DIR=${SOURCE_DIR:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
MEMTRACE=${MEMTRACE:-$SOURCE_DIR/build/user/cli/memtrace}
NOBODY_UID=65534
NOBODY_GID=65534

setup() {
	unset SUDO_UID SUDO_GID SUDO_USER NO_COLOR
	WORK=$(mktemp -d /tmp/memtrace-cli.XXXXXX)
	chmod 755 "$WORK"
	mkdir "$WORK/own"
	BACKGROUND=()
	cd "$WORK" || return 1
	if [ "$(id -u)" -eq 0 ]; then
		chown "$NOBODY_UID:$NOBODY_GID" "$WORK/own"
	fi
}

teardown() {
	local pid
	for pid in "${BACKGROUND[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
	done
	cd /
	rm -rf "$WORK"
}

need_root() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
}

# A process to trace, as pid TARGET.
start_target() {
	sleep 60 3>&- &
	TARGET=$!
	BACKGROUND+=("$TARGET")
}

# memtrace in the background, as pid TRACER; waits until it counts.
start_tracer() {
	mkfifo "$WORK/ready"
	"$MEMTRACE" --ready-file "$WORK/ready" "$@" >"$WORK/stdout" 2>"$WORK/stderr" 3>&- &
	TRACER=$!
	BACKGROUND+=("$TRACER")
	local line
	read -r -t 20 line <"$WORK/ready"
	[ "$line" = ready ]
}

# Exit status of the background job: end_of PID
end_of() {
	local status=0
	wait "$1" || status=$?
	# shellcheck disable=SC2034 # the tests read it
	END_STATUS=$status
}

as_nobody() {
	setpriv --reuid="$NOBODY_UID" --regid="$NOBODY_GID" --clear-groups "$@"
}

# As sudo would start it for the user nobody.
as_sudo() {
	env SUDO_UID="$NOBODY_UID" SUDO_GID="$NOBODY_GID" "$@"
}

# The error is one line that starts so, and at most one line more: expect_error PREFIX
expect_error() {
	# shellcheck disable=SC2154
	[ "${stderr_lines[0]#"memtrace: $1"}" != "${stderr_lines[0]}" ] || {
		echo "expected: memtrace: $1"
		echo "got: $stderr"
		return 1
	}
	[ "${#stderr_lines[@]}" -le 2 ]
}

# No half-written file is left in the directory.
expect_no_temporary_files() {
	[ -z "$(find "${1:-$WORK}" -name '.memtrace-*')" ]
}
