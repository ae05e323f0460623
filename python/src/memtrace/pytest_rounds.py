# SPDX-License-Identifier: MIT
"""The rounds of pytest-benchmark as operations."""

from __future__ import annotations

from math import ceil
from typing import Any, Callable, Dict, Generator, Optional

import pytest

from .marker import is_traced
from .pytest_names import operation_name
from .pytest_settings import Settings
from .pytest_windows import Fallback, Measurement, Window, fallback_of

__all__ = ["RoundWindows"]

# What makes a runner of one round, what is called between calibration and rounds, and before that.
HOOKED = ("_make_runner", "_make_stats", "_calibrate_timer", "_raw_pedantic")


class RoundWindows:
    """Makes each round of a benchmark an operation: one call of a runner, which runs the function
    as often as the benchmark has iterations. The runner has its timer inside, so a window around
    it does not take part of the time. Calibration and warm-up are no rounds."""

    def __init__(self, settings: Settings, fixture_type: type) -> None:
        self._settings = settings
        self._fixture_type = fixture_type

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: Any, request: pytest.FixtureRequest
    ) -> Generator[None, Any, None]:
        outcome = yield
        if fixturedef.argname != "benchmark" or outcome.excinfo is not None:
            return
        fixture, item = outcome.get_result(), request.node
        if isinstance(fixture, self._fixture_type) and all(hasattr(fixture, n) for n in HOOKED):
            name = operation_name("round ", item.nodeid)
            _Rounds(fixture, name, fallback_of(item, self._settings)).hook()


class _Rounds:
    def __init__(self, fixture: Any, name: str, fallback: Optional[Fallback]) -> None:
        self._fixture = fixture
        self._name = name
        self._fallback = fallback
        self._warmups = 0  # that come before the first round
        self._is_running = False
        self._statistics = _Statistics(fixture.extra_info)

    def hook(self) -> None:
        fixture = self._fixture
        make_runner, make_stats = fixture._make_runner, fixture._make_stats
        calibrate, raw_pedantic = fixture._calibrate_timer, fixture._raw_pedantic

        def hooked_calibrate(*args: Any, **kwargs: Any) -> Any:
            calibrated = calibrate(*args, **kwargs)
            duration, iterations = calibrated[:2]
            if fixture._warmup:  # as the fixture reckons
                rounds = max(ceil(fixture._max_time / duration), fixture._min_rounds)
                self._warmups = min(rounds, max(1, int(fixture._warmup / iterations)))
            return calibrated

        def hooked_pedantic(*args: Any, **kwargs: Any) -> Any:
            self._warmups = kwargs.get("warmup_rounds", 0)
            return raw_pedantic(*args, **kwargs)

        def hooked_stats(*args: Any, **kwargs: Any) -> Any:
            traced = is_traced()
            self._is_running = traced or self._fallback is not None
            if traced:
                self._fallback = None
            return make_stats(*args, **kwargs)

        fixture._make_runner = lambda *args, **kwargs: self._wrap(make_runner(*args, **kwargs))
        fixture._make_stats = hooked_stats
        fixture._calibrate_timer = hooked_calibrate
        fixture._raw_pedantic = hooked_pedantic

    def _wrap(self, runner: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            if not self._is_running:
                return runner(*args, **kwargs)
            if self._warmups:
                self._warmups -= 1
                return runner(*args, **kwargs)
            window = Window(self._name, self._fallback)
            try:
                result = runner(*args, **kwargs)
            finally:
                measurement = window.end()
            if measurement:
                self._statistics.add(measurement)
            return result

        return run


class _Statistics:
    """Over rounds, in extra_info["memtrace"]; nothing there without a round."""

    def __init__(self, extra_info: Dict[str, Any]) -> None:
        self._extra_info = extra_info
        self._rounds = 0
        self._peak = self._growth = 0
        self._highest_peak = self._highest_growth = 0

    def add(self, measurement: Measurement) -> None:
        peak, growth = measurement.peak_bytes, measurement.growth_bytes
        self._highest_peak = max(self._highest_peak, peak)
        self._highest_growth = max(self._highest_growth, growth) if self._rounds else growth
        self._peak += peak
        self._growth += growth
        self._rounds += 1
        self._extra_info["memtrace"] = {
            "source": measurement.source,
            "rounds": self._rounds,
            "peak_bytes": {"max": self._highest_peak, "mean": self._peak / self._rounds},
            "growth_bytes": {"max": self._highest_growth, "mean": self._growth / self._rounds},
        }
