# SPDX-License-Identifier: MIT
"""Programs under memtrace. MEMTRACE names the program, the checkout's build otherwise."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any, Callable, Mapping, NamedTuple, Sequence

import pytest

import memtrace

CHECKOUT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 120


class Traced(NamedTuple):
    stdout: str
    report: memtrace.Report


@functools.lru_cache(maxsize=None)
def find_memtrace() -> str:
    program = os.environ.get("MEMTRACE") or str(CHECKOUT / "build/user/cli/memtrace")
    if not Path(program).is_file():
        pytest.skip(f"no memtrace at {program} (set MEMTRACE)")
    if subprocess.run([program, "doctor"], stdout=subprocess.DEVNULL).returncode:
        pytest.skip("memtrace cannot trace here (see memtrace doctor)")
    return program


@pytest.fixture(scope="session")
def memtrace_program() -> str:
    return find_memtrace()


@pytest.fixture
def write_script(tmp_path: Path) -> Callable[[str], Path]:
    def write(source: str) -> Path:
        path = tmp_path / "script.py"
        path.write_text(textwrap.dedent(source))
        return path

    return write


@pytest.fixture
def run_script(write_script: Callable[[str], Path]) -> Callable[..., str]:
    """Runs a script in a new interpreter, not traced, and gives its standard output."""

    def run(source: str, *args: str, env: Mapping[str, str] = {}) -> str:
        return subprocess.run(
            [sys.executable, str(write_script(source)), *args],
            env={**os.environ, **env},
            stdout=subprocess.PIPE,
            text=True,
            timeout=TIMEOUT_S,
            check=True,
        ).stdout

    return run


@pytest.fixture
def run_traced(
    memtrace_program: str, write_script: Callable[[str], Path], tmp_path: Path
) -> Callable[..., Traced]:
    """Runs a script under memtrace to success, and gives its standard output and the report."""

    def run(source: str, *args: str, env: Mapping[str, str] = {}, **options: Any) -> Traced:
        command: Sequence[str] = [sys.executable, str(write_script(source)), *args]
        with open(tmp_path / "stdout", "w+") as stdout:
            report = memtrace.run(
                command,
                memtrace=memtrace_program,
                keep_windows=True,
                env={**os.environ, **env},
                stdout=stdout,
                timeout_s=TIMEOUT_S,
                **options,
            )
            stdout.seek(0)
            assert (report.exit_code, report.trace.exit_signal) == (0, None)
            return Traced(stdout.read(), report)

    return run
