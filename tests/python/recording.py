# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs Python programs with the agent and a library that writes down what begins and ends."""
from __future__ import annotations

import dataclasses
import os
import pathlib
import shutil
import subprocess
import textwrap
from collections.abc import Mapping, Sequence

SOURCE = pathlib.Path(__file__).resolve().parents[2]
AGENT = SOURCE / "user/python"
LIMIT_S = 60


@dataclasses.dataclass(frozen=True)
class Python:
    """An interpreter to test."""

    path: str
    version: tuple[int, ...]

    @property
    def monitors(self) -> bool:
        """Whether it has sys.monitoring."""
        return self.version >= (3, 12)

    @property
    def tells_of_closing(self) -> bool:
        """Whether closing a generator gives an event; fixed by python/cpython#140373."""
        silent = ((3, 13), (3, 13, 10)), ((3, 14), (3, 14, 1))
        return not any(since <= self.version < fixed for since, fixed in silent)


def pythons() -> list[Python]:
    """MEMTRACE_PYTHONS (paths with `:` between), or those of the system, of PATH and of pyenv."""
    if "MEMTRACE_PYTHONS" in os.environ:
        found = os.environ["MEMTRACE_PYTHONS"].split(":")
    else:
        names = ["python3", *(f"python3.{minor}" for minor in range(30))]
        found = [shutil.which(name, path=path) for path in ("/usr/bin", None) for name in names]
        pyenv = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv"))
        found += sorted(map(str, pyenv.glob("versions/*/bin/python")))
    by_executable = {}
    for path in filter(None, found):
        ask = "import sys; print(sys.executable); print(*sys.version_info[:3])"
        done = subprocess.run([path, "-c", ask], capture_output=True, text=True, cwd="/")
        if done.returncode == 0:  # a shim of a version that is not chosen fails
            executable, version = done.stdout.splitlines()
            real = os.path.realpath(executable)
            by_executable[real] = Python(executable, tuple(map(int, version.split())))
    return sorted(by_executable.values(), key=lambda python: (python.version, python.path))


@dataclasses.dataclass(frozen=True)
class Event:
    """A window's begin or end."""

    what: str
    pid: int
    tid: int
    window: int
    name: str

    def __str__(self) -> str:
        return f"{self.what} {self.name}"


@dataclasses.dataclass(frozen=True)
class Run:
    """What a program and its children did."""

    events: list[Event]
    stdout: str
    stderr: str
    status: int

    @property
    def sequence(self) -> list[str]:
        """`begin NAME` and `end NAME`, in order, of all processes and threads."""
        return [str(event) for event in self.events]

    @property
    def began(self) -> list[str]:
        return [event.name for event in self.events if event.what == "begin"]

    @property
    def open(self) -> list[str]:
        """Windows that nothing ended. An end of none, or a second one, is an error at once."""
        windows: dict[tuple[int, int], str] = {}
        for event in self.events:
            key = event.pid, event.window
            if event.what == "begin":
                assert key not in windows
                windows[key] = event.name
            else:
                del windows[key]
        return sorted(windows.values())


def read_events(path: pathlib.Path) -> list[Event]:
    names: dict[tuple[int, int], str] = {}
    events = []
    for line in path.read_text().splitlines() if path.exists() else ():
        what, pid, tid, window, name = line.split(" ", 4)
        key = int(pid), int(window)
        if what == "begin":
            names[key] = name
        events.append(Event(what, int(pid), int(tid), int(window), names.get(key, "?")))
    return events


class Runner:
    """Runs programs of one interpreter in one directory."""

    def __init__(self, python: Python, library: pathlib.Path, place: pathlib.Path) -> None:
        self.python = python
        self.library = library
        self.place = place
        self._runs = 0

    def write(self, name: str, source: str) -> pathlib.Path:
        path = self.place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source))
        return path

    def environment(self, patterns: str, record: pathlib.Path) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if "PYTHON" not in key}
        return {
            **inherited,
            "PYTHONPATH": str(AGENT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "MEMTRACE_PYTHON": patterns,
            "MEMTRACE_PYTHON_LIBRARY": str(self.library),
            "MEMTRACE_RECORD": str(record),
        }

    def command(
        self,
        arguments: Sequence[str],
        patterns: str = "__main__:*",
        env: Mapping[str, str | None] = {},
        executable: str | None = None,
    ) -> Run:
        """`env`: on top of memtrace's own; None takes a variable away."""
        self._runs += 1
        record = self.place / f"record-{self._runs}"
        environment = {**self.environment(patterns, record), **env}
        done = subprocess.run(
            [executable or self.python.path, *arguments],
            env={key: value for key, value in environment.items() if value is not None},
            cwd=self.place,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )
        return Run(read_events(record), done.stdout, done.stderr, done.returncode)

    def program(self, source: str, patterns: str = "__main__:*", **more) -> Run:
        """Runs a script that must succeed and say nothing on standard error."""
        path = self.write("program.py", source)
        run = self.command([str(path)], patterns, **more)
        assert (run.status, run.stderr) == (0, "")
        return run
