# SPDX-License-Identifier: MIT
"""The JSON report of memtrace as plain objects and as tables.

The fields are the keys of the report, which memtrace's documentation describes: `_bytes` and `_ns`
carry their unit, None is "not known", 0 is zero. Each object's `raw` is what it was made of, with
the keys of later versions.
"""

from __future__ import annotations

import json
import os
from dataclasses import MISSING, dataclass, field, fields
from functools import lru_cache
from typing import (
    IO,
    Any,
    Callable,
    Dict,
    FrozenSet,
    List,
    Optional,
    TypedDict,
    TypeVar,
    Union,
    get_args,
    get_type_hints,
)

from . import tables

__all__ = [
    "Accounting",
    "Host",
    "Operation",
    "Overhead",
    "Process",
    "Report",
    "Statistics",
    "Trace",
    "Tree",
    "Window",
    "load",
]

SCHEMA = "memtrace.report/1"


class RssTypes(TypedDict):
    """What resident memory is made of, in bytes."""

    anon: int
    file: int
    shmem: int


class GrowthTypes(RssTypes):
    """Growth by type in bytes; swap stands beside resident memory."""

    swap: int


class Faults(TypedDict):
    """Page faults; None: not known."""

    minor: Optional[int]
    major: Optional[int]


@dataclass(frozen=True)
class _Object:
    raw: Dict[str, Any] = field(repr=False, compare=False)


T = TypeVar("T", bound=_Object)


@dataclass(frozen=True)
class Host(_Object):
    kernel: str
    arch: str
    cpus: int
    page_size_bytes: int
    thp: Optional[str]


@dataclass(frozen=True)
class Accounting(_Object):
    """How exact the report is: `error_bound_bytes` bounds every growth and peak; 0: exact."""

    model: str
    error_bound_bytes: int
    note: Optional[str]


@dataclass(frozen=True)
class Trace(_Object):
    mode: str
    command: Optional[List[str]]
    pids: List[int]
    windows: List[str]
    started_at: str
    duration_ns: int
    exit_code: Optional[int]
    exit_signal: Optional[int]
    outside_processes: int


@dataclass(frozen=True)
class Tree(_Object):
    """All processes together."""

    peak_rss_bytes: int
    peak_at_ns: int
    processes: int
    peak_operations: List[str] = field(default_factory=list)


@dataclass(frozen=True)
class Overhead(_Object):
    attach_ns: int
    bpf_time_ns: Optional[int]
    bpf_events: int


@dataclass(frozen=True)
class PeakStatistics(_Object):
    """Over the complete windows of an operation; stddev is the sample's, None for one window, and
    the median may be an estimate where windows were very many."""

    min: Optional[int]
    mean: Optional[float]
    median: Optional[int]
    max: Optional[int]
    stddev: Optional[float]
    median_exact: bool = True


@dataclass(frozen=True)
class Statistics(_Object):
    """Over the complete windows of an operation; stddev is the sample's, None for one window, and
    the median may be an estimate where windows were very many."""

    total: int
    min: Optional[int]
    mean: Optional[float]
    median: Optional[int]
    max: Optional[int]
    stddev: Optional[float]
    median_exact: bool = True


@dataclass(frozen=True)
class Operation(_Object):
    """All windows of one name."""

    name: str
    count: int
    incomplete: int
    overlapped_count: int
    growth_bytes: Statistics
    peak_growth_bytes: PeakStatistics
    peak_rss_bytes: int
    peak_by_type_bytes: RssTypes
    by_type_bytes: GrowthTypes
    gained_bytes: int
    returned_bytes: int
    own_growth_bytes: int
    self_growth_bytes: int
    foreign_growth_bytes: int
    own_faults: Faults
    duration_ns: Statistics


@dataclass(frozen=True)
class Window(_Object):
    """One instance of an operation; only in reports made with --windows."""

    operation: str
    id: int
    parent: Optional[int]
    index: int
    pid: int
    tid: int
    overlapped: bool
    begin_ns: int
    duration_ns: int
    end: str
    rss_begin_bytes: int
    growth_bytes: int
    peak_growth_bytes: int
    gained_bytes: int
    returned_bytes: int
    own_growth_bytes: int
    self_growth_bytes: int
    foreign_growth_bytes: int
    by_type_bytes: GrowthTypes
    own_faults: Faults


@dataclass(frozen=True)
class Process(_Object):
    """One address space."""

    pid: int
    ppid: int
    comm: Optional[str]
    command: List[str]
    cgroup: Optional[str]
    user: Optional[str]
    begin: str
    end: str
    exit_code: Optional[int]
    exit_signal: Optional[int]
    begin_ns: int
    duration_ns: int
    rss_begin_bytes: int
    rss_end_bytes: int
    peak_rss_bytes: int
    peak_at_ns: int
    peak_by_type_bytes: RssTypes
    peak_operations: List[str]
    swap_peak_bytes: int
    gained_bytes: int
    returned_bytes: int
    faults: Faults
    container: Optional[str] = None


