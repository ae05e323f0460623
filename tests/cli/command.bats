#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# memtrace -- COMMAND: statuses, signals, what COMMAND inherits.
load helper

setup_file() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
}

@test "COMMAND's own status" {
	run -0 "$MEMTRACE" -q -- true
	run -1 "$MEMTRACE" -q -- false
	run -2 "$MEMTRACE" -q -- sh -c "exit 2"
	run -42 "$MEMTRACE" -q -- sh -c "exit 42"
	run -125 "$MEMTRACE" -q -- sh -c "exit 125"
	run -255 "$MEMTRACE" -q -- sh -c "exit 255"
}

@test "COMMAND's own death, without a core of memtrace" {
	run -0 python3 - "$MEMTRACE" <<-'PYTHON'
		import signal, subprocess, sys
		for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGPIPE, signal.SIGINT):
		    done = subprocess.run([sys.argv[1], "-q", "--", "sh", "-c", f"kill -{number.value} $$"])
		    assert done.returncode == -number, (number, done.returncode)
	PYTHON
	[ -z "$(find "$WORK" -name 'core*')" ]
}

@test "not found, not executable" {
	run --separate-stderr -127 "$MEMTRACE" -- nosuchcommand
	expect_error "nosuchcommand: command not found"
	[ "${#stderr_lines[@]}" -eq 1 ]
	run --separate-stderr -127 "$MEMTRACE" -- ./nosuchcommand
	expect_error "./nosuchcommand: "
	run --separate-stderr -127 "$MEMTRACE" -- ''
	run --separate-stderr -126 "$MEMTRACE" -- /etc/passwd
	expect_error "/etc/passwd: Permission denied"
	run --separate-stderr -126 "$MEMTRACE" -- /tmp
	expect_error "/tmp: Is a directory"
	printf '#!/no/such/interpreter\n' >script
	chmod +x script
	run --separate-stderr -126 "$MEMTRACE" -- ./script
	expect_error "./script: "
}

@test "not found under sudo comes with a hint" {
	run --separate-stderr -127 as_sudo "$MEMTRACE" -- nosuchcommand
	expect_error "nosuchcommand: command not found"
	[[ "${stderr_lines[1]}" == *'"$(command -v nosuchcommand)"'* ]]
}

@test "a script without an interpreter runs as a shell script" {
	printf 'echo "it runs: $1"\n' >script
	chmod +x script
	run --separate-stderr -0 "$MEMTRACE" -q -- ./script here
	[ "$output" = "it runs: here" ]
}

@test "COMMAND is found through PATH and keeps its arguments" {
	mkdir bin
	printf '#!/bin/sh\nprintf "<%%s>" "$@"\n' >bin/mine
	chmod +x bin/mine
	PATH=$WORK/bin:$PATH run --separate-stderr -0 "$MEMTRACE" -q -- mine -q -- 'a b' ''
	[ "$output" = "<-q><--><a b><>" ]
}

@test "an error of memtrace's own: 125, and COMMAND does not run" {
	run --separate-stderr -125 "$MEMTRACE" --json /nonexistent/file -- touch ran
	expect_error "/nonexistent/file: "
	[ ! -e ran ]
	run --separate-stderr -125 "$MEMTRACE" --user nosuchuser -- touch ran
	expect_error "--user: no such user: nosuchuser"
	[ ! -e ran ]
}

@test "the table goes to standard error, COMMAND's output stays its own" {
	run --separate-stderr -0 "$MEMTRACE" -- echo hello
	[ "$output" = hello ]
	[ -n "$stderr" ]
	run --separate-stderr -0 "$MEMTRACE" -q -- echo hello
	[ "$output" = hello ]
	[ -z "$stderr" ]
}

@test "no status line where COMMAND prints, one where its output goes elsewhere" {
	run -0 script -qec "$MEMTRACE -- sleep 2.2" /dev/null
	[[ "$output" != *$'\r\e[K'*RSS* ]]
	run -0 script -qec "$MEMTRACE -- sleep 2.2 >/dev/null" /dev/null
	[[ "$output" == *$'\r\e[K'*RSS* ]]
	run -0 script -qec "$MEMTRACE -q -- sleep 2.2 >/dev/null" /dev/null
	[[ "$output" != *RSS* ]]
}

@test "COMMAND inherits no descriptor of memtrace" {
	bash -c 'exec 3>&- 4</dev/null; for fd in /proc/self/fd/*; do fd=${fd##*/}; [ "$fd" -gt 4 ] && eval "exec $fd>&-"; done
		ls /proc/self/fd >expected; exec "$0" -q --json out.json -- ls /proc/self/fd' "$MEMTRACE" >got
	diff expected got
}

