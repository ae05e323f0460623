# SPDX-License-Identifier: GPL-2.0-or-later
"""The tools, each in the way in which it is commonly used around an operation.

`python -m side_by_side.tools TOOL WORKLOAD` measures in this process and prints JSON: a Reading and
the seconds of CPU that it took. --repeat N runs it so many times; --watched waits to be watched by
truth.py, and marks the begin and the end.
"""
from __future__ import annotations

import argparse
import dataclasses
import gc
import json
import os
import resource
import sys
import tempfile
import time
import tracemalloc
from typing import Any, Optional, Protocol

import memtrace
import psutil

from .workloads import WORKLOADS, Run


@dataclasses.dataclass(frozen=True)
class Reading:
    """None is what a tool does not say. own_growth_bytes: of the operation's own thread."""
    growth_bytes: Optional[int] = None
    peak_bytes: Optional[int] = None
    own_growth_bytes: Optional[int] = None
    source: Optional[str] = None


class Tool(Protocol):
    """measure() runs the operation, perhaps several times, between start() and stop(); what stop()
    returns is about the last."""

    def start(self) -> None: ...

    def measure(self, run: Run) -> Any: ...

    def stop(self) -> Reading: ...


class Nothing:
    def start(self) -> None:
        pass

    def measure(self, run: Run) -> Any:
        return run()

    def stop(self) -> Reading:
        return Reading()


class Tracemalloc:
    def start(self) -> None:
        tracemalloc.start()

    def measure(self, run: Run) -> Any:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        kept = run()
        current, peak = tracemalloc.get_traced_memory()
        self._reading = Reading(current - before, peak - before)
        return kept

    def stop(self) -> Reading:
        tracemalloc.stop()
        return self._reading


class Psutil:
    """RSS at entry and exit: one number, which has to do for both."""

    def start(self) -> None:
        self._process = psutil.Process()

    def measure(self, run: Run) -> Any:
        before = self._process.memory_info().rss
        kept = run()
        growth = self._process.memory_info().rss - before
        self._reading = Reading(growth, growth)
        return kept

    def stop(self) -> Reading:
        return self._reading


class Getrusage:
    """How far the process' highest RSS rose."""

    def start(self) -> None:
        pass

    def measure(self, run: Run) -> Any:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        kept = run()
        rise = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        self._reading = Reading(None, rise)
        return kept

    def stop(self) -> Reading:
        return self._reading


class Memray:
    """What malloc and mmap hand out."""

    def start(self) -> None:
        import memray

        self._reader = memray.FileReader
        self._directory = tempfile.TemporaryDirectory()
        self._file = f"{self._directory.name}/memray.bin"
        self._tracker = memray.Tracker(self._file)
        self._tracker.__enter__()

    def measure(self, run: Run) -> Any:
        return run()

    def stop(self) -> Reading:
        self._tracker.__exit__(None, None, None)
        with self._reader(self._file) as reader:
            peak = reader.metadata.peak_memory
            left = sum(record.size
                       for record in reader.get_leaked_allocation_records(merge_threads=True))
        self._directory.cleanup()
        return Reading(left, peak)


class Tracker:
    """MemoryTracker of the package: exact under memtrace, otherwise samples of psutil."""

    def start(self) -> None:
        pass

    def measure(self, run: Run) -> Any:
        with memtrace.MemoryTracker("side by side") as tracker:
            kept = run()
        result = tracker.result
        own = result.operation.own_growth_bytes if result.operation else None
        self._reading = Reading(result.current_bytes, result.peak_bytes, own, result.source)
        return kept

    def stop(self) -> Reading:
        expected = "kernel" if memtrace.is_traced() else "psutil"
        if self._reading.source != expected:
            raise RuntimeError(f"the numbers are from {self._reading.source}, not {expected}")
        return self._reading


TOOLS: dict[str, type[Tool]] = {
    "nothing": Nothing,
    "memtrace": Tracker,
    "psutil": Psutil,
    "sampler": Tracker,
    "getrusage": Getrusage,
    "tracemalloc": Tracemalloc,
    "memray": Memray,
}


def watched(run: Run) -> Run:
    """Waits until this process is watched, and marks what is to be watched."""
    print("ready", flush=True)
    sys.stdin.readline()

    def marked() -> Any:
        os.getpgid(0)
        kept = run()
        os.getpgid(0)
        return kept
    return marked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tool", choices=TOOLS)
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--watched", action="store_true")
    options = parser.parse_args()
    run = WORKLOADS[options.workload].prepare()
    gc.collect()
    if options.watched:
        run = watched(run)
    tool = TOOLS[options.tool]()
    tool.start()
    seconds = 0.0
    for _ in range(options.repeat):
        kept = None
        begin = time.process_time()
        kept = tool.measure(run)
        seconds += time.process_time() - begin
    reading = tool.stop()
    del kept
    print(json.dumps({**dataclasses.asdict(reading), "seconds": seconds}), flush=True)
    os._exit(0)  # nothing that takes down an operation's threads


if __name__ == "__main__":
    main()