@dataclass(frozen=True)
class Group(_Object):
    """Processes put together by comm, cgroup or user; only in reports made with --by. The highest
    peak is that of one of them."""

    by: str
    key: Optional[str]
    name: str
    processes: int
    alive: int
    growth_bytes: int
    rss_end_bytes: int
    highest_peak_rss_bytes: int
    highest_peak_pid: int
    gained_bytes: int
    returned_bytes: int
    faults: Faults


@dataclass(frozen=True)
class LeftOut(_Object):
    """Processes that ended and were too many to have a row each."""

    processes: int = 0
    highest_peak_rss_bytes: int = 0
    gained_bytes: int = 0
    returned_bytes: int = 0


def _none_left_out() -> LeftOut:
    return LeftOut({})


@dataclass(frozen=True)
class Report(_Object):
    """A report. `raw` is the whole document."""

    schema: str
    memtrace_version: str
    host: Host
    accounting: Accounting
    trace: Trace
    processes: List[Process]
    tree: Tree
    operations: List[Operation]
    windows: List[Window]
    losses: Dict[str, int]
    overhead: Overhead
    groups: List[Group] = field(default_factory=list)
    processes_left_out: LeftOut = field(default_factory=_none_left_out)

    @property
    def exit_code(self) -> Optional[int]:
        """Of the command; None when a signal ended it, and for traces of running processes."""
        return self.trace.exit_code

    def operation(self, name: str) -> Operation:
        """KeyError: the report has no operation of that name."""
        for operation in self.operations:
            if operation.name == name:
                return operation
        raise KeyError(name)

    def to_pandas(self, table: str = "operations") -> Any:
        """A pandas.DataFrame of "operations", "processes" or "windows", one row each, with the
        names of memtrace's CSV: nested keys joined with dots. ImportError: no pandas."""
        return tables.to_pandas(self._table(table))

    def to_arrow(self, table: str = "operations") -> Any:
        """The same as a pyarrow.Table. ImportError: no pyarrow."""
        return tables.to_arrow(self._table(table))

    def _table(self, name: str) -> tables.Table:
        kinds = {"operations": Operation, "processes": Process, "windows": Window}
        if name not in kinds:
            raise ValueError(f"no table {name!r}: only {', '.join(kinds)}")
        rows = [_row(item) for item in getattr(self, name)]
        return tables.Table(_column_types(kinds[name]), rows)


def load(source: Union[str, os.PathLike[str], IO[str], IO[bytes]]) -> Report:
    """The report in a file that memtrace --json wrote: a path or something to read from.

    ValueError: it is not such a report. OSError: it cannot be read.
    """
    if isinstance(source, (str, os.PathLike)):
        with open(source, encoding="utf-8") as file:
            return load(file)
    where = getattr(source, "name", "report")
    try:
        data = json.load(source)
    except ValueError as error:
        raise ValueError(f"{where}: not JSON: {error}") from error
    schema = data.get("schema") if isinstance(data, dict) else None
    if schema != SCHEMA:
        raise ValueError(f"{where}: the schema is {schema!r}, not {SCHEMA!r}")
    return _build(Report, data, str(where))


def _build(kind: Callable[..., T], data: Any, where: str) -> T:
    if not isinstance(data, dict):
        raise ValueError(f"{where}: not an object")
    values = {}
    for name, hint in _hints(kind).items():
        if name in data:
            values[name] = _value(hint, data[name], f"{where}: {name}")
        elif name not in _optional(kind):
            raise ValueError(f"{where}: {name} is missing")
    return kind(data, **values)


def _value(hint: Any, value: Any, where: str) -> Any:
    if _is_object(hint):
        return _build(hint, value, where)
    items = getattr(hint, "__args__", [None])[0]
    if _is_object(items):
        if not isinstance(value, list):
            raise ValueError(f"{where}: not an array")
        return [_build(items, item, f"{where}[{i}]") for i, item in enumerate(value)]
    return value


def _is_object(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, _Object)


@lru_cache(maxsize=None)
def _hints(kind: Any) -> Dict[str, Any]:
    return {name: hint for name, hint in get_type_hints(kind).items() if name != "raw"}


@lru_cache(maxsize=None)
def _optional(kind: Any) -> FrozenSet[str]:
    return frozenset(
        f.name for f in fields(kind) if f.default is not MISSING or f.default_factory is not MISSING
    )


def _row(item: _Object) -> Dict[str, Any]:
    """The object's fields, then what else it was made of."""
    kind: Any = type(item)
    values = {name: getattr(item, name) for name in _hints(kind)}
    row = {name: _row(v) if isinstance(v, _Object) else v for name, v in values.items()}
    return {**row, **{name: value for name, value in item.raw.items() if name not in row}}


def _column_types(kind: Any, prefix: str = "") -> Dict[str, Any]:
    """The type of each leaf, without Optional, by its dotted name."""
    types: Dict[str, Any] = {}
    for name, hint in _hints(kind).items():
        if _is_object(hint) or hasattr(hint, "__total__"):  # a TypedDict
            types.update(_column_types(hint, f"{prefix}{name}."))
        else:
            options = get_args(hint)
            types[prefix + name] = options[0] if type(None) in options else hint
    return types
