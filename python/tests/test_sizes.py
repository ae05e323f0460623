# SPDX-License-Identifier: MIT
from __future__ import annotations

import pytest

from memtrace import format_bytes, parse_size


@pytest.mark.parametrize(
    "size, text",
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (-1023, "-1023 B"),
        (1024, "1.0 KiB"),
        (20480, "20.0 KiB"),
        (1048524, "1023.9 KiB"),
        (1048525, "1.0 MiB"),  # would be rounded to 1024.0 KiB
        (27367834, "26.1 MiB"),
        (-(1 << 30), "-1.00 GiB"),
        (1 << 40, "1.00 TiB"),
        (5 << 50, "5.00 PiB"),
        (5000 << 50, "5000.00 PiB"),
        (1536.5, "1.5 KiB"),
    ],
)
def test_format(size: float, text: str) -> None:
    assert format_bytes(size) == text


@pytest.mark.parametrize(
    "text, size",
    [
        ("64 MiB", 64 << 20),
        ("64MiB", 64 << 20),
        (" 64  mib ", 64 << 20),
        ("1.5 GiB", 3 << 29),
        ("1.5 GB", 1_500_000_000),
        ("2kB", 2000),
        ("2 KB", 2000),
        ("3 KiB", 3072),
        ("4096", 4096),
        ("4096 B", 4096),
        (".5 KiB", 512),
        ("0", 0),
        ("0.1 kB", 100),
        ("1.0005 kB", 1000),
        ("2 PiB", 2 << 50),
        (4096, 4096),
        (0, 0),
    ],
)
def test_parse(text: object, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "MiB", "64 MiB/s", "-1 MiB", "64 M", "1e6", "1,5 MB", "٣", -1, 1.5, None, "1 2"]
)
def test_refuses(text: object) -> None:
    with pytest.raises(ValueError, match="not a size"):
        parse_size(text)
