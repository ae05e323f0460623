# SPDX-License-Identifier: GPL-2.0-or-later
"""Results as text: a paragraph an operation, a comparison of the formats."""
from __future__ import annotations

from typing import Optional, Sequence

from .results import SOURCES, Result

COMPARED = ("USDC", "Parquet (none)", "Parquet (snappy)", "Parquet (zstd)")


def megabytes(size: int) -> str:
    return f"{size / 1e6:.2f} MB"


def paragraph(result: Result) -> str:
    typical = result.typical
    lines = [
        result.name,
        f"    Mean: {result.seconds_mean:.4f}s (±{result.seconds_stddev:.4f}s)",
        f"    Memory: {megabytes(result.peak_bytes)} peak",
        f"    {'Exact' if result.exact else 'Estimated'}: growth {result.growth_bytes:,} bytes, "
        f"peak {result.peak_bytes:,} bytes"
        + (f" (growth: anon {typical.of_type('anon'):,}, file {typical.of_type('file'):,})"
           if typical.by_type_bytes else ""),
    ]
    if result.tracemalloc_peak_bytes is not None:
        lines.append(f"    tracemalloc, of Python's own allocators only: "
                     f"{result.tracemalloc_peak_bytes:,} bytes peak")
    return "\n".join(lines)


def find(results: Sequence[Result], task: str, variant: str) -> Optional[Result]:
    return next((r for r in results if r.task == task and r.variant == variant), None)


def compared_tasks(results: Sequence[Result]) -> list[str]:
    """The tasks that USDC and a Parquet have both done."""
    tasks = dict.fromkeys(result.task for result in results)
    return [task for task in tasks
            if find(results, task, COMPARED[0])
            and any(find(results, task, variant) for variant in COMPARED[1:])]


def comparison(results: Sequence[Result]) -> str:
    """USDC against Parquet: mean time and peak memory of the tasks that both do."""
    rows = [["", *COMPARED]]
    for task in compared_tasks(results):
        cells = [find(results, task, variant) for variant in COMPARED]
        rows.append([task, *(f"{cell.seconds_mean:.4f}s  {megabytes(cell.peak_bytes):>9}"
                             if cell else "-" for cell in cells)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) if column == 0 else cell.rjust(width)
                               for column, (cell, width) in enumerate(zip(row, widths)))
                     for row in rows)


def where_from(results: Sequence[Result]) -> str:
    sources = sorted({sample.source for result in results for sample in result.samples})
    return "\n".join(f"Memory numbers: {SOURCES[source]}." for source in sources)


def everything(results: Sequence[Result]) -> str:
    isolated = all(result.isolated for result in results)
    notes = [where_from(results)]
    if not isolated:
        notes.append("One process ran several operations: those after the first may have lived on "
                     "pages that its allocators kept. --isolate gives each a fresh process.")
    parts = [*(paragraph(result) for result in results),
             "Time and peak memory, USDC against Parquet", comparison(results), "\n".join(notes)]
    return "\n\n".join(part for part in parts if part)
