#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The memory of a few operations that everybody knows, one after the other in one process:

    python3 demo_memory_tracking.py                    # the best that goes without privileges
    sudo memtrace -- "$(command -v python3)" demo_memory_tracking.py      # exact
"""
from __future__ import annotations

import gc
import time
from typing import Any, Callable

import memtrace

Step = Callable[[], Any]


def steps() -> dict[str, Step]:
    """What is kept of each is what its function returns."""
    found: dict[str, Step] = {
        "list of 1,000,000 ints": lambda: list(range(1_000_000)),
        "dict of 200,000 strings": lambda: {i: str(i) for i in range(200_000)},
        "list built and dropped": lambda: len([str(i) for i in range(500_000)]),
    }
    try:
        import numpy
    except ImportError:
        print("NumPy is not installed: left out")
    else:
        array = numpy.ones(8_000_000)  # 64 MB
        found |= {
            "NumPy: 64 MB of zeros, not touched": lambda: numpy.zeros(8_000_000),
            "NumPy: 64 MB of ones": lambda: numpy.ones(8_000_000),
            "NumPy: sum of a 64 MB temporary": lambda: float((array * 2).sum()),
        }
    try:
        from pxr import Usd, UsdGeom
    except ImportError:
        print("OpenUSD is not installed (pip install usd-core): left out")
    else:
        def stage() -> Any:
            made = Usd.Stage.CreateInMemory()
            for index in range(2_000):
                sphere = UsdGeom.Sphere.Define(made, f"/World/Sphere_{index}")
                sphere.GetRadiusAttr().Set(float(index))
            return made
        found["OpenUSD: a stage of 2,000 spheres"] = stage
    return found


def main() -> None:
    sources = set()
    print(f"{'':<36} {'time':>9} {'growth':>12} {'peak':>12}")
    for name, step in steps().items():
        gc.collect()
        with memtrace.MemoryTracker(name) as tracker:
            begin = time.perf_counter()
            kept = step()
            seconds = time.perf_counter() - begin
        result = tracker.result
        sources.add(result.source)
        print(f"{name:<36} {seconds:>8.4f}s {memtrace.format_bytes(result.current_bytes):>12} "
              f"{memtrace.format_bytes(result.peak_bytes):>12}")
        del kept
    exact = sources == {"kernel"}
    print(f"\nFrom: {', '.join(sorted(sources))}"
          + (", exact" if exact else "; the peaks are estimates. Exact with: "
             'sudo memtrace -- "$(command -v python3)" ' + __file__))


if __name__ == "__main__":
    main()
