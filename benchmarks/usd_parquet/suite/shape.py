# SPDX-License-Identifier: GPL-2.0-or-later
"""How much data there is, and what it is: the same values whatever file they are stored in.

A scene has `prims` point clouds, each with `samples` time samples of `points` points. One prim at
one sample is a block, made from the seed, the prim and the sample alone.
"""
from __future__ import annotations

import dataclasses
from typing import Iterator

import numpy as np

ATTRIBUTES = ("points", "velocities", "widths", "ids")

# Parquet has one column for each component; USD one attribute.
COLUMNS = {
    "points": ("x", "y", "z"),
    "velocities": ("vx", "vy", "vz"),
    "widths": ("width",),
    "ids": ("id",),
}


@dataclasses.dataclass(frozen=True)
class Shape:
    points: int
    prims: int
    samples: int
    seed: int = 1

    @property
    def rows(self) -> int:
        return self.points * self.prims * self.samples

    def blocks(self) -> Iterator[tuple[int, int]]:
        """(prim, sample) of each block, in the order in which Parquet stores them."""
        for prim in range(self.prims):
            for sample in range(self.samples):
                yield prim, sample


SIZES = {
    "small": Shape(points=16_384, prims=8, samples=4),
    "medium": Shape(points=32_768, prims=16, samples=8),
    "large": Shape(points=65_536, prims=32, samples=16),
}


def block(shape: Shape, prim: int, sample: int) -> dict[str, np.ndarray]:
    """The attributes of one block: points and velocities float32 (n, 3), widths float32 (n,) of a
    few distinct values, ids int64 (n,). Positions lie on a grid of 1/1024, so that codecs have
    something to do."""
    random = np.random.default_rng([shape.seed, prim, sample])
    count = shape.points
    points = np.round(random.normal(prim, 0.25, (count, 3)) * 1024) / 1024
    velocities = np.round(random.normal(0, 1, (count, 3)) * 256) / 256 + 0.001
    widths = 0.01 + random.integers(0, 16, count) / 256
    first = (prim * shape.samples + sample) * count
    return {
        "points": points.astype(np.float32),
        "velocities": velocities.astype(np.float32),
        "widths": widths.astype(np.float32),
        "ids": np.arange(first, first + count, dtype=np.int64),
    }


def checksum(values: np.ndarray) -> int:
    """The sum of the values' 32-bit words, 64-bit integers as one word, modulo 2**64: the same in
    whatever order and grouping they are stored. Touches every byte, copies none."""
    words = values.view(np.uint32 if values.itemsize == 4 else np.uint64)
    return int(words.sum(dtype=np.uint64))


def add(sums: dict[str, int], more: dict[str, int]) -> None:
    """Adds checksums to those of other blocks."""
    for name, value in more.items():
        sums[name] = (sums[name] + value) % 2**64
