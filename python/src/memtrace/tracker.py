# SPDX-License-Identifier: MIT
"""MemoryTracker: the memory of a block, as exactly as can be had where the program runs."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Optional, Type

from . import marker
from .operations import OperationResult, operation
from .sources import Source, best_source, getrusage_source

__all__ = ["MemoryResult", "MemoryTracker"]


@dataclass(frozen=True)
class MemoryResult:
    """The memory of a block: differences of the process' resident memory in bytes.

    current_bytes   at the end minus at the begin; may be negative
    peak_bytes      the highest inside minus at the begin; at least 0
    source          "kernel": exact, from memtrace; "psutil": RSS at begin and end, peak from
                    samples; "getrusage": how far the process' highest RSS ever rose; "none": 0
    estimated       whether peak_bytes is an estimate: whenever source is not "kernel"
    operation       all that memtrace measured, None without it
    """

    current_bytes: int
    peak_bytes: int
    source: str
    estimated: bool
    operation: Optional[OperationResult] = None

    @property
    def current_mb(self) -> float:
        """current_bytes in MB, of 1,000,000 bytes."""
        return self.current_bytes / 1e6

    @property
    def peak_mb(self) -> float:
        """peak_bytes in MB, of 1,000,000 bytes."""
        return self.peak_bytes / 1e6


class MemoryTracker:
    """Measures a block:

        with memtrace.MemoryTracker("load stage") as tracker:
            ...
        tracker.result     # MemoryResult

    Under memtrace the block is an operation and the result is the kernel's, exact; otherwise the
    best of psutil (7.2.2 or later), getrusage and nothing. May be used again, not nested.

    name                of the operation
    sample_interval_s   how often psutil is asked for the peak
    """

    def __init__(self, name: Optional[str] = None, *, sample_interval_s: float = 0.001) -> None:
        if not sample_interval_s > 0:
            raise ValueError("sample_interval_s must be more than 0")
        self._name = "MemoryTracker" if name is None else name
        self._sample_interval_s = sample_interval_s
        self._operation: Optional[operation] = None
        self._source: Optional[Source] = None
        self._result: Optional[MemoryResult] = None

    @property
    def result(self) -> MemoryResult:
        """Of the last block. RuntimeError: none has ended."""
        if self._result is None:
            raise RuntimeError("MemoryTracker: no result before the block has ended")
        return self._result

    def start(self) -> None:
        """Begins the block. RuntimeError: it has begun."""
        if self._source is not None:
            raise RuntimeError("MemoryTracker: started twice")
        self._result = None
        window = self._operation = operation(self._name)
        # Under memtrace no sampler: its thread would be measured, too.
        traced = marker.is_traced()
        self._source = getrusage_source() if traced else best_source(self._sample_interval_s)
        window.__enter__()

    def stop(self) -> MemoryResult:
        """Ends the block. RuntimeError: it has not begun."""
        if self._source is None or self._operation is None:
            raise RuntimeError("MemoryTracker: stopped without a start")
        self._operation.__exit__(None, None, None)
        exact = self._operation.result
        current, peak = self._source.end()
        source = self._source.name
        self._source = self._operation = None
        if exact:
            current, peak, source = exact.growth_bytes, exact.peak_growth_bytes, "kernel"
        self._result = MemoryResult(current, peak, source, source != "kernel", exact)
        return self._result

    def __enter__(self) -> MemoryTracker:
        self.start()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.stop()
