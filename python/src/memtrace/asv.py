# SPDX-License-Identifier: MIT
"""Memory benchmarks for airspeed velocity (asv), made of plain functions and methods:

    class Load:
        params = ["usdc", "parquet"]

        def setup(self, kind): ...

        def load(self, kind):
            return read(kind)

        track_load_peak = memtrace.asv.track_peak(load)
        track_load_growth = memtrace.asv.track_growth(load)

Only the function is measured, not its setup. `memtrace -- asv run --python=same` makes the numbers
exact; without it they are those of MemoryTracker's other sources.
"""

from __future__ import annotations

import functools
from typing import Any, Callable

from .operations import default_name
from .tracker import MemoryResult, MemoryTracker

__all__ = ["track_growth", "track_peak"]


def track_peak(function: Callable[..., Any]) -> Callable[..., int]:
    """A benchmark of the highest memory inside `function` minus that at its begin, in bytes."""
    return _track(function, "peak", lambda result: result.peak_bytes)


def track_growth(function: Callable[..., Any]) -> Callable[..., int]:
    """A benchmark of the memory after `function` minus that before it, in bytes. What the function
    returns is still there and counts."""
    return _track(function, "growth", lambda result: result.current_bytes)


def _track(
    function: Callable[..., Any], what: str, choose: Callable[[MemoryResult], int]
) -> Callable[..., int]:
    name = default_name(function)

    @functools.wraps(function)  # with the parameters, setup and timeout that it has for asv
    def benchmark(*args: Any) -> int:
        with MemoryTracker(name) as tracker:
            kept = function(*args)
        del kept
        return choose(tracker.result)

    # asv calls a function by this name, not by the one it is assigned to.
    benchmark.__name__ = f"track_{benchmark.__name__}_{what}"
    benchmark.unit = "bytes"  # type: ignore[attr-defined]
    return benchmark
