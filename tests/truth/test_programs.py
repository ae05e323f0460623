# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that were not written for this: Python with markers and without, SQLite, a cgroup."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading

import pytest

from compare import PAGE, WARM_UP, differ, differences
from tracing import lines_of, parse, smaps_rss_bytes, until

PYTHON = "/usr/bin/python3"

WITH_MARKERS = """
import ctypes, gc, json, mmap, sys
marker = ctypes.CDLL(sys.argv[1])
marker.memtrace_begin.restype = ctypes.c_uint64
marker.memtrace_end.argtypes = [ctypes.c_uint64]
gc.disable()
SIZES = [1, 10, 100, 1000]
def grow(name, pages):
    memory = mmap.mmap(-1, pages * mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    window = marker.memtrace_begin(name)
    for page in range(pages):
        memory[page * mmap.PAGESIZE] = 1
    marker.memtrace_end(window)
    memory.close()
names = {pages: b"python %d" % pages for pages in SIZES}
for name_of in ({pages: b"warm-up" for pages in SIZES}, names):
    for pages in SIZES:
        for _ in range(5):
            grow(name_of[pages], pages)
for pages in SIZES:
    size = pages * mmap.PAGESIZE
    print(json.dumps({"operation": "python %d" % pages, "count": 5, "incomplete": 0,
                      "growth_bytes": 5 * size, "peak_growth_bytes": size, "own_growth_bytes": 5 * size,
                      "by_type_bytes": {"anon": 5 * size, "file": 0, "shmem": 0}}))
"""

# The peak is where it reads smaps_rollup: its own large block goes back before anything else happens.
UNMODIFIED = """
import json, os
def resident():
    fd = os.open("/proc/self/smaps_rollup", os.O_RDONLY)
    text = os.read(fd, 4096)
    os.close(fd)
    return int(text.split(b"Rss:")[1].split()[0]) * 1024
resident()
block = bytearray(b"x") * 50000000
first = resident()
again = resident()
del block
assert first == again
print(json.dumps({"process": "/usr/bin/python3", "peak_rss_bytes": first}))
"""


def script(tracer, text):
    path = tracer.work / "script.py"
    path.write_text(text)
    return str(path)


def test_python_with_markers(tracer, programs, repeat):
    failed, last = 0, None
    for _ in range(repeat):
        output, report = tracer.run_command(
            [PYTHON, "-I", script(tracer, WITH_MARKERS), str(programs / "libmemtrace-marker.so.0")])
        found = differences(report, lines_of(output))
        failed, last = failed + bool(found), found or last
    assert not failed, f"{failed} of {repeat} runs differ: {last}"


# Two copies of the library in one process, as with an extension that has one linked in.
TWO_COPIES = """
import ctypes, json, sys
class Result(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint64), ("more", ctypes.c_int64 * 64)]
copies = [ctypes.CDLL(path) for path in sys.argv[1:]]
for marker in copies:
    marker.memtrace_begin.restype = ctypes.c_uint64
    marker.memtrace_end_result.argtypes = [ctypes.c_uint64, ctypes.POINTER(Result)]
for i in range(20):
    for number, marker in enumerate(copies):
        window = marker.memtrace_begin(b"copy %d" % number)
        result = Result(size=ctypes.sizeof(Result))
        status = marker.memtrace_end_result(window, ctypes.byref(result))
        assert status == 0, (i, number, status)
"""


def test_two_copies_of_the_library(tracer, programs):
    library = programs / "libmemtrace-marker.so.0"
    copy = tracer.work / "copy.so"
    shutil.copy(library, copy)
    copy.chmod(0o755)
    try:
        _, report = tracer.run_command([PYTHON, "-I", script(tracer, TWO_COPIES), str(library), str(copy)])
    finally:
        copy.unlink()
    assert {row["name"]: row["count"] for row in report["operations"]} == {"copy 0": 20, "copy 1": 20}


def test_hundreds_of_children(tracer):
    """All of them ask for results at one time; their windows are in one operation."""
    output, report = tracer.run_command([tracer.program("children")])
    line, = lines_of(output)
    assert (line["without_result"], line["wrong"]) == (0, 0)
    row, = (row for row in report["operations"] if row["name"] != WARM_UP)
    assert (row["name"], row["count"]) == ("child", line["children"])
    assert row["growth_bytes"]["total"] == line["children"] * 10 * PAGE


