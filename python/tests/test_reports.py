# SPDX-License-Identifier: MIT
from __future__ import annotations

import copy
import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict

import pytest

import memtrace
from memtrace import reports, tables

WORK = """
import memtrace
for i in range(3):
    with memtrace.operation("outer"):
        with memtrace.operation("inner, \\"quoted\\""):
            kept = bytearray(1 << 20)
"""

TABLES = ["operations", "processes", "windows"]


@pytest.fixture(scope="module")
def folder(memtrace_program: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What memtrace wrote itself: report.json and report.csv."""
    path = tmp_path_factory.mktemp("report")
    (path / "work.py").write_text(WORK)
    subprocess.run(
        [memtrace_program, "-q", "--windows", "--json", path / "report.json"]
        + ["--csv", path / "report.csv", "--", sys.executable, path / "work.py"],
        check=True,
    )
    return path


@pytest.fixture
def data(folder: Path) -> Dict[str, Any]:
    loaded: Dict[str, Any] = json.loads((folder / "report.json").read_text())
    return loaded


def load(data: Any) -> memtrace.Report:
    return memtrace.load(io.StringIO(json.dumps(data)))


def plain(value: Any) -> Any:
    """A report object as the JSON that it was made of, from its attributes alone."""
    if isinstance(value, reports._Object):
        return {key: plain(item) for key, item in vars(value).items() if key in value.raw}
    return [plain(item) for item in value] if isinstance(value, list) else value


def test_all_of_a_report_is_in_the_objects(folder: Path, data: Dict[str, Any]) -> None:
    report = memtrace.load(folder / "report.json")
    assert plain(report) == data
    assert report.raw == data
    with open(folder / "report.json", "rb") as file:
        assert memtrace.load(file) == report
    assert memtrace.load(str(folder / "report.json")) == report


def test_fields_are_typed_objects(folder: Path) -> None:
    report = memtrace.load(folder / "report.json")
    outer = report.operation("outer")
    assert outer.count == 3
    assert outer.growth_bytes.total == sum(
        window.growth_bytes for window in report.windows if window.operation == "outer"
    )
    assert outer.peak_growth_bytes.max and outer.peak_growth_bytes.max >= 1 << 20
    assert report.exit_code == 0
    assert len(report.windows) == 6
    assert [process.end for process in report.processes] == ["exit"]
    assert report.tree.peak_rss_bytes >= 1 << 20
    with pytest.raises(KeyError, match="nothing"):
        report.operation("nothing")


def test_the_projects_own_examples_load() -> None:
    golden = Path(__file__).resolve().parents[2] / "tests/golden"
    for name in ("report.json", "report-attached.json"):
        path = golden / name
        if not path.exists():
            pytest.skip("not in the checkout")
        assert plain(memtrace.load(path)).keys() == json.loads(path.read_text()).keys()


def test_later_keys_are_kept(data: Dict[str, Any]) -> None:
    data["later"] = {"a": 1}
    data["operations"][0]["later"] = 5
    report = load(data)
    assert report.raw["later"] == {"a": 1}
    assert report.operations[0].raw["later"] == 5
    assert report.to_arrow().column("later").to_pylist() == [5, None]


def test_a_median_may_be_an_estimate(data: Dict[str, Any]) -> None:
    data["operations"][0]["growth_bytes"]["median_exact"] = False
    report = load(data)
    assert not report.operations[0].growth_bytes.median_exact
    assert report.operations[1].growth_bytes.median_exact
    column = report.to_arrow().column("growth_bytes.median_exact")
    assert column.to_pylist() == [False, True]


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "report: not JSON"),
        ("{", "report: not JSON"),
        ("[]", "the schema is None, not 'memtrace.report/1'"),
        ('{"schema": "memtrace.report/2"}', "the schema is 'memtrace.report/2'"),
        ('{"schema": "memtrace.report/1"}', "report: memtrace_version is missing"),
    ],
)
def test_what_is_no_report(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        memtrace.load(io.StringIO(text))


def test_what_is_wrong_inside_is_named(data: Dict[str, Any]) -> None:
    for change, message in [
        (lambda d: d["operations"][1].pop("count"), r"operations\[1\]: count is missing"),
        (lambda d: d.update(host=3), "host: not an object"),
        (lambda d: d.update(windows={}), "windows: not an array"),
        (lambda d: d["windows"].append(None), r"windows\[6\]: not an object"),
    ]:
        changed = copy.deepcopy(data)
        change(changed)
        with pytest.raises(ValueError, match=message):
            load(changed)


def test_names_the_file_that_is_no_report(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text("{}")
    with pytest.raises(ValueError, match="other.json: the schema is None"):
        memtrace.load(path)
    with pytest.raises(FileNotFoundError):
        memtrace.load(tmp_path / "none.json")


def test_pandas_has_the_columns_of_the_csv(folder: Path) -> None:
    pytest.importorskip("pandas")
    frame = memtrace.load(folder / "report.json").to_pandas()
    with open(folder / "report.csv", newline="") as file:
        header, *rows = csv.reader(file)
    assert sorted(frame.columns) == sorted(header)
    assert frame["name"].tolist() == [row[0] for row in rows]
    assert frame["growth_bytes.total"].astype(str).tolist() == [
        row[header.index("growth_bytes.total")] for row in rows
    ]


def as_list(frame: Any) -> Any:
    """Rows of a pandas frame, missing values as None."""
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{key: None if value != value else value for key, value in r.items()} for r in rows]


@pytest.mark.parametrize("table", TABLES)
def test_tables_have_every_value(data: Dict[str, Any], table: str) -> None:
    pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    data["windows"][0]["own_faults"]["minor"] = None
    data["windows"][1]["growth_bytes"] = 2**62 + 1  # what a float would round
    data["windows"][0]["parent"] = 2**53 + 1
    report = load(data)
    arrow = report.to_arrow(table)
    for operation in data["operations"]:
        for key in ("growth_bytes", "peak_growth_bytes", "duration_ns"):
            operation[key]["median_exact"] = True
    expected = [tables._flatten(row) for row in data[table]]
    assert arrow.to_pylist() == expected
    assert as_list(report.to_pandas(table)) == expected


@pytest.mark.parametrize("table", TABLES)
def test_empty_tables_have_their_columns_and_types(data: Dict[str, Any], table: str) -> None:
    pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    full = load(data)
    data[table] = []
    empty = load(data)
    assert empty.to_arrow(table).schema == full.to_arrow(table).schema
    assert list(empty.to_pandas(table).columns) == list(full.to_pandas(table).columns)
    assert "null" not in {str(kind) for kind in full.to_arrow(table).schema.types}


def test_a_table_that_is_not_there(data: Dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no table 'losses': only operations"):
        load(data).to_arrow("losses")


@pytest.mark.parametrize("call, package", [("to_pandas", "pandas"), ("to_arrow", "pyarrow")])
def test_says_which_package_a_table_needs(
    data: Dict[str, Any], call: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=f"needs {package}: pip install {package}"):
        getattr(load(data), call)()
