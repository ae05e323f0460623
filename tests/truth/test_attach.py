# SPDX-License-Identifier: GPL-2.0-or-later
"""memtrace -p: what it counts, and that it leaves the target as it found it, whatever becomes of it."""
import pathlib
import re
import signal
import subprocess
import time

import pytest

from compare import consistent, differ
from tracing import DEADLINE_S, parse, smaps_rss_bytes, stop_target, until

NOP, BREAKPOINT = 0x90, 0xCC


def site_addresses(pid, library):
    """Where the marker sites of that library are in the memory of the process."""
    notes = subprocess.run(["readelf", "-n", library], capture_output=True, text=True, check=True)
    offsets = [int(value, 16) for value in re.findall(r"Location: (0x[0-9a-f]+)", notes.stdout)]
    maps = pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines()
    base = min(int(line.split("-")[0], 16) for line in maps if pathlib.Path(library).name in line)
    assert len(offsets) == 2
    return [base + offset for offset in offsets]


def site_bytes(pid, addresses):
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        found = []
        for address in addresses:
            memory.seek(address)
            found.append(memory.read(1)[0])
        return found


def programs_of(pid):
    """BPF programs that a process holds, by id."""
    ids = set()
    for path in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        ids.update(int(i) for i in re.findall(r"^prog_id:\s*(\d+)", path.read_text(), re.M))
    return ids


def loaded_programs():
    done = subprocess.run(["bpftool", "prog", "show", "--json"], capture_output=True, check=True)
    return {program["id"] for program in parse(done.stdout)}


