# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of one session have measured."""
from __future__ import annotations

import argparse
from typing import Optional

import memtrace
import pytest

from .dataset import Dataset
from .registry import operations
from .results import Result
from .runner import How, measure
from .shape import SIZES


class Measured:
    """Measures each operation once in a session, whichever tests ask for it."""

    def __init__(self, options: argparse.Namespace, dataset: Dataset) -> None:
        self.options = options
        self.dataset = dataset
        self._results: dict[tuple[str, bool], Result] = {}

    def __call__(self, name: str, isolate: Optional[bool] = None) -> Result:
        isolate = self.options.isolate if isolate is None else isolate
        if (name, isolate) not in self._results:
            how = How(self.options.rounds, self.options.warmup, isolate, self.options.tracemalloc)
            self._results[name, isolate] = measure(operations()[name], self.dataset, how)
        return self._results[name, isolate]

    def exact(self, name: str) -> Result:
        """Of fresh processes; skips the test where there are no exact numbers."""
        if not memtrace.is_traced():
            pytest.skip("asserts on exact bytes: run under memtrace")
        if self.dataset.shape.rows < SIZES["small"].rows:
            pytest.skip("asserts on proportions: needs more data, as of --size small")
        result = self(name, isolate=True)
        assert result.exact, f"traced, but the numbers are from {result.source}"
        return result

    def report(self) -> list[Result]:
        """Those measured as the options say, in the order of the registry."""
        return [self._results[key] for name in operations()
                if (key := (name, self.options.isolate)) in self._results]
