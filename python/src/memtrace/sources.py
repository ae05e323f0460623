# SPDX-License-Identifier: MIT
"""Where MemoryTracker has its numbers from when the kernel does not give them. Nothing here raises
for a source that is missing: the next one is taken."""

from __future__ import annotations

import importlib
import sys
import threading
from typing import Callable, Optional, Protocol, Tuple

__all__ = ["Source", "best_source", "getrusage_source"]

PSUTIL_VERSION = (7, 2, 2)


class Source(Protocol):
    """One measurement: made at its begin, ended once."""

    name: str

    def end(self) -> Tuple[int, int]:
        """Growth, and peak growth as far as it was seen, in bytes."""


class Nothing:
    name = "none"

    def end(self) -> Tuple[int, int]:
        return 0, 0


class Getrusage:
    """The process' highest RSS ever: grows where the block needed more than anything before it."""

    name = "getrusage"

    def __init__(self, read: Callable[[], int]) -> None:
        self._read = read
        self._begin = read()

    def end(self) -> Tuple[int, int]:
        growth = max(self._read() - self._begin, 0)
        return growth, growth


class Psutil:
    """RSS at begin and end; the peak from a thread that looks every `interval_s` seconds."""

    name = "psutil"

    def __init__(self, read: Callable[[], int], interval_s: float) -> None:
        self._read = read
        self._interval_s = interval_s
        self._done = threading.Event()
        self._begin = self._peak = read()
        self._thread: Optional[threading.Thread] = threading.Thread(
            target=self._sample, name="memtrace-sampler", daemon=True
        )
        try:
            self._thread.start()
        except RuntimeError:  # no threads here, or no more of them
            self._thread = None

    def _sample(self) -> None:
        while not self._done.wait(self._interval_s):
            self._peak = max(self._peak, self._read())

    def end(self) -> Tuple[int, int]:
        end = self._read()
        self._done.set()
        if self._thread:
            self._thread.join()
        return end - self._begin, max(self._peak, end) - self._begin


def getrusage_source() -> Source:
    """getrusage where there is one."""
    read = _getrusage_reader()
    return Getrusage(read) if read else Nothing()


def best_source(interval_s: float) -> Source:
    """psutil, getrusage or nothing."""
    read = _psutil_reader()
    return Psutil(read, interval_s) if read else getrusage_source()


def _getrusage_reader() -> Optional[Callable[[], int]]:
    try:
        resource = importlib.import_module("resource")
        unit = 1 if sys.platform == "darwin" else 1024
        resource.getrusage(resource.RUSAGE_SELF)
    except Exception:
        return None
    return lambda: int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * unit


def _psutil_reader() -> Optional[Callable[[], int]]:
    try:
        psutil = importlib.import_module("psutil")
        if psutil.version_info < PSUTIL_VERSION:
            return None
        process = psutil.Process()
        process.memory_info()
    except Exception:  # not there, or not for this process (a sandbox, another /proc)
        return None
    return lambda: int(process.memory_info().rss)
