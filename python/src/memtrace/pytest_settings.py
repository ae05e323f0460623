# SPDX-License-Identifier: MIT
"""Options of the pytest plugin, and what the marker `memtrace` says of a test."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any, Dict, Optional

import pytest

from .sizes import parse_size

__all__ = ["Limit", "Limits", "Settings", "add_options", "is_marked"]

TOP = 10
MARK = "memtrace"
MARK_HELP = (
    "memtrace(limit=None, growth=None): fail the test when its call needs more memory than limit "
    'at its peak, or keeps more than growth; sizes like "64 MiB". Without arguments: measure it, '
    "by estimate where there is no tracer."
)


@dataclass(frozen=True)
class Limit:
    """So many bytes, as they were written."""

    size_bytes: int
    text: str


@dataclass(frozen=True)
class Limits:
    """Of the call of a test: of its highest memory and of its memory at the end, both minus that at
    its begin."""

    peak: Optional[Limit] = None
    growth: Optional[Limit] = None


@dataclass(frozen=True)
class Settings:
    """measure_all   every test, by estimate where there is no tracer; not only those marked
    top              how many rows the terminal section has
    limits           of tests that their marker does not give others"""

    measure_all: bool
    top: int
    limits: Limits

    @classmethod
    def of(cls, config: pytest.Config) -> Settings:
        limit = config.getoption("memtrace_limit") or _ini_limit(config)
        top = config.getoption("memtrace_top")
        asked = bool(config.getoption("memtrace") or limit or top)
        return cls(asked, TOP if top is None else top, Limits(peak=limit))

    def limits_of(self, item: pytest.Item) -> Limits:
        """pytest.UsageError: the marker is wrong."""
        given: Dict[str, Any] = {}
        for mark in item.iter_markers(MARK):  # the closest first
            given = {**mark.kwargs, **given}
            if mark.args:
                raise _wrong(item, "takes keywords only: limit=SIZE, growth=SIZE")
        limits = {"limit": self.limits.peak, "growth": self.limits.growth}
        for keyword, size in given.items():
            if keyword not in limits:
                raise _wrong(item, f"unknown keyword {keyword!r} (only limit and growth)")
            try:
                limits[keyword] = None if size is None else _mark_limit(keyword, size)
            except ValueError as error:
                raise _wrong(item, f"{keyword}: {error}") from None
        return Limits(peak=limits["limit"], growth=limits["growth"])


def is_marked(item: pytest.Item) -> bool:
    return item.get_closest_marker(MARK) is not None


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("memtrace", "memory of each test")
    group.addoption(
        "--memtrace",
        action="store_true",
        help="measure every test also where there is no tracer: estimates",
    )
    group.addoption(
        "--memtrace-limit",
        type=_limit_argument,
        metavar="SIZE",
        help="fail tests whose call needs more memory at its peak, like 64MiB; "
        "@pytest.mark.memtrace(limit=...) goes before",
    )
    group.addoption(
        "--memtrace-top",
        type=_count_argument,
        metavar="N",
        help=f"show the N largest (default {TOP}), 0: none",
    )
    parser.addini("memtrace_limit", "what --memtrace-limit is when it is not given", default="")


def _limit_argument(text: str) -> Limit:
    try:
        return Limit(parse_size(text), f"--memtrace-limit={text}")
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _count_argument(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"not a count: {text!r}")
    return int(text)


def _ini_limit(config: pytest.Config) -> Optional[Limit]:
    text = str(config.getini("memtrace_limit")).strip()
    if not text:
        return None
    try:
        return Limit(parse_size(text), f"memtrace_limit={text}")
    except ValueError as error:
        raise pytest.UsageError(f"memtrace_limit: {error}") from None


def _mark_limit(keyword: str, size: Any) -> Limit:
    text = f'"{size}"' if isinstance(size, str) else str(size)
    return Limit(parse_size(size), f"{keyword}={text}")


def _wrong(item: pytest.Item, what: str) -> pytest.UsageError:
    return pytest.UsageError(f"{item.nodeid}: @pytest.mark.memtrace: {what}")
