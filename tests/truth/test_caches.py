# SPDX-License-Identifier: GPL-2.0-or-later
"""
Many threads that fault little each: what kernels up to 6.1 keep to the thread (accounting "split").
Boundaries are exact on every kernel; peaks where there are per-CPU counters, elsewhere within the
bound that the report states.
"""
import pytest

from compare import differences


def peaks_within_bound(report, lines):
    """Takes the peaks out of the truth, and compares them."""
    bound = report["accounting"]["error_bound_bytes"]
    rows = {row["name"]: row for row in report["operations"]}
    for line in lines:
        peak = line.pop("peak_growth_bytes")
        got = rows[line["operation"]]["peak_growth_bytes"]["max"]
        print(f"{line['operation']}: peak {got}, truth {peak}, bound {bound}")
        assert abs(got - peak) <= bound


@pytest.mark.parametrize("threads", [1, 8, 64])
def test_boundaries_and_peaks(tracer, threads):
    lines, report = tracer.run("caches", str(threads))
    if report["accounting"]["model"] == "split":
        assert report["accounting"]["error_bound_bytes"], "threads count for themselves"
        peaks_within_bound(report, lines)
    assert not differences(report, lines, exact=False, allowed=("ambiguous_own",))
