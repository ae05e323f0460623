# SPDX-License-Identifier: MIT
"""Names of the plugin's operations."""

from __future__ import annotations

import pytest

from memtrace.pytest_names import operation_name

FOLDERS = "tests/" + "integration/" * 12


def test_a_name_that_fits_is_the_node_id() -> None:
    assert operation_name("", "tests/test_a.py::test_b[1]") == "tests/test_a.py::test_b[1]"
    assert operation_name("setup ", "test_a.py::test_b") == "setup test_a.py::test_b"
    assert operation_name("", "x" * 127) == "x" * 127
    assert operation_name("", "ä" * 63) == "ä" * 63


def test_a_long_one_keeps_the_test() -> None:
    nodeid = FOLDERS + "test_store.py::TestStore::test_load[parquet-8]"
    name = operation_name("teardown ", nodeid)
    assert len(name) == 127
    assert name.startswith("teardown 613ad220...")  # the same in every run and version
    assert name.endswith("/test_store.py::TestStore::test_load[parquet-8]")


def test_long_parameters_keep_the_test() -> None:
    nodeid = f"{FOLDERS}test_a.py::test_load[{'a::[' * 90}end]"
    name = operation_name("", nodeid)
    assert len(name) == 127
    assert "...test_load[..." in name
    assert name.endswith("a::[end]")


def test_a_name_of_its_own_that_is_too_long() -> None:
    name = operation_name("", f"test_a.py::{'x' * 200}_begin[{'y' * 200}]")
    assert len(name) == 127
    assert "_begin[..." in name


@pytest.mark.parametrize("prefix", ["", "setup ", "round "])
def test_long_ones_that_end_alike_differ(prefix: str) -> None:
    nodeids = [f"{i}/{FOLDERS}test_a.py::test_b[{'z' * i}]" for i in range(200)]
    assert len({operation_name(prefix, nodeid) for nodeid in nodeids}) == 200


@pytest.mark.parametrize("shift", range(4))
def test_no_character_is_cut_in_half(shift: int) -> None:
    nodeid = "x" * shift + "€😀" * 50 + "::" + "ü" * shift + "test_b[" + "日本" * 50 + "]"
    name = operation_name("setup ", nodeid)
    assert 120 <= len(name.encode()) <= 127
    assert "\N{REPLACEMENT CHARACTER}" not in name


def test_characters_that_cannot_be_encoded() -> None:
    assert operation_name("", "test_a[\udcff]") == "test_a[\udcff]"
    assert len(operation_name("", "\udcff" * 200)) == 127
