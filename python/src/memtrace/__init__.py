# SPDX-License-Identifier: MIT
"""Exact memory of each operation of a Python program: `memtrace -- python3 program.py`."""

from .marker import is_traced
from .operations import OperationResult, operation
from .reports import Report, load
from .runner import MemtraceError, run
from .sizes import format_bytes, parse_size
from .tracker import MemoryResult, MemoryTracker

__all__ = [
    "MemoryResult",
    "MemoryTracker",
    "MemtraceError",
    "OperationResult",
    "Report",
    "format_bytes",
    "is_traced",
    "load",
    "operation",
    "parse_size",
    "run",
]
