# SPDX-License-Identifier: GPL-2.0-or-later
"""The peaks as a picture: each tool's number as a multiple of the truth."""
from __future__ import annotations

import pathlib
from typing import Sequence

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "side_by_side", "font.size": 9})
from matplotlib import pyplot  # noqa: E402  (after the choice of the backend)

from .measure import Comparison  # noqa: E402

MARKS = {
    "memtrace": ("memtrace", "o", "#4269d0"),
    "psutil": ("psutil, entry and exit", "s", "#ff725c"),
    "sampler": ("RSS, sampled each ms", "D", "#efb118"),
    "getrusage": ("getrusage", "v", "#9c6b4e"),
    "tracemalloc": ("tracemalloc", "^", "#3ca951"),
    "memray": ("memray", "P", "#a463f2"),
}
LOWEST = 1e-3


def draw(comparisons: Sequence[Comparison], path: pathlib.Path) -> None:
    shown = [c for c in comparisons if c.truth_peak_bytes > 0]
    figure, axes = pyplot.subplots(figsize=(9, 1.5 + 0.36 * len(shown)), layout="constrained")
    for index, (tool, (label, mark, color)) in enumerate(MARKS.items()):
        ratios = [max(c.peaks[tool] / c.truth_peak_bytes, LOWEST) for c in shown]
        rows = [row + (index - (len(MARKS) - 1) / 2) * 0.1 for row in range(len(shown))]
        axes.scatter(ratios, rows, marker=mark, color=color, label=label, s=26, zorder=3)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.set_xticks([LOWEST, 0.01, 0.1, 1, 10, 100],
                    ["1/1000\nor nothing", "1/100", "1/10", "the truth", "10 ×", "100 ×"])
    axes.minorticks_off()
    axes.set_yticks(range(len(shown)), [c.workload.title for c in shown])
    axes.invert_yaxis()
    axes.grid(color="#dddddd")
    axes.spines[["top", "right", "left"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
