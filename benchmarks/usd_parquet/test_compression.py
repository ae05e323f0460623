# SPDX-License-Identifier: GPL-2.0-or-later
"""Full reads of Parquet: without compression, snappy, zstd; row groups of several sizes."""
from __future__ import annotations

import pytest

from suite.dataset import CODECS, parquet_name
from suite.registry import names
from suite.session import Measured

ROW_BYTES = 44


@pytest.mark.parametrize("name", names("compression"))
def test_operation(measured: Measured, name: str) -> None:
    """Runs, and reads what was written."""
    assert len(measured(name).samples) == measured.options.rounds


def test_codecs_compress(measured: Measured) -> None:
    sizes = [measured.dataset.files[parquet_name(codec)] for codec in CODECS]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("name", names("compression"))
def test_the_table_is_in_memory(measured: Measured, name: str) -> None:
    """Whatever the file, the table that is kept has every row."""
    for sample in measured.exact(name).samples:
        assert sample.peak_bytes >= sample.growth_bytes >= ROW_BYTES * measured.dataset.shape.rows
