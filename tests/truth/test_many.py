# SPDX-License-Identifier: GPL-2.0-or-later
"""A million windows: all counted, and memtrace stays small. A long list of them is complete."""
import subprocess

from compare import PAGE, WARM_UP, differences
from tracing import lines_of

LISTED = 20000
MOST_BYTES = 30 * 1000 * 1000


def run_many(tracer, windows, *options):
    """Returns (the truth, the report, the most memory that memtrace had)."""
    command = tracer.command([tracer.program("many"), str(windows)], *options)
    shell = ["sh", "-c", 'exec "$@" 3>maxrss', "sh", tracer.program("maxrss")]
    done = subprocess.run([*shell, *command], cwd=tracer.work, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = lines_of(done.stdout)
    assert sum(line["count"] for line in lines) == windows
    return (lines, tracer.read_report(tracer.work / "report.json"),
            int((tracer.work / "maxrss").read_text()))


def test_a_million_windows(tracer):
    lines, report, most_bytes = run_many(tracer, 1000000)
    assert not differences(report, lines)
    assert most_bytes < MOST_BYTES


def test_a_long_list(tracer):
    """Not a million: it is this test that could not hold so many rows."""
    lines, report, _ = run_many(tracer, LISTED, "--windows")
    assert not differences(report, lines, allowed=("windows",))
    listed = sum(w["operation"] != WARM_UP for w in report["windows"])
    assert LISTED <= listed + report["losses"]["windows"] <= LISTED + 1000
    for number in range(4):
        growths = {w["growth_bytes"] for w in report["windows"]
                   if w["operation"] == f"operation {number}"}
        assert growths == {number * PAGE}
