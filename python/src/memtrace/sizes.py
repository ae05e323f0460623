# SPDX-License-Identifier: MIT
"""Sizes in bytes as people write and read them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Union

__all__ = ["format_bytes", "parse_size"]

_UNITS = {"": 1, "b": 1}
_UNITS.update({f"{prefix}ib": 1024**i for i, prefix in enumerate("kmgtp", 1)})
_UNITS.update({f"{prefix}b": 1000**i for i, prefix in enumerate("kmgtp", 1)})

_SIZE = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([A-Za-z]*)\s*", re.ASCII)


def format_bytes(size: float) -> str:
    """`size` bytes as in memtrace's tables: "0 B", "20.0 KiB", "26.1 MiB", "-1.50 GiB"."""
    if abs(size) < 1024:
        return f"{size:.0f} B"
    value = size / 1024
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        if abs(value) < 1023.95:  # more would be rounded to 1024.0
            break
        value /= 1024
    else:
        unit = "PiB"
    return f"{value:.2f} {unit}" if unit in ("GiB", "TiB", "PiB") else f"{value:.1f} {unit}"


def parse_size(size: Union[str, int]) -> int:
    """Bytes of "64 MiB" (KiB, MiB, GiB, TiB, PiB), "1.5 GB" (kB, MB, GB, TB, PB), "4096", "4096 B";
    the case of letters does not count, a fraction of a byte is dropped. An int is itself. At least
    0.

    ValueError: anything else.
    """
    if isinstance(size, int) and size >= 0:
        return int(size)
    match = _SIZE.fullmatch(size) if isinstance(size, str) else None
    if not match or match[2].lower() not in _UNITS:
        raise ValueError(f"not a size: {size!r} (like 4096, '64 MiB', '1.5 GB')")
    return int(Decimal(match[1]) * _UNITS[match[2].lower()])
