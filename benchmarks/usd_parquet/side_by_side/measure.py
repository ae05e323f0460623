# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs every tool on every operation, each in a fresh process, and the truth beside them."""
from __future__ import annotations

import dataclasses
import json
import statistics
import subprocess
import sys
from typing import Any, Optional, Sequence

from .tools import TOOLS
from .workloads import PAGE, WORKLOADS, Workload

INTERPRETER_PAGES = 2  # that Python may touch or give back for itself meanwhile
COMPARED = tuple(name for name in TOOLS if name != "nothing")


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Of one operation. Bytes are medians of the rounds; those of tools are by name, growths None
    where a tool does not say. Slowdowns are ratios to the time without any tool, one a round."""
    workload: Workload
    truth_growth_bytes: int
    truth_peak_bytes: int
    peaks: dict[str, int]
    growths: dict[str, Optional[int]]
    own_growth_bytes: int  # memtrace's
    seconds: float
    slowdowns: dict[str, list[float]]
    same_runs: int
    construction_error_bytes: int


# Addresses that do not change from run to run, nor with them the pages that objects fall on. And a
# shell in between: a process starts with the highest RSS, for getrusage, of the one it comes from.
LAUNCH = ("setarch", "--addr-no-randomize", "sh", "-c", '"$@"; exit $?', "sh")


def output_of(memtrace: Sequence[str], module: str, *arguments: str) -> dict[str, Any]:
    """memtrace: its command, empty for a run without."""
    prefix = [*memtrace, "--"] if memtrace else []
    command = [*LAUNCH, *prefix, sys.executable, "-m", f"side_by_side.{module}", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{module} {' '.join(arguments)}: {done.stderr or done.stdout}")
    return json.loads(done.stdout)


def middle(runs: Sequence[dict[str, Any]], key: str) -> int:
    return statistics.median_low(run[key] for run in runs)


def truth(memtrace: Sequence[str], workload: Workload, rounds: int) -> list[dict[str, Any]]:
    """RuntimeError: memtrace differs from the page tables, or they from the construction by more
    than the interpreter's own affairs explain."""
    runs = [output_of(memtrace, "truth", workload.key) for _ in range(rounds)]
    for run in runs:
        for key in ("growth_bytes", "peak_bytes"):
            if run["memtrace"] is None or run["memtrace"][key] != run[key]:
                raise RuntimeError(f"{workload.title}: {key} {run[key]} by the page tables, "
                                   f"memtrace said {run['memtrace']}")
    if construction_error(workload, runs) > INTERPRETER_PAGES * PAGE:
        raise RuntimeError(f"{workload.title}: {runs} by the page tables, growth "
                           f"{workload.growth_bytes}, peak {workload.peak_bytes} by construction")
    return runs


def construction_error(workload: Workload, runs: Sequence[dict[str, Any]]) -> int:
    """By how many bytes the page tables differ at most from what an operation must come to."""
    if workload.peak_bytes is None:
        return 0
    return max(max(abs(run["peak_bytes"] - workload.peak_bytes),
                   abs(run["growth_bytes"] - (workload.growth_bytes or 0))) for run in runs)


def with_tool(memtrace: Sequence[str], tool: str, workload: Workload,
              *options: str) -> dict[str, Any]:
    return output_of(memtrace if tool == "memtrace" else (), "tools", tool, workload.key, *options)


def times(memtrace: Sequence[str], workload: Workload, rounds: int) -> dict[str, list[float]]:
    """Seconds of CPU with each tool, one of each round, in which they take turns."""
    seconds: dict[str, list[float]] = {tool: [] for tool in TOOLS}
    names = list(TOOLS)
    for turn in range(rounds):
        first = turn % len(names)
        for tool in names[first:] + names[:first]:
            run = with_tool(memtrace, tool, workload, "--repeat", str(workload.repeat))
            seconds[tool].append(run["seconds"] / workload.repeat)
    return seconds


def compare(memtrace: Sequence[str], workload: Workload, rounds: int,
            timing_rounds: int) -> Comparison:
    true = truth(memtrace, workload, rounds)
    told = {tool: [with_tool(memtrace, tool, workload) for _ in range(rounds)]
            for tool in COMPARED}
    seconds = times(memtrace, workload, timing_rounds)
    return Comparison(
        workload=workload,
        truth_growth_bytes=middle(true, "growth_bytes"),
        truth_peak_bytes=middle(true, "peak_bytes"),
        peaks={tool: middle(runs, "peak_bytes") for tool, runs in told.items()},
        growths={tool: None if runs[0]["growth_bytes"] is None else middle(runs, "growth_bytes")
                 for tool, runs in told.items()},
        own_growth_bytes=middle(told["memtrace"], "own_growth_bytes"),
        seconds=statistics.median(seconds["nothing"]),
        slowdowns={tool: [a / b for a, b in zip(seconds[tool], seconds["nothing"])]
                   for tool in COMPARED},
        same_runs=len(true),
        construction_error_bytes=construction_error(workload, true))


def compare_all(memtrace: Sequence[str], rounds: int, timing_rounds: int) -> list[Comparison]:
    found = []
    for workload in WORKLOADS.values():
        print(workload.title, file=sys.stderr, flush=True)
        found.append(compare(memtrace, workload, rounds, timing_rounds))
    return found
