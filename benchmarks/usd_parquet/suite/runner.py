# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures operations: in this process, or each round in a fresh one."""
from __future__ import annotations

import argparse
import ctypes
import dataclasses
import gc
import json
import os
import pathlib
import subprocess
import sys
import time
import tracemalloc

import memtrace
import pyarrow

from .dataset import Dataset
from .registry import Operation, check, operations
from .results import Result, Sample

SUITE = pathlib.Path(__file__).resolve().parent.parent


@dataclasses.dataclass(frozen=True)
class How:
    rounds: int = 3
    warmup: int = 0
    isolate: bool = False
    tracemalloc: bool = False


def settle() -> None:
    """Gives back what the allocators keep, as far as they let go: the next operation is not to
    live on pages of the last one. Only a fresh process is certain."""
    gc.collect()
    pyarrow.default_memory_pool().release_unused()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except AttributeError:
        pass  # not the GNU C library


def measure_round(operation: Operation, dataset: Dataset) -> Sample:
    operation.prepare()
    settle()
    with memtrace.MemoryTracker(operation.name) as tracker:
        begin = time.perf_counter()
        loaded = operation.run(dataset)
        seconds = time.perf_counter() - begin
    check(operation, dataset, loaded.found)
    memory = tracker.result
    by_type = memory.operation.by_type_bytes if memory.operation else None
    return Sample(seconds, memory.current_bytes, memory.peak_bytes, memory.source,
                  memory.estimated, by_type)


def tracemalloc_peak(operation: Operation, dataset: Dataset) -> int:
    """Bytes that Python's own allocators had handed out at most; the operation runs several times
    slower meanwhile, so nothing else is measured."""
    operation.prepare()
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        loaded = operation.run(dataset)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    check(operation, dataset, loaded.found)
    return max(peak, 0)


def in_fresh_process(operation: Operation, dataset: Dataset, *arguments: str) -> str:
    """What `python -m suite.runner` prints for this operation."""
    command = [sys.executable, "-m", "suite.runner", *arguments, str(dataset.directory),
               operation.name]
    done = subprocess.run(command, cwd=SUITE, env={**os.environ, **operation.environment},
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{operation.name}: exit status {done.returncode}\n{done.stderr}")
    return done.stdout


def measure(operation: Operation, dataset: Dataset, how: How) -> Result:
    """Raises WrongData or RuntimeError when an operation has not read what was written."""
    isolate = how.isolate or bool(operation.environment)
    if isolate:
        samples = [Sample(**json.loads(in_fresh_process(operation, dataset)))
                   for _ in range(how.rounds)]
    else:
        operation.prepare()
        for _ in range(how.warmup):
            operation.run(dataset)
        samples = [measure_round(operation, dataset) for _ in range(how.rounds)]
    python_only = None
    if how.tracemalloc:
        python_only = int(in_fresh_process(operation, dataset, "--tracemalloc"))
    return Result(operation.name, operation.task, operation.variant, isolate, samples, python_only)


def main() -> None:
    parser = argparse.ArgumentParser(
        description="One round of one operation in this process; a line of JSON.")
    parser.add_argument("--tracemalloc", action="store_true",
                        help="only print the peak that tracemalloc sees, in bytes")
    parser.add_argument("dataset", type=pathlib.Path)
    parser.add_argument("operation")
    options = parser.parse_args()
    operation = operations()[options.operation]
    dataset = Dataset.load(options.dataset)
    if options.tracemalloc:
        print(tracemalloc_peak(operation, dataset))
    else:
        print(json.dumps(dataclasses.asdict(measure_round(operation, dataset))))


if __name__ == "__main__":
    main()
