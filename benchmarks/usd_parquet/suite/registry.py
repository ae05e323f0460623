# SPDX-License-Identifier: GPL-2.0-or-later
"""Named operations: what can be measured, and what each must have read."""
from __future__ import annotations

import dataclasses
import functools
from typing import Any, Callable, Mapping

from .dataset import Dataset


@dataclasses.dataclass(frozen=True)
class Loaded:
    """What an operation read. `kept` is alive until the measurement has ended, as a program that
    goes on to use the data would keep it; `found` is held against what the generator wrote."""
    kept: Any
    found: dict[str, int]


@dataclasses.dataclass(frozen=True)
class Operation:
    """`group` says which test file measures it; `task` and `variant` are its row and its column in
    the comparison. `prepare` warms up the libraries, outside the measurement. With an
    `environment`, which libraries read when they start, it always runs in a process of its own."""
    group: str
    task: str
    variant: str
    prepare: Callable[[], None]
    run: Callable[[Dataset], Loaded]
    expected: Callable[[Dataset], dict[str, int]]
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.variant} {self.task}"


class WrongData(AssertionError):
    """An operation read something else than what was written; its numbers are worth nothing."""


def check(operation: Operation, dataset: Dataset, found: dict[str, int]) -> None:
    expected = operation.expected(dataset)
    if found != expected:
        raise WrongData(f"{operation.name}: read {found}, written {expected}")


@functools.lru_cache(maxsize=1)
def operations() -> dict[str, Operation]:
    """All operations by name, in the order of the report."""
    from . import parquet_operations, sublayer_operations, usd_operations

    named: dict[str, Operation] = {}
    for module in (usd_operations, parquet_operations, sublayer_operations):
        for operation in module.operations():
            if operation.name in named:
                raise ValueError(f"two operations are called {operation.name!r}")
            named[operation.name] = operation
    return named


def names(group: str) -> list[str]:
    return [operation.name for operation in operations().values() if operation.group == group]