def compare_alike(report, lines):
    """All windows of an operation are alike: of however many there were, each had this growth."""
    rows = {row["name"]: row for row in report["operations"]}
    found = []
    for truth in (line for line in lines if "operation" in line):
        row, windows = rows[truth["operation"]], truth["count"]
        complete = row["count"] - row["incomplete"]
        assert 0 < complete <= windows
        found += consistent(row)
        for key in ("growth_bytes", "peak_growth_bytes"):
            each = truth[key] // windows if key == "growth_bytes" else truth[key]
            for which in ("min", "max"):
                found += differ(truth["operation"], f"{key} {which} bytes", row[key][which], each)
        for key in ("gained_bytes", "own_growth_bytes", "self_growth_bytes"):
            found += differ(truth["operation"], key, row[key], truth[key] // windows * complete)
    return found


@pytest.fixture
def library(programs):
    return str(programs / "libmemtrace-marker.so.0")


def pauses_of(pid):
    """How often a process went to sleep; `steady` does it once a round."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", text, re.M)[1])


def let_run(pid, rounds=300):
    """Until the target has been through that many rounds of windows, however long it takes."""
    enough = pauses_of(pid) + rounds
    until(lambda: pauses_of(pid) >= enough, f"{rounds} rounds of the target")


def test_exact_from_attach_to_detach(tracer):
    with tracer.target("steady") as (target, ready):
        with tracer.attached(ready["ready"]) as memtrace:
            let_run(target.pid)
            table, report = tracer.detach(memtrace)
        let_run(target.pid)
        lines = stop_target(target)
    assert not compare_alike(report, lines)
    lost = {key: n for key, n in report["losses"].items() if n}
    assert lost.pop("unmatched_ends", 0) <= 2, "outer and inner can have been open"
    assert not lost
    assert report["accounting"]["error_bound_bytes"] == 0
    assert report["trace"]["mode"] == "attach"
    for name in ("outer", "inner", "shrinking"):
        assert name in table, "the table goes to standard output"
    process, = report["processes"]
    assert (process["pid"], process["begin"], process["end"]) == (target.pid, "attach", "detach")


def test_rss_at_attach_and_detach(tracer):
    """A target that stands still: both ends are what smaps_rollup says."""
    with tracer.target("plain", "wait") as (target, ready):
        before = smaps_rss_bytes(ready["standing"])
        with tracer.attached(ready["standing"]) as memtrace:
            _, report = tracer.detach(memtrace)
        process, = report["processes"]
        assert not differ("at attach", "rss_begin_bytes", process["rss_begin_bytes"], before)
        assert not differ("at detach", "rss_end_bytes", process["rss_end_bytes"], before)
        target.stdin.write(b"x")
        target.communicate()
        assert target.returncode == 0


def test_only_the_breakpoint_changes_and_goes(tracer, library):
    with tracer.target("steady") as (target, ready):
        sites = site_addresses(target.pid, library)
        assert site_bytes(target.pid, sites) == [NOP, NOP]
        with tracer.attached(ready["ready"]) as memtrace:
            assert site_bytes(target.pid, sites) == [BREAKPOINT, BREAKPOINT]
            tracer.detach(memtrace)
        assert site_bytes(target.pid, sites) == [NOP, NOP]
        stop_target(target)


def expect_clean(tracer, target, sites, ids, deadline_s=DEADLINE_S):
    until(lambda: site_bytes(target.pid, sites) == [NOP, NOP], "no breakpoint is left", deadline_s)
    until(lambda: not ids & loaded_programs(), "no program of memtrace is left", deadline_s)
    left = [path for path in tracer.work.iterdir() if path.name not in ("ready", "report.json")]
    for path in left:
        path.unlink()  # or each later look would find it again
    assert not left, "temporary files"


@pytest.mark.parametrize("after_s", [0, 0.05, 0.2, 1.0])
def test_killed_while_tracing(tracer, library, after_s):
    with tracer.target("steady") as (target, ready):
        sites = site_addresses(target.pid, library)
        with tracer.attached(ready["ready"]) as memtrace:
            ids = programs_of(memtrace.pid)
            assert ids & loaded_programs()
            time.sleep(after_s)
            memtrace.kill()
            memtrace.wait()
            expect_clean(tracer, target, sites, ids)
        assert stop_target(target)


@pytest.mark.parametrize("after_s", [i * 0.04 for i in range(12)])
def test_killed_while_starting(tracer, library, after_s):
    """At whatever moment of its start this is."""
    with tracer.target("steady") as (target, ready):
        sites = site_addresses(target.pid, library)
        arguments = [tracer.memtrace, "-p", str(ready["ready"]), "-q", "--json", "report.json"]
        memtrace = subprocess.Popen(arguments, cwd=tracer.work)
        time.sleep(after_s)
        ids = programs_of(memtrace.pid)
        memtrace.kill()
        memtrace.wait()
        expect_clean(tracer, target, sites, ids)
        assert stop_target(target)


def leaks():
    """What the kernel's log says of probes that a memtrace left, a line each."""
    log = subprocess.run(["dmesg"], capture_output=True, text=True, check=False).stdout
    return re.findall(r".*uprobe: memtrace:\d+ failed to unregister.*", log)


def test_killed_while_stopping(tracer, library):
    """
    Through all of the detach in small steps. A kernel that takes a breakpoint away for a process
    with a SIGKILL pending fails and leaves it ("leaking uprobe" in the kernel's log): the last
    reference to a probe must go when a process exits, never in a close() that a signal can meet.
    The log tells of more than the bytes do: of kills after the first of the kernel's two passes.
    """
    left, kills, before = [], 0, leaks()
    for after_ms in range(0, 60, 2):
        with tracer.target("steady") as (target, ready):
            sites = site_addresses(target.pid, library)
            with tracer.attached(ready["ready"]) as memtrace:
                ids = programs_of(memtrace.pid)
                memtrace.send_signal(signal.SIGINT)
                time.sleep(after_ms / 1000)
                kills += memtrace.poll() is None
                memtrace.kill()
                memtrace.wait()
            try:
                expect_clean(tracer, target, sites, ids, deadline_s=10)
            except AssertionError as error:
                left.append(f"after {after_ms} ms: {error}")
            assert stop_target(target)
    assert not left, f"{len(left)} of {kills} kills left something\n" + "\n".join(left)
    new = set(leaks()) - set(before)  # lines have a time: pids come again
    assert not new, f"of {kills} kills the kernel says:\n" + "\n".join(new)


def test_attaching_again_and_again(tracer):
    """Each trace is exact, and the target is none the worse."""
    reports = []
    with tracer.target("steady") as (target, ready):
        for _ in range(10):
            with tracer.attached(ready["ready"]) as memtrace:
                let_run(target.pid, 100)
                reports.append(tracer.detach(memtrace)[1])
        lines = stop_target(target)
    for report in reports:
        assert not compare_alike(report, lines)
