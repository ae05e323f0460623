# SPDX-License-Identifier: MIT
"""What the pytest plugin says on the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Dict, List, Set, Tuple

import pytest

from .marker import is_traced
from .pytest_settings import Settings
from .pytest_windows import Measurement
from .sizes import format_bytes

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

__all__ = ["Summary"]

EXACT_COMMAND = 'sudo memtrace -- "$(command -v python3)" -m pytest ...'


class Summary:
    """Gathers the measurements, also those of pytest-xdist's workers, and shows the biggest."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._measured: Dict[Tuple[str, str], Measurement] = {}  # by phase and test
        self._must_hint = sys.platform == "linux"

    def pytest_report_header(self) -> List[str]:
        if not self._must_hint or is_traced():
            return []
        self._must_hint = False
        return [f"memtrace: exact memory of each test: {EXACT_COMMAND} (estimates: --memtrace)"]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        values = getattr(report, "memtrace", None)
        if not values:
            return
        measurement = Measurement(**values)
        if report.when != "call" and not measurement.peak_bytes:
            return
        key = (report.when or "", report.nodeid)
        before = self._measured.get(key)  # when a test is run again
        if before is None or measurement.peak_bytes > before.peak_bytes:
            self._measured[key] = measurement

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        rows = sorted(self._measured.items(), key=lambda row: (-row[1].peak_bytes, row[0]))
        rows = rows[: self._settings.top]
        if not rows:
            return
        terminalreporter.write_sep("=", "memtrace")
        terminalreporter.write_line(f"{'peak':>10} {'growth':>10}  test")
        for (when, nodeid), measurement in rows:
            peak = format_bytes(measurement.peak_bytes)
            growth = format_bytes(measurement.growth_bytes)
            name = nodeid if when == "call" else f"{when} {nodeid}"
            terminalreporter.write_line(f"{peak:>10} {growth:>10}  {name}")
        terminalreporter.write_line(self._how_exact({m.source for _, m in rows}))

    def _how_exact(self, sources: Set[str]) -> str:
        others = sorted(sources - {"kernel"})
        if not others:
            return "exact, counted by the kernel"
        if others == ["none"]:
            return "not measured: psutil 7.2.2 or later is missing"
        some = "some are estimates" if "kernel" in sources else "estimates"
        hint = f"; exact: {EXACT_COMMAND}" if self._must_hint else ""
        return f"{some}, from {', '.join(others)}{hint}"
