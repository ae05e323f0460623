# SPDX-License-Identifier: GPL-2.0-or-later
"""The USDT probes of Debian's python3, unmodified: collections and imports by its own count."""
import json
import pathlib
import subprocess

import pytest

from compare import PAGE
from tracing import NOBODY

PYTHON = "/usr/bin/python3"

# What comes after the count cannot be counted by the script: it leaves without tearing down.
COLLECTIONS = """
import gc, json, os
for generation in (0, 1, 2, 2):
    gc.collect(generation)
kept = [[] for _ in range(5000)]
counts = [row["collections"] for row in gc.get_stats()]
os.write(1, json.dumps(counts).encode())
os._exit(0)
"""

# Each module keeps a number of pages of its own; memory as the page tables have it, read around it.
IMPORTS = """
import gc, json, mmap, os
gc.disable()
fd = os.open("/proc/self/smaps_rollup", os.O_RDONLY)
def resident():
    text = os.pread(fd, 4096, 0)
    return int(text.split(b"Rss:")[1].split()[0]) * 1024
lines = []
resident()
for name in ("memtrace_small", "memtrace_large", "memtrace_outer"):
    before = resident()
    __import__(name)
    lines.append({"name": name, "most_bytes": resident() - before})
os.write(1, json.dumps(lines).encode())
os._exit(0)
"""

MODULE = """
import mmap
kept = mmap.mmap(-1, {pages} * mmap.PAGESIZE)
for page in range({pages}):
    kept[page * mmap.PAGESIZE] = 1
"""


@pytest.fixture(autouse=True)
def probes():
    notes = subprocess.run(["readelf", "-n", pathlib.Path(PYTHON).resolve()], capture_output=True,
                           text=True, check=False).stdout
    if "gc__start" not in notes:
        pytest.skip(f"{PYTHON} was built without USDT probes")


def rows_of(report):
    return {row["name"]: row for row in report["operations"]}


@pytest.mark.parametrize("options", [[], ["--no-follow"]], ids=" ".join)
def test_collections(tracer, options):
    (tracer.work / "script.py").write_text(COLLECTIONS)
    output, report = tracer.run_command([PYTHON, "-I", "script.py"], "-w", "python:gc",
                                        *options)
    rows, counts = rows_of(report), json.loads(output)
    assert {name: row["count"] for name, row in rows.items()} == {
        f"gc, generation={generation}": count for generation, count in enumerate(counts) if count}
    assert not any(report["losses"].values())
    assert report["trace"]["windows"] == ["python:gc"]


def test_imports(tracer):
    for name, pages in (("small", 10), ("large", 3000), ("inner", 500)):
        (tracer.work / f"memtrace_{name}.py").write_text(MODULE.format(pages=pages))
    (tracer.work / "memtrace_outer.py").write_text(
        MODULE.format(pages=100) + "import memtrace_inner\n")
    (tracer.work / "script.py").write_text(IMPORTS)
    output, report = tracer.run_command([PYTHON, "-B", "script.py"], "-w", "python:import",
                                        "--windows")
    rows = rows_of(report)
    for line in json.loads(output):
        row = rows[f"import {line['name']}"]
        assert row["count"] == 1
        growth = row["growth_bytes"]["total"]
        # Around the import there is a little more than in it: the script's own objects.
        assert 0 <= line["most_bytes"] - growth <= 16 * PAGE, line
    assert rows["import memtrace_small"]["growth_bytes"]["total"] >= 10 * PAGE
    assert rows["import memtrace_large"]["growth_bytes"]["total"] >= 3000 * PAGE
    outer, inner = rows["import memtrace_outer"], rows["import memtrace_inner"]
    assert inner["growth_bytes"]["total"] >= 500 * PAGE
    assert outer["self_growth_bytes"] <= outer["growth_bytes"]["total"] - 500 * PAGE
    windows = {row["operation"]: row for row in report["windows"]}
    assert windows["import memtrace_inner"]["parent"] == windows["import memtrace_outer"]["id"]
    assert not any(report["losses"].values())


def test_filter_in_the_kernel(tracer):
    """Only what matches is a window; the ends of the others find none, and that is no loss."""
    spec = "usdt:*:python:import__find__load__start(arg1:str=json*),import__find__load__done"
    _, report = tracer.run_command([PYTHON, "-I", "-c", "import json, decimal"], "-w", spec)
    names = set(rows_of(report))
    assert {"json", "json.decoder", "json.encoder", "json.scanner"} <= names
    assert all(name.startswith("json") for name in names)
    assert not any(report["losses"].values())


def test_in_a_running_interpreter(tracer):
    """Attached to; and children that are started later."""
    script = ("import os, subprocess, sys, time\n"
              "print('{\"ready\": %d}' % os.getpid(), flush=True)\n"
              "sys.stdin.read(1)\n"
              "import quopri\n"
              f"subprocess.run(['{PYTHON}', '-I', '-c', 'import wave'])\n"
              "sys.stdin.read(1)\n")
    process = subprocess.Popen([PYTHON, "-I", "-c", script], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, user=NOBODY.pw_uid, cwd=tracer.work)
    try:
        process.stdout.readline()
        with tracer.attached(process.pid, "-w", "python:import") as memtrace:
            process.stdin.write(b"xx")
            process.stdin.flush()
            process.wait(timeout=60)
            _, errors = memtrace.communicate(timeout=60)
        assert memtrace.returncode == 0, errors
        report = tracer.read_report(tracer.work / "report.json")
    finally:
        process.kill()
        process.wait()
    rows = rows_of(report)
    assert rows["import quopri"]["count"] == 1
    assert rows["import wave"]["count"] == 1


def test_nothing_is_lost_when_there_is_none(tracer):
    done = subprocess.run(tracer.command(["true"], "-w", "python:gc"), cwd=tracer.work,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "no object with it was mapped" in done.stderr
