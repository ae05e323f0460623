# SPDX-License-Identifier: MIT
"""Running a program under memtrace."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from typing import IO, List, Mapping, Optional, Sequence, Tuple, Union

from .relay import Relay
from .reports import Report, load

__all__ = ["MemtraceError", "run"]

GRACE_S = 5
Argument = Union[str, "os.PathLike[str]"]


class MemtraceError(RuntimeError):
    """memtrace gave no report. `exit_code` is its own, None when it could not be started."""

    def __init__(self, message: str, exit_code: Optional[int] = None) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def run(
    command: Sequence[Argument],
    *,
    windows: Sequence[str] = ("marker",),
    memtrace: Argument = "memtrace",
    sudo: bool = False,
    keep_windows: bool = False,
    options: Sequence[str] = (),
    cwd: Optional[Argument] = None,
    env: Optional[Mapping[str, str]] = None,
    stdout: Union[None, int, IO[str], IO[bytes]] = None,
    timeout_s: Optional[float] = None,
) -> Report:
    """Runs `command` (a program and its arguments, no shell) under memtrace to its end.

    windows         what opens and closes windows, see memtrace(8)
    memtrace        the program, in PATH or by its path
    sudo            run memtrace by sudo; the command then runs as the present user, with the
                    environment that sudo leaves it and the variables of `env`
    keep_windows    Report.windows lists each window
    options         more of memtrace's options
    cwd, stdout     as in subprocess.run(); standard error is passed on to sys.stderr
    env             as in subprocess.run()
    timeout_s       how long the command may run

    Report.exit_code is the command's. MemtraceError: no report came of it, with the reason.
    subprocess.TimeoutExpired: it took longer.
    """
    if isinstance(command, (str, bytes)) or not command:
        raise TypeError("command is a list: a program and its arguments")
    with tempfile.TemporaryDirectory(prefix="memtrace-") as folder:
        report = os.path.join(folder, "report.json")
        arguments = [_program(memtrace), "--quiet", "--json", report]
        arguments += [f"--window={window}" for window in windows]
        arguments += ["--windows"] if keep_windows else []
        arguments += [*options, "--"]
        if sudo:
            arguments = ["sudo", *arguments]
            arguments += ["env", *(f"{k}={v}" for k, v in env.items())] if env else []
        arguments += [_program(command[0]), *(os.fspath(argument) for argument in command[1:])]
        exit_code, errors = _run(arguments, cwd, None if sudo else env, stdout, timeout_s)
        if not os.path.exists(report):
            raise MemtraceError(errors or f"memtrace: no report, exit code {exit_code}", exit_code)
        return load(report)


def _program(name: Argument) -> str:
    """As a path: PATH is another one under sudo. What is not found is left for memtrace to say."""
    return shutil.which(name) or os.fspath(name)


def _run(
    arguments: List[str],
    cwd: Optional[Argument],
    env: Optional[Mapping[str, str]],
    stdout: Union[None, int, IO[str], IO[bytes]],
    timeout_s: Optional[float],
) -> Tuple[int, str]:
    """The exit code, and memtrace's own messages."""
    errors = Relay()
    try:
        process = subprocess.Popen(
            arguments, cwd=cwd, env=env, stdout=stdout, stderr=errors.write_end
        )
        try:
            exit_code = process.wait(timeout_s)
        except BaseException:
            _stop(process)
            raise
    except OSError as error:
        raise MemtraceError(f"cannot run {arguments[0]}: {error.strerror}") from error
    finally:
        text = errors.finish()
    return exit_code, "\n".join(_messages(text))


def _stop(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(PermissionError):  # sudo's process is root's
        process.terminate()  # memtrace passes it on
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _messages(text: str) -> List[str]:
    """memtrace's errors: a line that begins with its name, and what it says can be done."""
    lines = text.splitlines()
    first = [i for i, line in enumerate(lines) if line.startswith("memtrace: ")]
    return lines[first[0] :] if first else lines[-1:]
