# SPDX-License-Identifier: MIT
"""The phases of tests as operations, and their limits."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Callable, Dict, Generator, List, Optional

import pytest

from .marker import is_traced
from .operations import operation
from .pytest_names import operation_name
from .pytest_settings import Limit, Limits, Settings, is_marked
from .sizes import format_bytes
from .sources import Source, best_source, getrusage_source

__all__ = ["LimitCheck", "Measurement", "PhaseWindows", "Window", "fallback_of"]

SAMPLE_INTERVAL_S = 0.001
Fallback = Callable[[], Source]


@dataclass(frozen=True)
class Measurement:
    """Growths in bytes; source as in memtrace.MemoryResult."""

    peak_bytes: int
    growth_bytes: int
    source: str

    @property
    def how(self) -> str:
        return "exact" if self.source == "kernel" else f"an estimate, from {self.source}"


class Window:
    """One window of an operation. Without a tracer it has the fallback's numbers, if one is given.
    Once used."""

    measurement: Optional[Measurement] = None

    def __init__(self, name: str, fallback: Optional[Fallback] = None) -> None:
        self._operation: Optional[operation] = operation(name)
        self._source: Optional[Source] = None
        if fallback:
            # The tracer may leave meanwhile; and no sampler, whose thread it would measure.
            self._source = getrusage_source() if is_traced() else fallback()
        self._operation.__enter__()

    def end(self) -> Optional[Measurement]:
        """The same when called again."""
        window, self._operation = self._operation, None
        if window:
            window.__exit__(None, None, None)
            growth, peak = self._source.end() if self._source else (0, 0)
            exact = window.result
            if exact:
                self.measurement = Measurement(
                    exact.peak_growth_bytes, exact.growth_bytes, "kernel"
                )
            elif self._source:
                self.measurement = Measurement(peak, growth, self._source.name)
        return self.measurement


def fallback_of(item: pytest.Item, settings: Settings) -> Optional[Fallback]:
    """None: not asked for. Tests with the fixture `benchmark` get no sampler, whose thread would
    take part of the time that they measure."""
    if not settings.measure_all and not is_marked(item):
        return None
    if "benchmark" in getattr(item, "fixturenames", ()):
        return getrusage_source
    return lambda: best_source(SAMPLE_INTERVAL_S)


CALL = pytest.StashKey[Window]()
ENDED = pytest.StashKey[Dict[str, Measurement]]()
LIMITS = pytest.StashKey[Limits]()

Wrapper = Generator[None, Any, None]


class PhaseWindows:
    """Makes setup, call and teardown of each test an operation. The innermost wrappers, so that
    what pytest and its plugins do around a test is not in its windows."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Wrapper:
        window = Window(operation_name("setup ", item.nodeid))
        yield
        _keep(item, "setup", window.end())

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Wrapper:
        name = operation_name("", item.nodeid)
        window = item.stash[CALL] = Window(name, fallback_of(item, self._settings))
        yield
        measurement = window.end()
        if item.stash.get(CALL, None) is window:
            del item.stash[CALL]
        if measurement:
            _keep(item, "call", measurement)
            _record(item, measurement)

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Wrapper:
        window = Window(operation_name("teardown ", item.nodeid))
        yield
        _keep(item, "teardown", window.end())

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Wrapper:
        outcome = yield
        measurement = item.stash.get(ENDED, {}).pop(call.when, None)
        if measurement and outcome.excinfo is None:
            # Plain values: a worker of pytest-xdist sends the report to its controller.
            outcome.get_result().memtrace = asdict(measurement)


def _keep(item: pytest.Item, when: str, measurement: Optional[Measurement]) -> None:
    if measurement:
        item.stash.setdefault(ENDED, {})[when] = measurement


def _record(item: pytest.Item, measurement: Measurement) -> None:
    """For JUnit's properties. Those of the last run of a test that is run again."""
    values = {f"memtrace_{name}": value for name, value in asdict(measurement).items()}
    item.user_properties[:] = [p for p in item.user_properties if p[0] not in values]
    item.user_properties.extend(values.items())


class LimitCheck:
    """Fails tests that exceed their limits."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @pytest.hookimpl(trylast=True)  # with the markers that other plugins add
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: List[pytest.Item]
    ) -> None:
        for item in items:
            try:
                item.stash[LIMITS] = self._settings.limits_of(item)
            except pytest.UsageError as error:
                if not hasattr(config, "workerinput"):
                    raise
                # A worker of pytest-xdist that ends is no more than an internal error to its
                # controller; what it could not collect is told.
                report = pytest.CollectReport(item.nodeid, "failed", str(error), [])
                config.hook.pytest_collectreport(report=report)
                items.clear()
                return

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Comes after the test, and not at all when that raised."""
        window = item.stash.get(CALL, None)
        measurement = window.end() if window else None
        limits = item.stash.get(LIMITS, self._settings.limits)
        if not measurement:
            return
        for did, size, limit in (
            ("peaked at", measurement.peak_bytes, limits.peak),
            ("grew by", measurement.growth_bytes, limits.growth),
        ):
            if limit and size > limit.size_bytes:
                message = _message(f"{item.name} {did}", size, limit)
                pytest.fail(f"memtrace: {message} ({measurement.how})", pytrace=False)


def _message(what: str, size: int, limit: Limit) -> str:
    shown, allowed = format_bytes(size), ""
    if shown == format_bytes(limit.size_bytes):
        shown, allowed = f"{shown} ({size:,} bytes)", f" ({limit.size_bytes:,} bytes)"
    return f"{what} {shown}, more than {limit.text}{allowed}"
