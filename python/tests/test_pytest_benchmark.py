# SPDX-License-Identifier: MIT
"""The rounds of pytest-benchmark as operations."""

from __future__ import annotations

import json
import mmap
from pathlib import Path
from typing import Any, Callable, Dict

import pytest

import memtrace
from pytest_sessions import Session, run, run_traced, write_tests

pytest.importorskip("pytest_benchmark")

pytest_plugins = ["pytester"]

PAGE = mmap.PAGESIZE
QUICK = ["--benchmark-json=b.json", "--benchmark-max-time=0.02", "--benchmark-min-rounds=3"]


@pytest.fixture
def session(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, memtrace_program: str
) -> Callable[..., Session]:
    """Runs the benchmarks in a source under memtrace; they pass."""

    def session(source: str, *args: str) -> Session:
        write_tests(pytester, source)
        result = run_traced(pytester, monkeypatch, memtrace_program, *QUICK, *args)
        assert result.exit_code == 0
        return result

    return session


def benchmarks(folder: Path) -> Dict[str, Any]:
    """Those that pytest-benchmark saved, by name."""
    saved = json.loads((folder / "b.json").read_text())
    return {benchmark["name"]: benchmark for benchmark in saved["benchmarks"]}


def rounds_of(result: Session, test: str) -> memtrace.reports.Operation:
    return result.report.operation(f"round test_it.py::{test}")


def test_rounds(session: Callable[..., Session], pytester: pytest.Pytester) -> None:
    result = session("def test_a(benchmark): benchmark(touch, 100)")
    saved = benchmarks(pytester.path)["test_a"]
    rounds = rounds_of(result, "test_a")
    assert saved["stats"]["iterations"] == 1
    assert rounds.count == saved["stats"]["rounds"] >= 3
    assert rounds.peak_growth_bytes.min == rounds.peak_growth_bytes.max == 100 * PAGE
    assert rounds.growth_bytes.min == rounds.growth_bytes.max == 0
    assert saved["extra_info"] == {
        "memtrace": {
            "source": "kernel",
            "rounds": rounds.count,
            "peak_bytes": {"max": 100 * PAGE, "mean": 100 * PAGE},
            "growth_bytes": {"max": 0, "mean": 0},
        }
    }


def test_a_round_of_many_iterations(
    session: Callable[..., Session], pytester: pytest.Pytester
) -> None:
    result = session(
        """
def test_a(benchmark): benchmark.pedantic(keep, (10,), iterations=5, rounds=4)
def test_b(benchmark): benchmark(len, ())
"""
    )
    saved = benchmarks(pytester.path)
    rounds = rounds_of(result, "test_a")
    assert rounds.count == 4
    assert rounds.growth_bytes.median == 50 * PAGE
    assert saved["test_a"]["extra_info"]["memtrace"]["growth_bytes"]["max"] == 50 * PAGE
    assert saved["test_b"]["stats"]["iterations"] > 1
    assert rounds_of(result, "test_b").count == saved["test_b"]["stats"]["rounds"]


def test_rounds_that_differ(session: Callable[..., Session], pytester: pytest.Pytester) -> None:
    session(
        """
import itertools
def test_a(benchmark):
    sizes = itertools.count(1)
    def setup():
        touch(1000)
        return (next(sizes) * 100,), {}
    def work(pages):
        touch(pages)
        keep(pages // 10)
    benchmark.extra_info["mine"] = 1
    benchmark.pedantic(work, setup=setup, rounds=3)
    assert benchmark.extra_info["memtrace"]["rounds"] == 3
"""
    )
    extra = benchmarks(pytester.path)["test_a"]["extra_info"]
    assert extra.pop("mine") == 1
    assert extra["memtrace"]["peak_bytes"] == {"max": 300 * PAGE, "mean": 200 * PAGE}
    assert extra["memtrace"]["growth_bytes"] == {"max": 30 * PAGE, "mean": 20 * PAGE}


