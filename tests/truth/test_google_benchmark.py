# SPDX-License-Identifier: GPL-2.0-or-later
"""Google Benchmark's own JSON, filled from memtrace, against known pages and memtrace's report."""
import json
import shutil
import subprocess

import pytest

from compare import PAGE
from conftest import MEMTRACE
from tracing import NOBODY

EXAMPLE = MEMTRACE.parents[2] / "examples/google-benchmark/memtrace-google-benchmark"
ARGUMENTS = ["--benchmark_format=json", "--benchmark_min_time=0.01"]


@pytest.fixture
def example(tracer):
    if not EXAMPLE.exists():
        pytest.skip("built without Google Benchmark")
    copy = tracer.work / "example"
    shutil.copy(EXAMPLE, copy)
    copy.chmod(0o755)
    yield str(copy)
    copy.unlink()


def rows_of(output):
    return {row["name"]: row for row in json.loads(output)["benchmarks"]}


def test_its_output_has_exact_memory(tracer, example):
    output, report = tracer.run_command([example, *ARGUMENTS], "--windows")
    rows = rows_of(output)
    for pages in (10, 1000):
        row = rows[f"map_and_unmap/{pages}"]
        # Where the run is the first of its kind, the program has a page or two of its own to map.
        assert pages * PAGE <= row["max_bytes_used"] <= (pages + 40) * PAGE
        assert 0 <= row["net_heap_growth"] <= 40 * PAGE
        assert row["total_allocated_bytes"] >= pages * PAGE
    kept = rows["map_and_keep/500/iterations:1"]
    assert 500 * PAGE <= kept["net_heap_growth"] <= 540 * PAGE
    assert rows["push_back/1048576"]["max_bytes_used"] >= 8 << 20
    # Each run is a window, and what the program printed is what memtrace says of it.
    assert [(row["max_bytes_used"], row["net_heap_growth"]) for row in rows.values()] == [
        (window["peak_growth_bytes"], window["growth_bytes"]) for window in report["windows"]]


def test_nothing_is_made_up_without_a_tracer(tracer, example):
    done = subprocess.run([example, *ARGUMENTS], capture_output=True, text=True, check=True,
                          cwd=tracer.work, user=NOBODY.pw_uid)
    assert "sudo memtrace -- COMMAND" in done.stderr
    for row in rows_of(done.stdout).values():
        assert not row.get("max_bytes_used")
        assert "net_heap_growth" not in row
        assert "total_allocated_bytes" not in row
