# SPDX-License-Identifier: GPL-2.0-or-later
"""A stage with the data as its sublayer: from USDC by USD itself, from Parquet by way of pyarrow
into an anonymous layer. Both end with the same stage, from which every value is read."""
from __future__ import annotations

import functools
from typing import Callable, Iterator

import numpy as np
import pyarrow as pa
from pxr import Sdf, Usd, Vt

from . import parquet_operations, usd_operations
from .dataset import CODECS, USDC, Dataset, prim_path
from .parquet_operations import open_file, variant
from .registry import Loaded, Operation
from .shape import ATTRIBUTES, COLUMNS

TYPES = {
    "points": Sdf.ValueTypeNames.Point3fArray,
    "velocities": Sdf.ValueTypeNames.Vector3fArray,
    "widths": Sdf.ValueTypeNames.FloatArray,
    "ids": Sdf.ValueTypeNames.Int64Array,
}
ARRAYS = {
    "points": Vt.Vec3fArray,
    "velocities": Vt.Vec3fArray,
    "widths": Vt.FloatArray,
    "ids": Vt.Int64Array,
}


def prepare() -> None:
    usd_operations.prepare()
    parquet_operations.prepare()


def empty_layer(prims: int) -> Sdf.Layer:
    layer = Sdf.Layer.CreateAnonymous("from-parquet.usda")
    for prim in range(prims):
        spec = Sdf.CreatePrimInLayer(layer, prim_path(prim))
        spec.specifier = Sdf.SpecifierDef
        spec.typeName = "Points"
        for name, value_type in TYPES.items():
            Sdf.AttributeSpec(spec, name, value_type)
    world = layer.GetPrimAtPath("/World")
    world.specifier = Sdf.SpecifierDef
    world.typeName = "Xform"
    return layer


def add_block(layer: Sdf.Layer, rows: pa.Table) -> None:
    """One block, whose rows lie together, becomes one time sample of each attribute."""
    path, sample = prim_path(rows["prim"][0].as_py()), rows["sample"][0].as_py()
    for attribute in ATTRIBUTES:
        columns = [rows[name].to_numpy() for name in COLUMNS[attribute]]
        values = np.column_stack(columns) if len(columns) > 1 else columns[0]
        layer.SetTimeSample(f"{path}.{attribute}", sample, ARRAYS[attribute].FromNumpy(values))


def add_rows(layer: Sdf.Layer, rows: pa.Table, points: int) -> None:
    for start in range(0, rows.num_rows, points):
        add_block(layer, rows.slice(start, points))


def stage_over(identifier: str) -> tuple[Usd.Stage, Sdf.Layer]:
    root = Sdf.Layer.CreateAnonymous("root.usda")
    root.subLayerPaths.append(identifier)
    return Usd.Stage.Open(root), root


def read_sublayer(dataset: Dataset, identifier: str, *kept: object) -> Loaded:
    stage, root = stage_over(identifier)
    loaded = usd_operations.read_all(stage, dataset)
    return Loaded((loaded.kept, root, kept), loaded.found)


def from_usdc(dataset: Dataset) -> Loaded:
    return read_sublayer(dataset, dataset.path(USDC))


def from_parquet(dataset: Dataset, codec: str) -> Loaded:
    layer = empty_layer(dataset.shape.prims)
    add_rows(layer, open_file(dataset, codec).read(), dataset.shape.points)
    return read_sublayer(dataset, layer.identifier, layer)


def from_row_groups(dataset: Dataset, codec: str) -> Loaded:
    """As from_parquet, but never with the whole table in memory."""
    layer = empty_layer(dataset.shape.prims)
    file = open_file(dataset, codec)
    for group in range(file.num_row_groups):
        add_rows(layer, file.read_row_group(group), dataset.shape.points)
    return read_sublayer(dataset, layer.identifier, layer)


def operations() -> Iterator[Operation]:
    def sublayer(kind: str, task: str, run: Callable[[Dataset], Loaded]) -> Operation:
        return Operation("initial load", task, kind, prepare, run, Dataset.expected)

    yield sublayer(usd_operations.VARIANT, "sublayer load", from_usdc)
    for codec in CODECS:
        yield sublayer(variant(codec), "sublayer load",
                       functools.partial(from_parquet, codec=codec))
    yield sublayer(variant("snappy"), "sublayer load, prim by prim",
                   functools.partial(from_row_groups, codec="snappy"))