def test_unmodified_python(tracer, repeat):
    failed, last = 0, None
    for _ in range(repeat):
        output, report = tracer.run_command([PYTHON, "-I", script(tracer, UNMODIFIED)])
        found = differences(report, lines_of(output))
        failed, last = failed + bool(found), found or last
    assert not failed, f"{failed} of {repeat} runs differ: {last}"


def standing_still(pid):
    """Resident bytes of a process that waits for its standard input."""
    before = None

    def is_still():
        nonlocal before
        waiting = pathlib.Path(f"/proc/{pid}/wchan").read_text().endswith("pipe_read")
        rss = smaps_rss_bytes(pid)
        still, before = waiting and rss == before, rss
        return still

    until(is_still, "the process to wait for input")
    return before


def test_sqlite_between_two_standstills(tracer):
    """The shell waits for its input: there its size is known from outside."""
    sqlite = shutil.which("sqlite3")
    if not sqlite:
        pytest.skip("sqlite3 is not installed")
    with subprocess.Popen([sqlite, "-batch", "-init", "/dev/null", ":memory:"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tracer.work) as shell:
        begin = standing_still(shell.pid)
        with tracer.attached(shell.pid) as memtrace:
            shell.stdin.write(b"create table t as with recursive c(x) as (select 1 union all "
                              b"select x+1 from c limit 200000) select x, hex(x) h from c;\n"
                              b"select count(*) from t;\n")
            shell.stdin.flush()
            assert shell.stdout.readline().strip() == b"200000"
            end = standing_still(shell.pid)
            _, report = tracer.detach(memtrace)
        shell.stdin.close()
        shell.stdout.read()
    process, = report["processes"]
    assert shell.returncode == 0
    assert not differ("sqlite3", "rss_begin_bytes", process["rss_begin_bytes"], begin)
    assert not differ("sqlite3", "rss_end_bytes", process["rss_end_bytes"], end)
    assert not differ("sqlite3", "gained - returned bytes",
                      process["gained_bytes"] - process["returned_bytes"], end - begin)
    assert process["peak_rss_bytes"] >= end


@pytest.fixture
def cgroup():
    """A memory cgroup of its own: its directory, and what anonymous memory is called there."""
    for root, controllers, key in (("/sys/fs/cgroup", "cgroup.controllers", "anon"),
                                   ("/sys/fs/cgroup/memory", "memory.stat", "rss")):
        path = pathlib.Path(root, controllers)
        if not path.exists() or key == "anon" and "memory" not in path.read_text().split():
            continue
        try:
            directory = pathlib.Path(tempfile.mkdtemp(prefix="memtrace-truth-", dir=root))
        except OSError as error:
            pytest.skip(f"no cgroup can be made: {error}")
        yield directory, key
        until(lambda: not (directory / "cgroup.procs").read_text(), "the cgroup to be empty")
        directory.rmdir()
        return
    pytest.skip("no memory cgroups here")


def statistic(directory, key):
    for line in (directory / "memory.stat").read_text().splitlines():
        name, value = line.split()
        if name == key:
            return int(value)
    pytest.skip(f"memory.stat has no {key}: no memory controller in the parent cgroup")


def anon_bytes(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(text.split("RssAnon:")[1].split()[0]) * 1024


def test_the_cgroup_has_what_the_process_has(tracer, cgroup):
    """At its peak the program stands still: its anonymous pages are all that the cgroup has."""
    directory, key = cgroup
    join = f"echo $$ >{directory}/cgroup.procs && exec {tracer.program('plain')} wait"
    command = tracer.command(["sh", "-c", join], user="root")
    with subprocess.Popen(command, cwd=tracer.work, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as memtrace:
        deadline = threading.Timer(60, memtrace.kill)
        deadline.start()
        standing = parse(memtrace.stdout.readline())["standing"]
        expected = anon_bytes(standing)
        # The kernel adds up a cgroup's statistics now and then only.
        until(lambda: statistic(directory, key) == expected, f"{key} to become {expected}")
        memtrace.stdin.write(b"x")
        memtrace.stdin.close()
        output = memtrace.stdout.read()
        deadline.cancel()
    assert memtrace.returncode == 0
    report = tracer.read_report(tracer.work / "report.json")
    assert not differences(report, lines_of(output))
    rows = [row for row in report["processes"] if row["command"][0].endswith("workload-plain")]
    assert not differ("plain", "peak anon bytes", rows[0]["peak_by_type_bytes"]["anon"], expected)
    assert os.path.exists(directory)
