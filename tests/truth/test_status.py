# SPDX-License-Identifier: GPL-2.0-or-later
"""Exit statuses of contract section 1, and that SIGTERM to memtrace goes on to COMMAND."""
import os
import resource
import signal
import subprocess

import pytest

from compare import differences
from test_attach import let_run
from tracing import DEADLINE_S, lines_of, parse


def no_core():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def status_of(tracer, command, *options):
    """memtrace's own status as Python has it (-N: died of signal N), what it said, the report."""
    path = tracer.work / "report.json"
    path.unlink(missing_ok=True)
    done = subprocess.run(tracer.command(command, *options), cwd=tracer.work, capture_output=True,
                          check=False, timeout=DEADLINE_S, preexec_fn=no_core)
    return done, tracer.read_report(path) if path.exists() else None


@pytest.mark.parametrize("status", [0, 1, 7, 77, 125, 126, 127, 255])
def test_mirrors_the_exit_status(tracer, status):
    done, report = status_of(tracer, ["sh", "-c", f"exit {status}"])
    assert done.returncode == status
    assert (report["trace"]["exit_code"], report["trace"]["exit_signal"]) == (status, None)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT,
                                    signal.SIGHUP, signal.SIGINT, signal.SIGUSR1])
def test_dies_of_the_same_signal(tracer, number):
    done, report = status_of(tracer, ["sh", "-c", f"kill -{int(number)} $$"])
    assert done.returncode == -number
    assert (report["trace"]["exit_code"], report["trace"]["exit_signal"]) == (None, int(number))


def test_not_found(tracer):
    done, _ = status_of(tracer, ["no-such-program-of-memtrace"])
    assert done.returncode == 127
    assert done.stderr.startswith(b"memtrace: ")


def test_not_executable(tracer):
    path = tracer.work / "text"
    path.write_text("no program\n")
    os.chmod(path, 0o644)
    done, _ = status_of(tracer, [str(path)])
    assert done.returncode == 126
    assert done.stderr.startswith(b"memtrace: ")


def test_own_error_starts_nothing(tracer):
    done, _ = status_of(tracer, ["touch", str(tracer.work / "started")],
                        "--csv", str(tracer.work / "no-such-directory/report.csv"))
    assert done.returncode == 125
    assert not (tracer.work / "started").exists()


def test_sigterm_goes_on_to_the_command(tracer):
    """The command ends in its own way, and every window until then is counted."""
    command = tracer.command([tracer.program("steady")])
    with subprocess.Popen(command, cwd=tracer.work, stdout=subprocess.PIPE) as memtrace:
        try:
            target = parse(memtrace.stdout.readline())["ready"]
            assert target != memtrace.pid
            let_run(target)
            memtrace.send_signal(signal.SIGTERM)
            output, _ = memtrace.communicate(timeout=DEADLINE_S)
        finally:
            memtrace.kill()
    assert memtrace.returncode == 0, "steady exits with 0 on SIGTERM"
    lines = lines_of(output)
    assert {line["operation"] for line in lines} <= {"outer", "inner", "shrinking"} and lines
    assert not differences(tracer.read_report(tracer.work / "report.json"), lines)
