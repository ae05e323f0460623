# SPDX-License-Identifier: GPL-2.0-or-later
"""A directory of generated files and its manifest: where they are, what must be read from them."""
from __future__ import annotations

import dataclasses
import json
import pathlib
from typing import Iterable, Optional

from .shape import ATTRIBUTES, Shape

# Changes when the same shape gives other files.
FORMAT = 2

CODECS = ("none", "snappy", "zstd")
# What one row group holds; the first is the default, used by every codec.
ROW_GROUPS = ("prim", "sample", "file")

USDC = "points.usdc"
PAYLOAD_ROOT = "payloads.usdc"
PAYLOAD_DIRECTORY = "payload"
MANIFEST = "manifest.json"


def parquet_name(codec: str, row_group: str = ROW_GROUPS[0]) -> str:
    return f"points-{codec}-{row_group}.parquet"


def blocks_of(row_group: str, shape: Shape) -> int:
    """How many blocks one row group holds."""
    return {"prim": shape.samples, "sample": 1, "file": shape.prims * shape.samples}[row_group]


def prim_path(prim: int) -> str:
    return f"/World/Points_{prim:04d}"


def directory_name(shape: Shape) -> str:
    return f"{shape.points}x{shape.prims}x{shape.samples}-seed{shape.seed}"


@dataclasses.dataclass(frozen=True)
class Dataset:
    directory: pathlib.Path
    shape: Shape
    files: dict[str, int]  # name -> bytes
    checksums: list[list[dict[str, int]]]  # [prim][sample][attribute]

    @classmethod
    def load(cls, directory: pathlib.Path) -> "Dataset":
        """The data set of a directory; ValueError when it is another version's or has changed."""
        manifest = json.loads((directory / MANIFEST).read_text())
        if manifest["format"] != FORMAT:
            raise ValueError(f"{directory}: format {manifest['format']}, expected {FORMAT}")
        for name, size in manifest["files"].items():
            path = directory / name
            if not path.is_file() or path.stat().st_size != size:
                raise ValueError(f"{path}: missing or of another size than {size} bytes")
        return cls(directory, Shape(**manifest["shape"]), manifest["files"], manifest["checksums"])

    def path(self, name: str) -> str:
        return str(self.directory / name)

    def expected(self, attributes: Iterable[str] = ATTRIBUTES,
                 prims: Optional[Iterable[int]] = None) -> dict[str, int]:
        """The checksum of each attribute over some prims; by default over all."""
        prims = range(self.shape.prims) if prims is None else prims
        blocks = [block for prim in prims for block in self.checksums[prim]]
        return {name: sum(b[name] for b in blocks) % 2**64 for name in attributes}

    def warm_page_cache(self) -> None:
        """Reads every file once, so that no operation pays for the disk."""
        for name in self.files:
            with open(self.path(name), "rb", buffering=0) as file:
                while file.read(1 << 20):
                    pass
