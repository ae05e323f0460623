# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes a data set: USDC in one file and as payloads, Parquet by codec and row-group size."""
from __future__ import annotations

import dataclasses
import json
import pathlib
import shutil
import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pxr import Sdf, Usd, UsdGeom, Vt

from .dataset import (CODECS, FORMAT, MANIFEST, PAYLOAD_DIRECTORY, PAYLOAD_ROOT, ROW_GROUPS, USDC,
                      Dataset, blocks_of, directory_name, parquet_name, prim_path)
from .shape import ATTRIBUTES, COLUMNS, Shape, block, checksum

SCHEMA = pa.schema([
    pa.field("prim", pa.int32(), nullable=False),
    pa.field("sample", pa.int32(), nullable=False),
    pa.field("id", pa.int64(), nullable=False),
    *(pa.field(name, pa.float32(), nullable=False)
      for attribute in ("points", "velocities", "widths") for name in COLUMNS[attribute]),
])


def set_block(layer_prim: UsdGeom.Points, sample: int, values: dict[str, np.ndarray]) -> None:
    layer_prim.CreatePointsAttr().Set(Vt.Vec3fArray.FromNumpy(values["points"]), sample)
    layer_prim.CreateVelocitiesAttr().Set(Vt.Vec3fArray.FromNumpy(values["velocities"]), sample)
    layer_prim.CreateWidthsAttr().Set(Vt.FloatArray.FromNumpy(values["widths"]), sample)
    layer_prim.CreateIdsAttr().Set(Vt.Int64Array.FromNumpy(values["ids"]), sample)


def define_world(stage: Usd.Stage) -> None:
    stage.SetDefaultPrim(UsdGeom.Xform.Define(stage, "/World").GetPrim())


def write_usdc(directory: pathlib.Path, shape: Shape) -> None:
    stage = Usd.Stage.CreateNew(str(directory / USDC))
    define_world(stage)
    for prim, sample in shape.blocks():
        set_block(UsdGeom.Points.Define(stage, prim_path(prim)), sample, block(shape, prim, sample))
    stage.Save()


def write_payloads(directory: pathlib.Path, shape: Shape) -> None:
    (directory / PAYLOAD_DIRECTORY).mkdir()
    root = Usd.Stage.CreateNew(str(directory / PAYLOAD_ROOT))
    define_world(root)
    for prim in range(shape.prims):
        name = f"{PAYLOAD_DIRECTORY}/{prim:04d}.usdc"
        stage = Usd.Stage.CreateNew(str(directory / name))
        points = UsdGeom.Points.Define(stage, "/Points")
        stage.SetDefaultPrim(points.GetPrim())
        for sample in range(shape.samples):
            set_block(points, sample, block(shape, prim, sample))
        stage.Save()
        root.DefinePrim(prim_path(prim)).GetPayloads().AddPayload(Sdf.Payload(f"./{name}"))
    root.Save()


def table(shape: Shape, prim: int, sample: int) -> pa.Table:
    values = block(shape, prim, sample)
    columns = {"prim": np.full(shape.points, prim, np.int32),
               "sample": np.full(shape.points, sample, np.int32)}
    for attribute, names in COLUMNS.items():
        parts = values[attribute].reshape(shape.points, -1)
        for index, name in enumerate(names):
            columns[name] = np.ascontiguousarray(parts[:, index])
    return pa.table([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def write_parquet(path: pathlib.Path, shape: Shape, codec: str, row_group: str) -> None:
    blocks = blocks_of(row_group, shape)
    # Dictionaries where values repeat; the others would be tried in vain.
    with pq.ParquetWriter(path, SCHEMA, compression=codec,
                          use_dictionary=["prim", "sample", "width"]) as writer:
        pending: list[pa.Table] = []
        for prim, sample in shape.blocks():
            pending.append(table(shape, prim, sample))
            if len(pending) == blocks:
                writer.write_table(pa.concat_tables(pending), row_group_size=blocks * shape.points)
                pending = []


def write_files(directory: pathlib.Path, shape: Shape) -> None:
    write_usdc(directory, shape)
    write_payloads(directory, shape)
    for codec in CODECS:
        write_parquet(directory / parquet_name(codec), shape, codec, ROW_GROUPS[0])
    for row_group in ROW_GROUPS[1:]:
        write_parquet(directory / parquet_name("snappy", row_group), shape, "snappy", row_group)


def write_manifest(directory: pathlib.Path, shape: Shape) -> None:
    checksums: list[list[dict[str, int]]] = [[] for _ in range(shape.prims)]
    for prim, sample in shape.blocks():
        values = block(shape, prim, sample)
        checksums[prim].append({name: checksum(values[name]) for name in ATTRIBUTES})
    files = {str(path.relative_to(directory)): path.stat().st_size
             for path in sorted(directory.rglob("*")) if path.is_file()}
    (directory / MANIFEST).write_text(json.dumps({
        "format": FORMAT, "shape": dataclasses.asdict(shape), "files": files,
        "written_by": {"usd-core": ".".join(map(str, Usd.GetVersion()[1:])),
                       "pyarrow": pa.__version__, "numpy": np.__version__},
        "checksums": checksums}))


def up_to_date(directory: pathlib.Path, shape: Shape) -> bool:
    try:
        return Dataset.load(directory).shape == shape
    except (OSError, ValueError, KeyError, TypeError):
        return False


def generate(data: pathlib.Path, shape: Shape) -> tuple[pathlib.Path, bool]:
    """The directory of this shape below `data`, and whether it had to be written. Whoever looks
    finds all of it or nothing."""
    directory = data / directory_name(shape)
    if up_to_date(directory, shape):
        return directory, False
    data.mkdir(parents=True, exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=data))
    try:
        work.chmod(0o755)
        write_files(work, shape)
        write_manifest(work, shape)
        if directory.exists():
            directory.rename(work / "stale")
        try:
            work.rename(directory)
        except OSError:
            # Another generator was quicker.
            if not up_to_date(directory, shape):
                raise
        shutil.rmtree(directory / "stale", ignore_errors=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return directory, True
