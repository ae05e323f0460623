# SPDX-License-Identifier: MIT
"""Sessions of pytest in processes of their own, with the plugin as it is installed."""

from __future__ import annotations

import os
import sys
import xml.etree.ElementTree
from pathlib import Path
from typing import Dict, List, NamedTuple

import pytest

import memtrace
from conftest import TIMEOUT_S

# The heap grows once, in conftest.py, and never shrinks: what pytest and Python allocate meanwhile
# adds no page.
EXACT = {
    "PYTHONMALLOC": "malloc",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
    "MALLOC_ARENA_MAX": "1",
}
CONFTEST = """
heap = b"x" * (48 << 20)
del heap
"""
PAGES = """
import mmap
import pytest
PAGE = mmap.PAGESIZE
kept = []

def touch(pages):
    block = mmap.mmap(-1, pages * PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for page in range(pages):
        block[page * PAGE] = 1
    return block

def keep(pages):
    kept.append(touch(pages))

touch(1)
"""


class Session(NamedTuple):
    exit_code: int
    out: pytest.LineMatcher
    report: memtrace.Report

    def numbers(self) -> Dict[str, List[List[int]]]:
        """[peak, growth] of each window in the report, by operation."""
        numbers: Dict[str, List[List[int]]] = {}
        for window in self.report.windows:
            values = [window.peak_growth_bytes, window.growth_bytes]
            numbers.setdefault(window.operation, []).append(values)
        return numbers


def write_tests(pytester: pytest.Pytester, source: str) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_it=PAGES + source)


def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of a session which is not inside a test, nor in a worker of pytest-xdist."""
    for name in [name for name in os.environ if name.startswith("PYTEST_")]:
        monkeypatch.delenv(name)


def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, *args: str) -> pytest.RunResult:
    with monkeypatch.context() as patch:
        environment(patch)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *args, timeout=TIMEOUT_S)


def run_traced(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, program: str, *args: str
) -> Session:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *args]
    out = pytester.path / "out"
    with monkeypatch.context() as patch, open(out, "w") as stdout:
        environment(patch)
        report = memtrace.run(
            command,
            memtrace=program,
            keep_windows=True,
            cwd=pytester.path,
            env={**os.environ, **EXACT},
            stdout=stdout,
            timeout_s=TIMEOUT_S,
        )
    print(out.read_text())
    assert report.exit_code is not None
    return Session(report.exit_code, pytest.LineMatcher(out.read_text().splitlines()), report)


def properties(junit: Path) -> Dict[str, Dict[str, str]]:
    """The properties of each test in JUnit's XML; none is there twice."""
    tests = {}
    for case in xml.etree.ElementTree.parse(junit).iter("testcase"):
        pairs = [(p.attrib["name"], p.attrib["value"]) for p in case.iter("property")]
        tests[case.attrib["name"]] = dict(pairs)
        assert len(dict(pairs)) == len(pairs)
    return tests
