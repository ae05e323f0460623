# SPDX-License-Identifier: GPL-2.0-or-later
"""A million windows: all counted, and memtrace stays small."""
import subprocess

import pytest

from compare import differences
from tracing import lines_of

WINDOWS = 1000000
MOST_BYTES = 30 * 1000 * 1000


@pytest.mark.parametrize("options", [[], ["--windows"]], ids=["totals", "windows"])
def test_a_million_windows(tracer, options):
    """With --windows the list may end somewhere, which is then counted; the totals are complete."""
    maxrss = tracer.work / "maxrss"
    command = tracer.command([tracer.program("many"), str(WINDOWS)], *options)
    shell = ["sh", "-c", 'exec "$@" 3>maxrss', "sh", tracer.program("maxrss")]
    done = subprocess.run([*shell, *command], cwd=tracer.work, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = lines_of(done.stdout)
    assert sum(line["count"] for line in lines) == WINDOWS
    report = tracer.read_report(tracer.work / "report.json")
    assert not differences(report, lines, allowed=("windows",) if options else ())
    if options:
        listed = sum(w["operation"] != "warm-up" for w in report["windows"])
        assert listed + report["losses"]["windows"] >= WINDOWS
    else:
        assert int(maxrss.read_text()) < MOST_BYTES
