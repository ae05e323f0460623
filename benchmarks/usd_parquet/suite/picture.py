# SPDX-License-Identifier: GPL-2.0-or-later
"""Results as a picture: bars of time and of peak memory, USDC beside Parquet."""
from __future__ import annotations

import pathlib
from typing import Callable, Sequence

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "usd_parquet",
                            "font.size": 9})
from matplotlib import pyplot  # noqa: E402  (after the choice of the backend)
from matplotlib.axes import Axes  # noqa: E402

from .results import Result  # noqa: E402
from .text import COMPARED, compared_tasks, find  # noqa: E402

COLORS = ("#4269d0", "#efb118", "#ff725c", "#6cc5b0")
BAR = 0.2


def bars(axes: Axes, results: Sequence[Result], title: str,
         value: Callable[[Result], float]) -> None:
    tasks = compared_tasks(results)
    for index, (variant, color) in enumerate(zip(COMPARED, COLORS)):
        there = [(row, value(result)) for row, task in enumerate(tasks)
                 if (result := find(results, task, variant))]
        drawn = axes.barh([row + (index - 1.5) * BAR for row, _ in there],
                          [size for _, size in there], BAR, color=color, label=variant)
        axes.bar_label(drawn, fmt="%.2f", padding=3, fontsize=7)
    axes.set_title(title, loc="left", fontsize=10)
    axes.set_yticks(range(len(tasks)), tasks)
    axes.margins(x=0.15)
    axes.spines[["top", "right"]].set_visible(False)


def draw(results: Sequence[Result], path: pathlib.Path) -> None:
    """Writes the SVG: nothing in it but the results differs from run to run."""
    figure, (left, right) = pyplot.subplots(
        1, 2, figsize=(10, 1 + 0.8 * len(compared_tasks(results))), sharey=True,
        layout="constrained")
    bars(left, results, "mean time, ms", lambda result: result.seconds_mean * 1e3)
    exact = all(result.exact for result in results)
    bars(right, results, f"peak memory, MB ({'exact' if exact else 'estimated'})",
         lambda result: result.peak_bytes / 1e6)
    left.invert_yaxis()  # shared: the first task on top
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(COMPARED), frameon=False)
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
