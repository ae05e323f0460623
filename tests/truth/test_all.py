# SPDX-License-Identifier: GPL-2.0-or-later
"""memtrace -a: every process of the host, short-lived ones and storms of them included."""
import os
import pathlib
import re
import subprocess

from compare import differ
from tracing import DEADLINE_S, lines_of, smaps_rss_bytes

STORM = 3000
# As sh would run it: fork and exec, one after the other, and some that only fork.
STORM_SCRIPT = f"""
i=0
while [ $i -lt {STORM} ]; do
	/bin/true memtrace-storm $i
	( : )
	i=$((i + 1))
done
"""


def all_of(tracer, *options):
    """memtrace -a, with the fixture that -p uses: it gets -a in the place of a pid."""
    return tracer.attached(None, "-a", *options)


def rss_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmHWM:\s*(\d+)", text, re.M)[1])


def test_every_process(tracer):
    """Those that run are all there, and what stands still has the RSS of its page tables."""
    with tracer.target("plain", "wait") as (target, ready):
        with all_of(tracer) as memtrace:
            running = {int(path.name) for path in pathlib.Path("/proc").iterdir()
                       if path.name.isdigit() and os.path.exists(path / "exe")}
            before = smaps_rss_bytes(ready["standing"])
            _, report = tracer.detach(memtrace)
        target.stdin.write(b"x")
        target.communicate()
    rows = {row["pid"]: row for row in report["processes"]}
    ended = {pid for pid in running if not os.path.exists(f"/proc/{pid}")}
    assert running - set(rows) <= ended
    row = rows[target.pid]
    assert (row["begin"], row["end"]) == ("attach", "detach")
    assert not differ("standing", "rss_end_bytes", row["rss_end_bytes"], before)
    assert report["trace"]["mode"] == "all"
    assert report["trace"]["command"] is None


def test_markers_of_any_process(tracer):
    """A program that comes later: exact from its first window on, once its library is known."""
    with all_of(tracer) as memtrace:
        for _ in range(2):
            done = subprocess.run([tracer.program("anon")], cwd=tracer.work, capture_output=True,
                                  check=True)
        _, report = tracer.detach(memtrace)
    rows = {row["name"]: row for row in report["operations"]}
    for line in lines_of(done.stdout):
        row = rows[line["operation"]]
        assert line["count"] <= row["count"] <= 2 * line["count"]
        assert row["peak_growth_bytes"]["max"] == line["peak_growth_bytes"]


def test_a_storm_of_processes(tracer):
    """None is missing, or it is counted; memtrace stays small."""
    with all_of(tracer) as memtrace:
        subprocess.run(["/bin/sh", "-c", STORM_SCRIPT], cwd=tracer.work, check=True,
                       timeout=20 * DEADLINE_S)
        most = rss_kib(memtrace.pid)
        _, report = tracer.detach(memtrace)
    commands = [row["command"][2] for row in report["processes"]
                if row["begin"] == "exec" and row["command"] and "memtrace-storm" in row["command"]]
    missing = STORM - len(set(commands))
    lost = report["losses"]
    assert missing <= lost["processes"] + lost["events"]
    assert not missing, "and on this machine nothing need be lost"
    assert len(commands) == STORM, "each is there once"
    assert most < 100 * 1024, f"{most} KiB"


def test_it_is_refused_without_root(tracer):
    done = subprocess.run([tracer.memtrace, "-a"], capture_output=True, text=True, check=False,
                          user="nobody", cwd=tracer.work)
    assert done.returncode == 2
    assert done.stderr.startswith("memtrace: -a: only root")
