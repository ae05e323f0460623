# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import FrozenInstanceError

import pytest

import memtrace
from conftest import TIMEOUT_S

# Blocks modules from being imported, as if they were not installed.
BLOCK = """
import json, os, sys
for name in os.environ.get("BLOCKED", "").split():
    sys.modules[name] = None
import memtrace
"""

MEASURE = (
    BLOCK
    + """
SIZE = 64 << 20
with memtrace.MemoryTracker("block", sample_interval_s=0.0005) as tracker:
    gone = bytearray(SIZE)
    for i in range(0, SIZE, 4096):
        gone[i] = 1
    del gone
    kept = bytearray(SIZE // 2)
    for i in range(0, len(kept), 4096):
        kept[i] = 1
result = tracker.result
print(json.dumps([result.source, result.estimated, result.current_bytes, result.peak_bytes,
                  result.operation is not None]))
"""
)
MIB = 1 << 20


def test_kernel(run_traced) -> None:
    stdout, report = run_traced(MEASURE)
    source, estimated, current, peak, has_operation = json.loads(stdout)
    assert (source, estimated, has_operation) == ("kernel", False, True)
    [window] = report.windows
    assert (window.operation, window.growth_bytes, window.peak_growth_bytes) == (
        "block",
        current,
        peak,
    )
    assert 32 * MIB <= current < 33 * MIB
    assert 64 * MIB <= peak < 65 * MIB


def test_under_memtrace_no_thread_disturbs(run_traced) -> None:
    run_traced(
        """
import threading, memtrace
with memtrace.MemoryTracker():
    assert threading.active_count() == 1
"""
    )


def test_psutil(run_script) -> None:
    pytest.importorskip("psutil", minversion="7.2.2")
    source, estimated, current, peak, has_operation = json.loads(run_script(MEASURE))
    assert (source, estimated, has_operation) == ("psutil", True, False)
    assert 31 * MIB <= current < 34 * MIB
    # The sampler may see little, but never more than there was, nor less than at the end.
    assert current <= peak < 66 * MIB


def test_psutil_sees_a_peak_inside(run_script) -> None:
    pytest.importorskip("psutil", minversion="7.2.2")
    # The block goes on until the sampler has looked.
    out = run_script(
        BLOCK
        + """
from memtrace import sources
looked = []
reader = sources._psutil_reader()
def read():
    looked.append(reader())
    return looked[-1]
sources._psutil_reader = lambda: read
with memtrace.MemoryTracker() as tracker:
    gone = bytearray(64 << 20)
    for i in range(0, len(gone), 4096):
        gone[i] = 1
    seen = len(looked)
    while len(looked) < seen + 2:
        pass
    del gone
print(tracker.result.peak_bytes, tracker.result.current_bytes)
"""
    )
    peak, current = map(int, out.split())
    assert 63 * MIB <= peak < 66 * MIB
    assert abs(current) < 2 * MIB


@pytest.mark.skipif(sys.platform == "win32", reason="no getrusage")
def test_getrusage_without_psutil(run_script) -> None:
    # A child begins with its parent's highest RSS: the interpreter that runs the tests is larger.
    out = run_script(
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', sys.argv[1]], check=True)",
        MEASURE,
        env={"BLOCKED": "psutil"},
    )
    source, estimated, current, peak, has_operation = json.loads(out)
    assert (source, estimated, has_operation) == ("getrusage", True, False)
    assert current == peak
    assert 40 * MIB <= peak < 66 * MIB


def test_nothing_without_any(run_script) -> None:
    out = run_script(MEASURE, env={"BLOCKED": "psutil resource"})
    assert json.loads(out) == ["none", True, 0, 0, False]


def test_without_the_extension(run_script) -> None:
    out = run_script(
        MEASURE
        + """
@memtrace.operation()
def f():
    return memtrace.is_traced()
assert f() is False
with memtrace.operation("x") as op:
    pass
assert op.result is None and op.name == "x" and repr(op) == "operation('x')"
try:
    with memtrace.operation():
        pass
except TypeError:
    pass
else:
    assert 0
assert not memtrace.marker.is_available
""",
        env={"BLOCKED": "memtrace._marker"},
    )
    assert json.loads(out)[0] in ("psutil", "getrusage", "none")


