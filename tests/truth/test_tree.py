# SPDX-License-Identifier: GPL-2.0-or-later
"""The peak of a process tree: of the sum, not the sum of peaks that do not coincide."""
import subprocess

import pytest

from compare import LAST_FAULT_UNSEEN, PAGE
from tracing import DEADLINE_S, parse, smaps_rss_bytes

SCALE = max(1, PAGE >> 14)  # large pages: fewer of them
# Who holds how many pages from then on. Each line changes the sum in one direction.
STEPS = [(child, pages // SCALE) for child, pages in (
    (0, 10000), (0, 0), (1, 12000), (2, 3000), (1, 0), (2, 9000), (0, 5000), (2, 100), (0, 0))]


def walk(process, pids):
    """Goes through the steps; the highest of the sums of RSS at each standstill."""
    sums = []
    for step in ((0, 100), (1, 100), (2, 100), (0, 0), (1, 0), (2, 0), *STEPS):
        process.stdin.write(b"%d %d\n" % step)
        process.stdin.flush()
        assert process.stdout.readline() == b"{}\n"
        sums.append(sum(smaps_rss_bytes(pid) for pid in pids))
    process.communicate(timeout=DEADLINE_S)
    return max(sums)


@pytest.mark.parametrize("how", ["command", "attach"])
def test_peak_of_the_sum(tracer, how):
    program = [tracer.program("tree")]
    command = tracer.command(program) if how == "command" else program
    process = subprocess.Popen(command, cwd=tracer.work, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    try:
        pids = parse(process.stdout.readline())["pids"]
        if how == "command":
            highest = walk(process, pids)
        else:
            with tracer.attached(",".join(map(str, pids))) as memtrace:
                highest = walk(process, pids)
                _, errors = memtrace.communicate(timeout=DEADLINE_S)
            assert not errors
        report = tracer.read_report(tracer.work / "report.json")
    finally:
        process.kill()
        process.wait()
    peaks = [row["peak_rss_bytes"] for row in report["processes"]]
    assert len(peaks) == len(pids)
    if LAST_FAULT_UNSEEN:
        bound = report["accounting"]["error_bound_bytes"]
        assert abs(report["tree"]["peak_rss_bytes"] - highest) <= bound
    else:
        assert report["tree"]["peak_rss_bytes"] == highest
    assert sum(peaks) > highest + 5000 // SCALE * PAGE, "the peaks do not coincide"