@test "COMMAND has the signals that memtrace was started with" {
	grep -E '^Sig(Blk|Ign)' /proc/self/status >expected
	"$MEMTRACE" -q -- grep -E '^Sig(Blk|Ign)' /proc/self/status >got
	diff expected got
	python3 - "$MEMTRACE" <<-'PYTHON'
		import signal, subprocess, sys
		def ignore():
		    for number in (signal.SIGHUP, signal.SIGCHLD, signal.SIGUSR1, signal.SIGPIPE):
		        signal.signal(number, signal.SIG_IGN)
		    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
		command = ["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"]
		def run(prefix):
		    return subprocess.run(prefix + command, preexec_fn=ignore, restore_signals=False,
		                          stdout=subprocess.PIPE, check=True).stdout
		plain, traced = run([]), run([sys.argv[1], "-q", "--"])
		assert plain == traced, (plain, traced)
	PYTHON
}

@test "closed standard descriptors stay closed for COMMAND" {
	run -0 bash -c '"$0" -q -- sh -c "test ! -e /proc/self/fd/0" <&-' "$MEMTRACE"
}

@test "SIGTERM goes on to COMMAND, and the report still comes" {
	start_tracer -- sh -c 'trap "echo got TERM; exit 7" TERM; while :; do sleep 0.05; done'
	sleep 0.3
	kill -TERM "$TRACER"
	end_of "$TRACER"
	[ "$END_STATUS" -eq 7 ]
	grep -q "got TERM" stdout
	[ -s stderr ]
}

@test "SIGHUP goes on to COMMAND" {
	start_tracer -q -- sh -c 'trap "exit 8" HUP; while :; do sleep 0.05; done'
	sleep 0.3
	kill -HUP "$TRACER"
	end_of "$TRACER"
	[ "$END_STATUS" -eq 8 ]
}

@test "one Ctrl-C is COMMAND's, memtrace reports" {
	run -0 python3 - "$MEMTRACE" <<-'PYTHON'
		import os, pty, signal, sys, time
		pid, master = pty.fork()
		if pid == 0:
		    os.execv(sys.argv[1], [sys.argv[1], "--", "sh", "-c",
		        'trap "echo caught; exit 9" INT; echo started; while :; do sleep 0.05; done'])
		seen = b""
		while b"started" not in seen:
		    seen += os.read(master, 1024)
		time.sleep(0.2)
		os.write(master, b"\x03")
		try:
		    while True:
		        data = os.read(master, 1024)
		        if not data:
		            break
		        seen += data
		except OSError:
		    pass
		status = os.waitpid(pid, 0)[1]
		assert os.WIFEXITED(status) and os.WEXITSTATUS(status) == 9, (status, seen)
		assert b"caught" in seen, seen
		assert len(seen.split(b"caught", 1)[1].strip()) > 10, seen
	PYTHON
}

@test "Ctrl-C twice within two seconds leaves at once" {
	run -0 python3 - "$MEMTRACE" <<-'PYTHON'
		import os, pty, signal, sys, time
		pid, master = pty.fork()
		if pid == 0:
		    os.execv(sys.argv[1], [sys.argv[1], "--", "sh", "-c",
		        'trap "" INT; echo started; for i in $(seq 100); do sleep 0.1; done'])
		seen = b""
		while b"started" not in seen:
		    seen += os.read(master, 1024)
		time.sleep(0.2)
		before = time.time()
		os.write(master, b"\x03")
		time.sleep(0.3)
		os.write(master, b"\x03")
		status = os.waitpid(pid, 0)[1]
		assert time.time() - before < 4, time.time() - before
		assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGINT, status
	PYTHON
}

@test "--duration reports in time, COMMAND goes on and is waited for" {
	start_tracer --json out.json -d 0.3 -- sh -c 'sleep 1.5; touch finished; exit 6'
	sleep 1
	[ -s out.json ]
	[ ! -e finished ]
	end_of "$TRACER"
	[ "$END_STATUS" -eq 6 ]
	[ -e finished ]
}

@test "SIGTERM is passed on after --duration, too" {
	start_tracer -q -d 0.2 -- sh -c 'trap "exit 5" TERM; while :; do sleep 0.05; done'
	sleep 0.8
	kill -TERM "$TRACER"
	end_of "$TRACER"
	[ "$END_STATUS" -eq 5 ]
}

@test "--strict keeps a status other than 0" {
	run -4 "$MEMTRACE" -q --strict -- sh -c 'exit 4'
	run -0 "$MEMTRACE" -q --strict -- true
}

@test "an export that cannot be written does not change COMMAND's status, but --strict does" {
	run --separate-stderr -0 "$MEMTRACE" -q --json /dev/full -- true
	expect_error "/dev/full: "
	run --separate-stderr -3 "$MEMTRACE" -q --strict --json /dev/full -- true
	run --separate-stderr -9 "$MEMTRACE" -q --strict --json /dev/full -- sh -c 'exit 9'
}

@test "a reader of the table that goes away changes nothing" {
	run -0 bash -c '"$0" -- true 2> >(exec head -c 0)' "$MEMTRACE"
	run -11 bash -c '"$0" -- sh -c "exit 11" 2>&-' "$MEMTRACE"
}

@test "memtrace killed: COMMAND lives" {
	start_tracer -q -- sh -c 'echo $$ >pid; sleep 30'
	sleep 0.3
	kill -KILL "$TRACER"
	wait "$TRACER" || true
	kill -0 "$(cat pid)"
	kill -KILL "$(cat pid)"
}