def test_an_old_psutil_is_none(run_script) -> None:
    out = run_script(
        "import sys, types\n"
        "old = sys.modules['psutil'] = types.ModuleType('psutil')\n"
        "old.version_info = (7, 2, 1)\n" + MEASURE
    )
    assert json.loads(out)[0] == "getrusage"


@pytest.mark.parametrize("failing", ["Process", "memory_info", "version_info"])
def test_a_psutil_that_fails_is_none(run_script, failing) -> None:
    out = run_script(
        f"failing = {failing!r}\n"
        + """
import sys, types
def fail(*args):
    raise PermissionError("/proc")
psutil = sys.modules["psutil"] = types.ModuleType("psutil")
if failing != "version_info":
    psutil.version_info = (9, 0, 0)
process = types.SimpleNamespace(memory_info=fail)
psutil.Process = fail if failing == "Process" else lambda: process
"""
        + MEASURE
    )
    assert json.loads(out)[0] == "getrusage"


def test_start_and_stop() -> None:
    tracker = memtrace.MemoryTracker()
    with pytest.raises(RuntimeError, match="no result"):
        tracker.result
    with pytest.raises(RuntimeError, match="without a start"):
        tracker.stop()
    tracker.start()
    with pytest.raises(RuntimeError, match="twice"):
        tracker.start()
    with pytest.raises(RuntimeError, match="no result"):
        tracker.result
    result = tracker.stop()
    assert result is tracker.result
    with tracker:  # may be used again
        pass
    assert tracker.result is not result
    with pytest.raises(FrozenInstanceError):
        result.peak_bytes = 0


def test_a_block_that_raises_has_a_result() -> None:
    tracker = memtrace.MemoryTracker()
    with pytest.raises(KeyError):
        with tracker:
            raise KeyError
    assert tracker.result.peak_bytes >= 0


@pytest.mark.parametrize("interval", [0, -1, float("nan")])
def test_refuses_an_interval_that_is_none(interval: float) -> None:
    with pytest.raises(ValueError, match="sample_interval_s"):
        memtrace.MemoryTracker(sample_interval_s=interval)


def test_megabytes_are_decimal() -> None:
    result = memtrace.MemoryResult(1_500_000, 2_250_000, "none", True)
    assert (result.current_mb, result.peak_mb) == (1.5, 2.25)


def test_a_tracer_that_comes_and_goes(memtrace_program, write_script, tmp_path) -> None:
    pytest.importorskip("psutil", minversion="7.2.2")
    script = write_script(
        """
import mmap, signal
import memtrace
signal.alarm(60)  # not for ever, when one of them never comes
sources = []
while sources[-2:] != ["getrusage", "psutil"]:
    with memtrace.MemoryTracker("block") as tracker:
        page = mmap.mmap(-1, mmap.PAGESIZE)
        page[0] = 1
        page.close()
    if sources[-1:] != [tracker.result.source]:
        sources.append(tracker.result.source)
        print(sources[-1], flush=True)
"""
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout
        assert program.stdout.readline() == "psutil\n"
        tracer = subprocess.Popen(
            [memtrace_program, "-q", "--json", tmp_path / "r.json", "-p", str(program.pid)]
        )
        assert program.stdout.readline() == "kernel\n"
        tracer.send_signal(signal.SIGINT)
        assert tracer.wait(TIMEOUT_S) == 0
        # Once the tracer is gone a result is missing; from then on psutil is taken again.
        assert program.stdout.read() == "getrusage\npsutil\n"
    assert program.returncode == 0
    report = memtrace.load(tmp_path / "r.json")
    block = report.operation("block")
    assert block.peak_growth_bytes.median == report.host.page_size_bytes
    assert block.growth_bytes.median == 0
