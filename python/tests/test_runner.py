# SPDX-License-Identifier: MIT
from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Callable

import pytest

import memtrace
from conftest import TIMEOUT_S

Run = Callable[..., memtrace.Report]


@pytest.fixture
def run(memtrace_program: str) -> Run:
    return functools.partial(memtrace.run, memtrace=memtrace_program, timeout_s=TIMEOUT_S)


def python(source: str) -> "list[str]":
    return [sys.executable, "-c", source]


MARKED = "import memtrace\nwith memtrace.operation('x'): pass"


def test_gives_the_report(run: Run) -> None:
    report = run(python(MARKED))
    assert report.operation("x").count == 1
    assert report.windows == []
    assert report.exit_code == 0
    assert len(run(python(MARKED), keep_windows=True).windows) == 1


@pytest.mark.parametrize("code", [1, 3, 125, 126, 127, 255])
def test_an_exit_code_of_the_command_is_no_error(run: Run, code: int) -> None:
    assert run(["/bin/sh", "-c", f"exit {code}"]).exit_code == code


def test_a_command_may_die_of_a_signal(run: Run) -> None:
    report = run(["/bin/sh", "-c", "kill -KILL $$"])
    assert (report.exit_code, report.trace.exit_signal) == (None, signal.SIGKILL)


def test_errors_say_what_memtrace_said(run: Run, tmp_path: Path) -> None:
    with pytest.raises(memtrace.MemtraceError, match="no-such-program: command not found") as error:
        run(["no-such-program"])
    assert error.value.exit_code == 127
    (tmp_path / "text").write_text("")
    with pytest.raises(memtrace.MemtraceError, match="text: Permission denied") as error:
        run([tmp_path / "text"])
    assert error.value.exit_code == 126
    with pytest.raises(memtrace.MemtraceError, match="^memtrace: .*wrong") as error:
        run(["true"], windows=["wrong:"])
    assert error.value.exit_code == 125
    with pytest.raises(memtrace.MemtraceError, match="--wrong"):
        run(["true"], options=["--wrong"])


def test_says_that_memtrace_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(memtrace.MemtraceError, match="cannot run .*nothing: No such file") as error:
        memtrace.run(["true"], memtrace=tmp_path / "nothing")
    assert error.value.exit_code is None


@pytest.mark.parametrize("command", ["true", [], b"true"])
def test_the_command_is_a_list(command: object) -> None:
    with pytest.raises(TypeError, match="a list"):
        memtrace.run(command)


def test_no_shell_sees_the_arguments(run: Run, tmp_path: Path) -> None:
    odd = ["$(touch made)", "; touch made", "a b", "", "*", "--json", "'\"\\", "é"]
    with open(tmp_path / "out", "w+") as stdout:
        run(
            [*python("import sys; print(sys.argv[1:])"), *odd],
            cwd=tmp_path,
            stdout=stdout,
        )
        stdout.seek(0)
        assert stdout.read() == f"{odd}\n"
    assert not (tmp_path / "made").exists()


def test_environment_and_folder(run: Run, tmp_path: Path) -> None:
    with open(tmp_path / "out", "w+") as stdout:
        run(
            python("import os; print(os.getcwd(), os.environ['MARK'])"),
            cwd=tmp_path,
            env={**os.environ, "MARK": "set"},
            stdout=stdout,
        )
        stdout.seek(0)
        assert stdout.read() == f"{tmp_path} set\n"


def test_standard_error_is_passed_on(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    text = "é" * 100_000 + "\0end"
    report = run(python("import os; os.write(2, 'é'.encode() * 100_000 + b'\\0end')"))
    assert report.exit_code == 0
    assert capsys.readouterr().err == text


def test_does_not_wait_for_who_holds_standard_error(run: Run, tmp_path: Path) -> None:
    run(["/bin/sh", "-c", f"sleep 600 & echo $! >{tmp_path}/pid"], stdout=subprocess.DEVNULL)
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)  # is there still


def test_a_standard_error_that_cannot_be_written_blocks_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert run(python("import os; os.write(2, b'x' * 300_000)")).exit_code == 0


def test_timeout_ends_the_command(run: Run, tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run(["/bin/sh", "-c", f"echo $$ >{tmp_path}/pid; exec sleep 600"], timeout_s=1)
    with contextlib.suppress(FileNotFoundError):  # not even started
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "pid").read_text()), 0)


def test_by_sudo(run: Run, write_script: Callable[[str], Path], tmp_path: Path) -> None:
    if not shutil.which("sudo") or subprocess.run(["sudo", "-n", "true"]).returncode:
        pytest.skip("no sudo without a password")
    script = write_script("import os\nprint(os.environ['MARK'])\n" + MARKED)
    with open(tmp_path / "out", "w+") as stdout:
        report = run([sys.executable, script], sudo=True, env={"MARK": "a b"}, stdout=stdout)
        stdout.seek(0)
        assert stdout.read() == "a b\n"
    assert report.operation("x").count == 1
