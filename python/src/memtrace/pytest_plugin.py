# SPDX-License-Identifier: MIT
"""The pytest plugin, active once the package is installed; `-p no:memtrace` turns it off.

Under memtrace (`sudo memtrace -- "$(command -v python3)" -m pytest ...`) the phases of each test
are operations: `setup NODEID`, `NODEID` and `teardown NODEID`. A name of more than 127 bytes is
shortened to a hash and its end. Their numbers are exact and a section "memtrace" at the end shows
the largest. Where several threads change memory at the same time, memtrace's own report has a bound
of the error.

Without a tracer tests are measured only where that was asked for: by the marker `memtrace`, a
limit, --memtrace or --memtrace-top. The numbers are then estimates, from a thread that samples the
resident memory (psutil), or from getrusage. A test that forks is warned of that thread from Python
3.12 on.

    @pytest.mark.memtrace(limit="64 MiB", growth="1 MiB")

fails a test whose call needs more than `limit` at its peak or keeps more than `growth`, both beyond
what was there when the call began. Fixtures are not in it. --memtrace-limit and the ini option
memtrace_limit are a `limit` for all tests; limit=None in the marker lifts it.

A measured test has the properties memtrace_peak_bytes, memtrace_growth_bytes and memtrace_source
(user_properties, so also in JUnit's XML).

With pytest-benchmark each round is an operation `round NODEID`, one runner of as many calls as the
benchmark has iterations, and benchmark.extra_info["memtrace"] has the source, the number of rounds,
and the maximum and mean of peak_bytes and growth_bytes over them. The windows are outside the
timer. What the function returns counts as growth in benchmark.pedantic() with one iteration, where
it is still there at the end of a round; otherwise it is not. Without a tracer such tests have the
numbers of getrusage, since a sampler would take part of the time.
"""

from __future__ import annotations

import os
import sys

import pytest

from .pytest_rounds import RoundWindows
from .pytest_settings import MARK_HELP, Settings, add_options
from .pytest_summary import Summary
from .pytest_windows import LimitCheck, PhaseWindows

__all__ = ["pytest_addoption", "pytest_configure"]


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARK_HELP)
    settings = Settings.of(config)
    plugins = config.pluginmanager
    plugins.register(PhaseWindows(settings), "memtrace-windows")
    plugins.register(LimitCheck(settings), "memtrace-limits")
    is_worker = hasattr(config, "workerinput")  # of pytest-xdist: its controller tells
    is_tested = "PYTEST_CURRENT_TEST" in os.environ  # a session inside a test: its output is read
    if not is_worker and (settings.measure_all or not is_tested):
        plugins.register(Summary(settings), "memtrace-summary")
    benchmark = sys.modules.get("pytest_benchmark.fixture")
    if benchmark:
        plugins.register(RoundWindows(settings, benchmark.BenchmarkFixture), "memtrace-rounds")
