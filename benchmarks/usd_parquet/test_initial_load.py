# SPDX-License-Identifier: GPL-2.0-or-later
"""Opening: USDC and Parquet, stages with the data as sublayer, payloads loaded and not."""
from __future__ import annotations

import pytest

from suite.dataset import USDC
from suite.registry import names
from suite.session import Measured


@pytest.mark.parametrize("name", names("initial load"))
def test_operation(measured: Measured, name: str) -> None:
    """Runs, and reads what was written."""
    assert len(measured(name).samples) == measured.options.rounds


def test_open_touches_a_small_part(measured: Measured) -> None:
    """Lazy: an open stage has little of its file in memory, one that was read has it all."""
    opened, read = measured.exact("USDC open"), measured.exact("USDC full read")
    # Arrays that are read lie in pages of the file; widths and ids are compressed and copied.
    arrays = 2 * 3 * 4 * measured.dataset.shape.rows
    assert min(s.of_type("file") for s in read.samples) >= arrays
    assert opened.peak_bytes < measured.dataset.files[USDC] / 10
    assert opened.peak_bytes < read.peak_bytes / 10


def test_payloads_are_not_touched_before_they_are_loaded(measured: Measured) -> None:
    shape = measured.dataset.shape
    opened = measured.exact("USDC payloads open, not loaded")
    one = measured.exact("USDC payloads one prim loaded")
    all_loaded = measured.exact("USDC payloads all loaded")
    arrays_of_one = 2 * 3 * 4 * shape.rows // shape.prims
    assert opened.peak_bytes < arrays_of_one / 2
    assert min(s.of_type("file") for s in one.samples) >= arrays_of_one
    assert min(s.of_type("file") for s in all_loaded.samples) >= shape.prims * arrays_of_one
    assert one.peak_bytes < all_loaded.peak_bytes * 2 / shape.prims


def test_unloading_gives_memory_back(measured: Measured) -> None:
    """Prim by prim needs about one prim at a time, and little remains of it."""
    together = measured.exact("USDC payloads all loaded")
    in_turn = measured.exact("USDC payloads loaded and unloaded, prim by prim")
    assert in_turn.peak_bytes < together.peak_bytes / 2
    assert in_turn.growth_bytes < in_turn.peak_bytes
