# SPDX-License-Identifier: GPL-2.0-or-later
"""The page, from the comparisons: nothing in it is written by hand that a run could contradict."""
from __future__ import annotations

import importlib.metadata
import os
import platform
import statistics
from typing import Optional, Sequence

from .measure import COMPARED, Comparison

HEADS = {
    "memtrace": "memtrace",
    "psutil": "psutil, entry and exit",
    "sampler": "RSS, sampled each ms",
    "getrusage": "getrusage",
    "tracemalloc": "tracemalloc",
    "memray": "memray",
}
FAULT_BYTES = 64 * 1024  # what one fault on a file may bring
STAYED = ("memtrace", "psutil", "tracemalloc", "memray")


def number(value: Optional[int]) -> str:
    return "–" if value is None else f"{value:,}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] + ["---:"] * (len(heads) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def peaks(comparisons: Sequence[Comparison]) -> str:
    return table(["operation", "truth", *(HEADS[tool] for tool in COMPARED)], [
        [c.workload.title, f"**{number(c.truth_peak_bytes)}**",
         *(number(c.peaks[tool]) for tool in COMPARED)] for c in comparisons])


def growths(comparisons: Sequence[Comparison]) -> str:
    return table(["operation", "truth", *(HEADS[tool] for tool in STAYED),
                  "memtrace: by its own thread"], [
        [c.workload.title, f"**{number(c.truth_growth_bytes)}**",
         *(number(c.growths[tool]) for tool in STAYED),
         number(c.own_growth_bytes)] for c in comparisons])


def ratio(values: Sequence[float]) -> str:
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms"


def costs(comparisons: Sequence[Comparison]) -> str:
    return table(["operation", "without", *(HEADS[tool] for tool in COMPARED)], [
        [c.workload.title, milliseconds(c.seconds),
         *(ratio(c.slowdowns[tool]) for tool in COMPARED)] for c in comparisons])


def transients(comparisons: Sequence[Comparison]) -> str:
    return table(["operation", "peak", "psutil", "missed", "memtrace"], [
        [c.workload.title, number(c.truth_peak_bytes), number(c.peaks["psutil"]),
         number(c.truth_peak_bytes - c.peaks["psutil"]), number(c.peaks["memtrace"])]
        for c in comparisons if c.peaks["psutil"] < c.truth_peak_bytes * 0.9])


def summary(comparisons: Sequence[Comparison]) -> str:
    """How many operations each tool got right, and how wrong it was about the others."""
    rows = []
    for tool in COMPARED:
        pairs = [(c.truth_peak_bytes, c.peaks[tool]) for c in comparisons]
        right = sum(abs(told - true) <= max(true / 100, FAULT_BYTES) for true, told in pairs)
        less = sum(told < true / 2 for true, told in pairs)
        more = sum(told > 2 * true + FAULT_BYTES for true, told in pairs)
        rows.append([HEADS[tool], f"{right} of {len(pairs)}", str(less), str(more)])
    return table(["", "within 1 % or 64 KiB", "less than half", "more than twice"], rows)


def by_construction(comparisons: Sequence[Comparison]) -> str:
    error = max(c.construction_error_bytes for c in comparisons)
    return (f"differed from the construction by at most {number(error)} bytes" if error
            else "equalled the construction to the byte")


def versions() -> str:
    names = ("memtrace-bpf", "memray", "psutil", "numpy", "pyarrow", "usd-core")
    return ", ".join([f"Linux {platform.release().split('-')[0]}", platform.machine(),
                      f"{os.cpu_count()} CPUs", f"Python {platform.python_version()}",
                      *(f"{name} {importlib.metadata.version(name)}" for name in names)])


PAGE = """\
<!-- Made by scripts/update-side-by-side from real runs; changes by hand are lost. -->
# Side by side

The same operations, measured by memtrace and by what is commonly used for it, beside the truth.
Each number is the median of {rounds} fresh processes, in bytes unless it says otherwise, on:
{versions}.

## How high it peaked

How much more memory than at its begin the operation had in use at its highest.

![each tool's peak as a multiple of the truth](side-by-side.svg)

{peaks}

memtrace's numbers are of processes of their own, as everybody's are; what it said of the very runs
in which the truth was taken stands [below](#how-the-truth-is-known). What psutil at entry and exit
gives is one number, which has to do for both. *Sampled* is a thread that asks for RSS every
millisecond: what memtrace's `MemoryTracker` does when no tracer is there.

Transient memory, in use for a while and gone at the end, where RSS at entry and exit misses more
than a tenth of the peak:

{transients}

How often each was right about the peak; 64 KiB is what one fault on a file may bring:

{summary}

tracemalloc and memray count what a program asks its allocators for, which is another question than
what is resident: memory that is asked for and not touched, or was there before, weighs nothing;
pages of files, and those of an allocator that they do not know, do.

## What stayed

Resident memory at the end minus at the begin, with what the operation returns still alive. For
tracemalloc and memray: what was not freed.

{growths}

Pages that a program has freed and its allocator keeps stay resident. The last column is what the
operation's own thread added, less what that thread gave back: other threads' work is not in it.

## What it costs

CPU time of the process for one operation with each tool, the tool's own begin and end included, as
a multiple of that without any: median and quartiles of {timing_rounds} rounds, in which the tools
took turns.

{costs}

## How the truth is known

By construction, to the page, where an operation maps or allocates a known number of pages. And for
all of them from the page tables: resident memory gets less only in system calls (munmap, mremap,
madvise, brk, mmap over a mapping), so its highest value is that at the entry of one of them, or at
the end. In runs of their own each operation is stopped there with ptrace, every time, and the
kernel walks its page tables (`/proc/PID/smaps_rollup`). That takes no part in how memtrace counts.

memtrace traced those runs, too: in all {same_runs} of them its growth and its peak equalled the
page tables to the byte; this page is not written otherwise. The page tables
{construction}. Between processes, the numbers of one operation may differ by a few pages.

The operations: `benchmarks/usd_parquet/side_by_side/workloads.py`; the last four are those of the
[suite](../benchmarks/usd_parquet/README.md), with one thread in pyarrow.
"""


def page(comparisons: Sequence[Comparison], rounds: int, timing_rounds: int) -> str:
    return PAGE.format(
        rounds=rounds, timing_rounds=timing_rounds, versions=versions(), peaks=peaks(comparisons),
        growths=growths(comparisons), costs=costs(comparisons), transients=transients(comparisons),
        summary=summary(comparisons),
        same_runs=sum(c.same_runs for c in comparisons),
        construction=by_construction(comparisons))
