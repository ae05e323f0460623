# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading with OpenUSD: a USDC file as a stage, whole and in part; payloads."""
from __future__ import annotations

import functools
import tempfile
from typing import Any, Iterable, Iterator

import numpy as np
from pxr import Usd, UsdGeom

from .dataset import PAYLOAD_ROOT, USDC, Dataset, prim_path
from .registry import Loaded, Operation
from .shape import ATTRIBUTES, add, checksum

VARIANT = "USDC"
PAYLOADS = "USDC payloads"


@functools.lru_cache(maxsize=1)
def prepare() -> None:
    """Has USD load its plugins and schemas, and its readers with a file of nothing much."""
    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/prepare.usdc"
        stage = Usd.Stage.CreateInMemory()
        UsdGeom.Points.Define(stage, "/Points").CreateWidthsAttr().Set([1.0], 0)
        stage.GetRootLayer().Export(path)
        stage = Usd.Stage.Open(path)
        stage.GetPrimAtPath("/Points").GetAttribute("widths").Get(0)


def read(stage: Usd.Stage, prims: Iterable[int], samples: Iterable[int],
         attributes: Iterable[str] = ATTRIBUTES) -> Loaded:
    """Reads every byte of these attributes and keeps the arrays."""
    samples = list(samples)
    kept: list[Any] = [stage]
    found = dict.fromkeys(attributes, 0)
    for prim in prims:
        points = stage.GetPrimAtPath(prim_path(prim))
        for name in found:
            attribute = points.GetAttribute(name)
            for sample in samples:
                array = attribute.Get(sample)
                kept.append(array)
                add(found, {name: checksum(np.asarray(array))})
    return Loaded(kept, found)


def read_all(stage: Usd.Stage, dataset: Dataset) -> Loaded:
    return read(stage, range(dataset.shape.prims), range(dataset.shape.samples))


def count_prims(stage: Usd.Stage) -> Loaded:
    return Loaded(stage, {"prims": sum(1 for _ in stage.GetPrimAtPath("/World").GetAllChildren())})


def expected_prims(dataset: Dataset) -> dict[str, int]:
    return {"prims": dataset.shape.prims}


def open_stage(dataset: Dataset) -> Loaded:
    return count_prims(Usd.Stage.Open(dataset.path(USDC)))


def full_read(dataset: Dataset) -> Loaded:
    return read_all(Usd.Stage.Open(dataset.path(USDC)), dataset)


def one_attribute(dataset: Dataset) -> Loaded:
    stage = Usd.Stage.Open(dataset.path(USDC))
    return read(stage, range(dataset.shape.prims), range(dataset.shape.samples), ["widths"])


def one_prim(dataset: Dataset) -> Loaded:
    stage = Usd.Stage.Open(dataset.path(USDC))
    return read(stage, [0], range(dataset.shape.samples))


def prim_by_prim(dataset: Dataset) -> Loaded:
    """The arrays of one prim are dropped before the next is read; the stage stays open."""
    stage = Usd.Stage.Open(dataset.path(USDC))
    found = dict.fromkeys(ATTRIBUTES, 0)
    for prim in range(dataset.shape.prims):
        add(found, read(stage, [prim], range(dataset.shape.samples)).found)
    return Loaded(stage, found)


def open_without_payloads(dataset: Dataset) -> Loaded:
    return count_prims(Usd.Stage.Open(dataset.path(PAYLOAD_ROOT), Usd.Stage.LoadNone))


def load_one_payload(dataset: Dataset) -> Loaded:
    stage = Usd.Stage.Open(dataset.path(PAYLOAD_ROOT), Usd.Stage.LoadNone)
    stage.Load(prim_path(0))
    return read(stage, [0], range(dataset.shape.samples))


def load_all_payloads(dataset: Dataset) -> Loaded:
    return read_all(Usd.Stage.Open(dataset.path(PAYLOAD_ROOT), Usd.Stage.LoadAll), dataset)


def load_and_unload_payloads(dataset: Dataset) -> Loaded:
    """One payload at a time: the arrays are dropped before the next is loaded."""
    stage = Usd.Stage.Open(dataset.path(PAYLOAD_ROOT), Usd.Stage.LoadNone)
    found = dict.fromkeys(ATTRIBUTES, 0)
    for prim in range(dataset.shape.prims):
        stage.Load(prim_path(prim))
        add(found, read(stage, [prim], range(dataset.shape.samples)).found)
        stage.Unload(prim_path(prim))
    return Loaded(stage, found)


def first_prim(dataset: Dataset) -> dict[str, int]:
    return dataset.expected(prims=[0])


def only_widths(dataset: Dataset) -> dict[str, int]:
    return dataset.expected(["widths"])


def operations() -> Iterator[Operation]:
    def usd(group: str, task: str, run: Any, expected: Any = Dataset.expected,
            kind: str = VARIANT, **environment: str) -> Operation:
        return Operation(group, task, kind, prepare, run, expected, environment)

    yield usd("initial load", "open", open_stage, expected_prims)
    yield usd("initial load", "full read", full_read)
    yield usd("read patterns", "one column", one_attribute, only_widths)
    yield usd("read patterns", "one prim", one_prim, first_prim)
    yield usd("read patterns", "prim by prim", prim_by_prim)
    yield usd("read patterns", "full read", full_read, kind="USDC (arrays copied)",
              USDC_ENABLE_ZERO_COPY_ARRAYS="0")
    yield usd("read patterns", "full read", full_read, kind="USDC (pread)", USDC_USE_PREAD="1")
    yield usd("initial load", "open, not loaded", open_without_payloads, expected_prims, PAYLOADS)
    yield usd("initial load", "one prim loaded", load_one_payload, first_prim, PAYLOADS)
    yield usd("initial load", "all loaded", load_all_payloads, kind=PAYLOADS)
    yield usd("initial load", "loaded and unloaded, prim by prim", load_and_unload_payloads,
              kind=PAYLOADS)
