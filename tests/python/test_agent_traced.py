# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent under memtrace itself: the program's own counts and bytes. Needs root.

MEMTRACE  the program under test, default build/user/cli/memtrace
"""
import json
import os
import pathlib
import subprocess

import pytest

from recording import LIMIT_S, SOURCE, Python

MEMTRACE = pathlib.Path(os.environ.get("MEMTRACE", SOURCE / "build/user/cli/memtrace")).resolve()
PAGE = os.sysconf("SC_PAGE_SIZE")


def trace(python: Python, place: pathlib.Path, source: str, *options: str) -> dict:
    """The report of a script, its windows listed; `stdout` is what the script printed."""
    program, report = place / "program.py", place / "report.json"
    program.write_text(source)
    done = subprocess.run(
        [MEMTRACE, "-q", "--windows", "--json", report, *options, "--", python.path, program],
        env={key: value for key, value in os.environ.items() if "PYTHON" not in key},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return {**json.loads(report.read_text()), "stdout": done.stdout}


# What the functions touch is there before they are called: they need nothing of the interpreter's
# memory that their first calls did not leave behind.
TOUCHES = f"""
import mmap

def area(pages):
    made = mmap.mmap(-1, pages * {PAGE}, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    made.madvise(15)  # MADV_NOHUGEPAGE
    return made

def touch(area):
    for at in range(0, len(area), {PAGE}):
        area[at] = 1

def bench_keeps(area):
    touch(area)

def bench_returns(area):
    touch(area)
    area.madvise(mmap.MADV_DONTNEED)

def bench_yields(areas):
    for area in areas:
        touch(area)
        yield

def bench_fails(area):
    touch(area)
    raise ValueError

keep = [area(300) for _ in range(7)]
give_back = area(500)
between = [[area(10), area(20), area(30)] for _ in range(4)]
lose = [area(40) for _ in range(3)]

for one in keep:
    bench_keeps(one)
for _ in range(5):
    bench_returns(give_back)
for several in between:
    for _ in bench_yields(several):
        pass
for one in lose:
    try:
        bench_fails(one)
    except ValueError:
        pass
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_counts_and_bytes_are_the_programs(python, tmp_path):
    report = trace(python, tmp_path, TOUCHES, "-w", "python:*:bench_*")
    windows = {}
    for window in report["windows"]:
        windows.setdefault(window["operation"], []).append(window)
    assert {name: len(these) for name, these in windows.items()} == {
        "__main__:bench_keeps": 7,
        "__main__:bench_returns": 5,
        "__main__:bench_yields": 4,
        "__main__:bench_fails": 3,
    }
    assert {operation["name"]: operation["count"] for operation in report["operations"]} == {
        name: len(these) for name, these in windows.items()
    }
    assert all(window["end"] == "end" for window in report["windows"])
    for name, growth, peak in [
        ("keeps", 300, 300),
        ("returns", 0, 500),
        ("yields", 60, 60),
        ("fails", 40, 40),
    ]:
        for window in windows[f"__main__:bench_{name}"][1:]:
            assert (window["growth_bytes"], window["peak_growth_bytes"]) == (
                growth * PAGE,
                peak * PAGE,
            )
    assert not any(report["losses"].values())


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_children_and_forks(python, tmp_path):
    report = trace(
        python,
        tmp_path,
        """
import os, subprocess, sys

def bench_child():
    pass

def bench_forks():
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
    else:
        bench_child()
    return pid

if bench_forks():
    child = "def bench_child(): pass\\nbench_child()"
    subprocess.run([sys.executable, "-c", child], check=True)
        """,
        "-w",
        "python:bench_*",
    )
    pids = {window["operation"]: set() for window in report["windows"]}
    for window in report["windows"]:
        pids[window["operation"]].add(window["pid"])
    assert {name: len(these) for name, these in pids.items()} == {
        "__main__:bench_forks": 1,
        "__main__:bench_child": 2,
    }
    assert len(report["windows"]) == 3
    assert report["losses"]["unmatched_ends"] == 0
