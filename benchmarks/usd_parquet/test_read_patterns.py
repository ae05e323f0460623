# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole tables against columns and row groups; memory-mapped, buffered and streamed."""
from __future__ import annotations

import pytest

from suite.dataset import CODECS, parquet_name
from suite.registry import names
from suite.session import Measured

COLUMN_BYTES = 4  # a row of float32
ROW_BYTES = 44


@pytest.mark.parametrize("name", names("read patterns"))
def test_operation(measured: Measured, name: str) -> None:
    """Runs, and reads what was written."""
    assert len(measured(name).samples) == measured.options.rounds


@pytest.mark.parametrize("codec", CODECS)
def test_one_column_needs_a_small_part_of_the_table(measured: Measured, codec: str) -> None:
    rows = measured.dataset.shape.rows
    column = measured.exact(f"Parquet ({codec}) one column")
    table = measured.exact(f"Parquet ({codec}) full read")
    assert min(s.growth_bytes for s in column.samples) >= COLUMN_BYTES * rows
    assert min(s.growth_bytes for s in table.samples) >= ROW_BYTES * rows
    assert column.peak_bytes < table.peak_bytes / 3


@pytest.mark.parametrize("codec", CODECS)
def test_one_prim_needs_a_small_part_of_the_table(measured: Measured, codec: str) -> None:
    shape = measured.dataset.shape
    part = measured.exact(f"Parquet ({codec}) one prim")
    table = measured.exact(f"Parquet ({codec}) full read")
    assert min(s.growth_bytes for s in part.samples) >= ROW_BYTES * shape.rows // shape.prims
    assert part.peak_bytes < table.peak_bytes / 2


def test_one_usd_attribute_needs_a_small_part_of_the_stage(measured: Measured) -> None:
    attribute, whole = measured.exact("USDC one column"), measured.exact("USDC full read")
    assert min(s.growth_bytes for s in attribute.samples) >= (
        COLUMN_BYTES * measured.dataset.shape.rows)
    assert attribute.peak_bytes < whole.peak_bytes / 3


@pytest.mark.parametrize("codec", ("none", "snappy"))
def test_a_mapped_file_is_a_transient(measured: Measured, codec: str) -> None:
    """What is mapped while it is decoded has gone at the end: only the peak has it."""
    mapped = measured.exact(f"Parquet ({codec}, memory-mapped) full read")
    size = measured.dataset.files[parquet_name(codec)]
    for sample in mapped.samples:
        # The last pages hold the footer, which is read before.
        assert sample.peak_bytes - sample.of_type("anon") >= size * 0.9