def test_memory_that_rounds_return(
    session: Callable[..., Session], pytester: pytest.Pytester
) -> None:
    session(
        """
def test_a(benchmark):
    for i in range(4):
        keep(100)
    benchmark.pedantic(lambda: kept.pop().close(), rounds=3)
""",
    )
    growth = benchmarks(pytester.path)["test_a"]["extra_info"]["memtrace"]["growth_bytes"]
    assert growth == {"max": -100 * PAGE, "mean": -100 * PAGE}


@pytest.mark.parametrize("how", ["pedantic", "option"])
def test_warm_up_and_calibration_are_no_rounds(
    session: Callable[..., Session], pytester: pytest.Pytester, how: str
) -> None:
    if how == "pedantic":
        result = session(
            "def test_a(benchmark): benchmark.pedantic(touch, (9,), rounds=4, warmup_rounds=7)"
        )
    else:
        result = session(
            "def test_a(benchmark): benchmark(touch, 9)",
            "--benchmark-warmup=on",
            "--benchmark-warmup-iterations=5",
        )
    stats = benchmarks(pytester.path)["test_a"]["stats"]
    assert rounds_of(result, "test_a").count == stats["rounds"]


def test_windows_are_outside_the_timer(session: Callable[..., Session]) -> None:
    # A timer that keeps a page: both its calls are inside the round.
    result = session(
        """
import time
def timer():
    if running:
        keep(1)
    return time.perf_counter()
running = []
@pytest.mark.benchmark(timer=timer)
def test_a(benchmark):
    running.append(1)
    benchmark.pedantic(touch, (5,), rounds=6)
    running.clear()
"""
    )
    growth = rounds_of(result, "test_a").growth_bytes
    assert growth.min == growth.max == 7 * PAGE  # with what touch returned


def test_found_however_it_is_asked_for(session: Callable[..., Session]) -> None:
    result = session(
        """
@pytest.fixture
def mine(benchmark): return benchmark
def test_a(mine): mine.pedantic(touch, (5,), rounds=2)
def test_b(request): request.getfixturevalue("benchmark").pedantic(touch, (5,), rounds=2)
"""
    )
    assert rounds_of(result, "test_a").count == rounds_of(result, "test_b").count == 2


def test_a_benchmark_that_fails(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, memtrace_program: str
) -> None:
    write_tests(
        pytester,
        """
def test_a(benchmark):
    left = [1] * 3
    benchmark.pedantic(left.pop, rounds=5)
def test_b(benchmark):
    benchmark.pedantic(touch, (5,), rounds=0)
""",
    )
    result = run_traced(pytester, monkeypatch, memtrace_program)
    assert result.exit_code == 1
    result.out.fnmatch_lines(["E*IndexError: pop from empty list", "E*ValueError: Must have *"])
    assert rounds_of(result, "test_a").count == 4
    assert not result.report.losses["unmatched_ends"]


@pytest.mark.parametrize("measured", [True, False])
def test_without_a_tracer(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, measured: bool
) -> None:
    if memtrace.is_traced():
        pytest.skip("is about what happens without a tracer")
    write_tests(
        pytester,
        """
import threading
def test_a(benchmark):
    threads = benchmark.pedantic(threading.enumerate, rounds=3)
    assert "memtrace-sampler" not in [thread.name for thread in threads]
""",
    )
    result = run(pytester, monkeypatch, *QUICK, *(["--memtrace"] if measured else []))
    result.assert_outcomes(passed=1)
    extra = benchmarks(pytester.path)["test_a"]["extra_info"]
    assert ("memtrace" in extra) == measured
    if measured:
        assert extra["memtrace"]["source"] == "getrusage"
        assert extra["memtrace"]["rounds"] == 3
        result.stdout.fnmatch_lines(["*test_it.py::test_a", "estimates, from getrusage"])
