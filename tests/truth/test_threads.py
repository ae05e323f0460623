# SPDX-License-Identifier: GPL-2.0-or-later
"""
Several threads. Where they stand still at both boundaries nothing may be off; while they run, a
growth lies within the range that the threads' own counters leave, give or take the error bound of
the report.
"""
import os

import pytest

from compare import differences


@pytest.fixture(name="runs")
def fewer(repeat):
    """These take longer than a test of one thread."""
    return min(10, repeat)


def total_own(report):
    return sum(row["own_growth_bytes"] for row in report["operations"] if row["name"] != "warm-up")


@pytest.mark.parametrize("name", ["overlap", "forkprobe"])
def test_overlapping_windows_and_forks(tracer, runs, name):
    for _ in range(runs):
        lines, report = tracer.run(name)
        allowed = ["ambiguous_own"] if report["accounting"]["model"] == "split" else []
        if allowed and report["losses"]["ambiguous_own"]:
            for line in lines:
                line.pop("own_growth_bytes", None)
        assert not differences(report, lines, exact=False, allowed=allowed)


def test_threads_on_changing_cpus(tracer, runs):
    """The split between threads may be a guess where the report counts one; the sum never is."""
    for _ in range(runs):
        lines, report = tracer.run("threads")
        guessed = report["losses"]["ambiguous_own"]
        # What came and went on two CPUs at once is seen as one change; what a thread hands over
        # (split) may seem to come and go.
        for line in lines:
            gained, returned = line.pop("gained_bytes", None), line.pop("returned_bytes", None)
            if gained is None or report["accounting"]["model"] == "split":
                continue
            row = next(r for r in report["operations"] if r["name"] == line["operation"])
            bound = report["accounting"]["error_bound_bytes"]
            assert abs(row["gained_bytes"] - gained) <= bound
            assert abs(row["returned_bytes"] - returned) <= bound
        if guessed:
            for line in lines:
                if line["operation"] != "all threads":
                    del line["own_growth_bytes"], line["foreign_growth_bytes"]
        assert not differences(report, lines, exact=False, allowed=("ambiguous_own",))
        if guessed and report["accounting"]["model"] == "split":
            continue  # what a walk claims while its thread is handing over is nobody's own
        truth = next(line for line in lines if line["operation"] == "all threads")
        assert total_own(report) == truth["growth_bytes"], f"{guessed} guesses"


def test_windows_while_threads_hammer(tracer, runs):
    for _ in range(runs):
        lines, report = tracer.run("hammer")
        bound = report["accounting"]["error_bound_bytes"]
        if len(os.sched_getaffinity(0)) > 1:
            assert bound, "threads on several CPUs change pages all along"
        if report["losses"]["ambiguous_own"]:
            for line in lines:
                del line["own_growth_bytes"]
        allowed = ["ambiguous_own"]
        if report["accounting"]["model"] == "split":
            allowed.append("inexact_reads")  # no moment without a thread that hands over
        found = differences(report, lines, bound=bound, exact=False, allowed=allowed)
        assert not found, f"error bound {bound}\n" + "\n".join(found)
