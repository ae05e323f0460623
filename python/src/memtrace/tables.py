# SPDX-License-Identifier: MIT
"""Rows of a report as tables of pandas and pyarrow, whichever is installed."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Dict, List

__all__ = ["Table", "to_arrow", "to_pandas"]


@dataclass(frozen=True)
class Table:
    """Rows with nested keys, and the types that are known: int, float, bool, str, List[str]."""

    types: Dict[str, Any]
    rows: List[Dict[str, Any]]

    def columns(self) -> Dict[str, List[Any]]:
        """The values of each column; keys that have no type come last."""
        flat = [_flatten(row) for row in self.rows]
        names = dict.fromkeys([*self.types, *(name for row in flat for name in row)])
        return {name: [row.get(name) for row in flat] for name in names}


def to_pandas(table: Table) -> Any:
    pandas = _import("pandas")

    def series(kind: Any, values: List[Any]) -> Any:
        if kind is int and None in values:
            return pandas.Series(values, dtype="Int64")  # float64 would round
        if kind in (int, float, bool):
            return pandas.Series(values, dtype=kind)
        return pandas.Series(values, dtype=object)

    columns = table.columns().items()
    return pandas.DataFrame({name: series(table.types.get(name), v) for name, v in columns})


def to_arrow(table: Table) -> Any:
    arrow = _import("pyarrow")
    types: Dict[Any, Any] = {
        int: arrow.int64(),
        float: arrow.float64(),
        bool: arrow.bool_(),
        str: arrow.string(),
        List[str]: arrow.list_(arrow.string()),
    }

    def array(kind: Any, values: List[Any]) -> Any:
        return arrow.array(values, types.get(kind))

    columns = table.columns().items()
    return arrow.table({name: array(table.types.get(name), v) for name, v in columns})


def _import(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(f"this table needs {name}: pip install {name}") from error


def _flatten(row: Dict[str, Any], prefix: str = "") -> Dict[str, Any]:
    flat: Dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, dict):
            flat.update(_flatten(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat
