# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import mmap
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

import pytest

from conftest import TIMEOUT_S
from memtrace.asv import track_growth, track_peak

BENCHMARKS = """
import mmap
import memtrace.asv

def touch(pages):
    memory = mmap.mmap(-1, pages * mmap.PAGESIZE)
    for i in range(pages):
        memory[i * mmap.PAGESIZE] = 1
    return memory

touch(9).close()

class Load:
    params = [10, 3000]
    param_names = ["pages"]

    def setup(self, pages):
        self.before = touch(5000)

    def load(self, pages):
        touch(pages).close()
        return touch(pages // 2)

    track_load_peak = memtrace.asv.track_peak(load)
    track_load_growth = memtrace.asv.track_growth(load)

def work():
    touch(2000).close()

track_one = memtrace.asv.track_peak(work)
track_two = memtrace.asv.track_growth(work)
"""

CONFIG = {
    "version": 1,
    "project": "x",
    "repo": ".",
    "environment_type": "existing",
    "results_dir": "results",
}


def run_asv(folder: Path, *before: str) -> Dict[str, List[int]]:
    """What asv itself says of the benchmarks: the pages of each, by name and parameters."""
    pytest.importorskip("asv")
    (folder / "benchmarks").mkdir()
    (folder / "benchmarks/__init__.py").touch()
    (folder / "benchmarks/memory.py").write_text(BENCHMARKS)
    (folder / "asv.conf.json").write_text(json.dumps(CONFIG))
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *command], cwd=folder, check=True)
    asv = [sys.executable, "-m", "asv"]
    machine = ["--machine", "here", "--os", "x", "--arch", "x", "--cpu", "x", "--ram", "x"]
    subprocess.run(
        [*asv, "machine", *machine, "--num_cpu", "1"], cwd=folder, env=home(folder), check=True
    )
    subprocess.run(
        [*before, *asv, "run", "--quick", "--machine", "here"]
        + ["--python", sys.executable, "--set-commit-hash", "HEAD"],
        cwd=folder,
        env=home(folder),
        check=True,
        timeout=TIMEOUT_S,
    )
    [path] = (folder / "results/here").glob("*-existing*.json")
    results = json.loads(path.read_text())
    column = results["result_columns"].index("result")
    return {name: values[column] for name, values in results["results"].items()}


def home(folder: Path) -> Dict[str, str]:
    return {**os.environ, "HOME": str(folder)}


def test_under_memtrace_asv_has_every_page(memtrace_program: str, tmp_path: Path) -> None:
    results = run_asv(tmp_path, memtrace_program, "-q", "--")
    assert {
        name: [value / mmap.PAGESIZE for value in values] for name, values in results.items()
    } == {
        "memory.Load.track_load_peak": [10, 3000],
        "memory.Load.track_load_growth": [5, 1500],
        "memory.track_work_peak": [2000],
        "memory.track_work_growth": [0],
    }


def test_without_memtrace_asv_has_results(tmp_path: Path) -> None:
    results = run_asv(tmp_path)
    assert len(results) == 4
    assert all(isinstance(value, int) for values in results.values() for value in values)


def test_benchmarks_are_as_asv_wants_them() -> None:
    def load(n: int) -> bytearray:
        return bytearray(n)

    load.params = [1, 2]
    peak: Any = track_peak(load)
    growth: Any = track_growth(load)
    assert (peak.unit, peak.params, peak.__name__) == ("bytes", [1, 2], "track_load_peak")
    assert (growth.unit, growth.__name__) == ("bytes", "track_load_growth")
    assert not hasattr(load, "unit")
    assert peak(1 << 20) >= 0
    assert isinstance(growth(1 << 20), int)
