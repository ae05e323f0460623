# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the results of a run: results.json, results.txt, comparison.svg."""
from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import pathlib
import platform
from typing import Sequence

from .dataset import Dataset
from .results import SCHEMA, Result
from .text import everything

PACKAGES = ("memtrace-bpf", "numpy", "psutil", "pyarrow", "usd-core")


def versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "kernel": platform.release()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            pass
    return found


def write_text(path: pathlib.Path, text: str) -> None:
    work = path.with_name(f".{path.name}.{os.getpid()}")
    work.write_text(text, encoding="utf-8")
    work.replace(path)


def write(directory: pathlib.Path, dataset: Dataset, results: Sequence[Result]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    write_text(directory / "results.json", json.dumps({
        "schema": SCHEMA,
        "versions": versions(),
        "sources": sorted({sample.source for result in results for sample in result.samples}),
        "shape": dataclasses.asdict(dataset.shape),
        "files": dataset.files,
        "results": [result.as_json() for result in results],
    }, indent=1) + "\n")
    write_text(directory / "results.txt", everything(results) + "\n")
    try:
        from .picture import draw
    except ImportError:
        return  # without matplotlib there is no picture
    draw(results, directory / "comparison.svg")
