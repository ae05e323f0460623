# SPDX-License-Identifier: GPL-2.0-or-later
"""Workloads of one thread: no byte off, nothing lost, error bound 0, in every one of many runs."""
import collections
import pathlib
import subprocess
import tempfile

import pytest

from compare import differences

# name, arguments of the workload, options of memtrace
CASES = [
    ("anon",), ("static",), ("static-pie",), ("file",), ("shmem",), ("thp",), ("zero",), ("peak",),
    ("nested",), ("names",), ("many", "10000"), ("fork",), ("exec",), ("vfork",), ("exit",),
    ("endonly",), ("foreign",), ("dlopen",), ("results",), ("longname",), ("hostile",), ("plain",),
]
NEED_WINDOWS = {"exec", "exit"}
WITH_A_THREAD = {"exit"}  # the second one runs while the first one waits


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_every_run_is_exact(tracer, repeat, case):
    differing, kinds = 0, collections.Counter()
    options = ["--windows"] if case[0] in NEED_WINDOWS else []
    for _ in range(repeat):
        lines, report = tracer.run(*case, options=options)
        assert lines, "the workload printed nothing"
        found = differences(report, lines, exact=case[0] not in WITH_A_THREAD)
        differing += bool(found)
        kinds.update(found)
    worst = "\n".join(f"{n} times {text}" for text, n in kinds.most_common(10))
    assert not differing, f"{differing} of {repeat} runs differ\n{worst}"


def test_what_another_process_pages_out(tracer, repeat):
    """Paging out another process' memory takes privileges: as root."""
    failed = []
    for _ in range(repeat):
        lines, report = tracer.run("foreign", "pageout", user="root")
        failed += differences(report, lines)
    assert not failed, f"{len(failed)} differences in {repeat} runs\n" + "\n".join(failed[:10])


@pytest.fixture
def swap():
    """Swap for a while, in a file, where the machine has none."""
    if len(pathlib.Path("/proc/swaps").read_text().splitlines()) > 1:
        yield
        return
    with tempfile.NamedTemporaryFile(prefix="memtrace-swap-") as file:
        file.write(bytes(64 << 20))
        file.flush()
        try:
            subprocess.run(["mkswap", file.name], check=True, capture_output=True)
            subprocess.run(["swapon", file.name], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"no swap, and none can be made: {error}")
        try:
            yield
        finally:
            subprocess.run(["swapoff", file.name], check=True)


def test_swap(tracer, repeat, swap):
    """Out to swap and back: what leaves anon stands in swap, beside the resident memory."""
    failed = []
    for _ in range(repeat):
        lines, report = tracer.run("swap")
        failed += differences(report, lines)
        assert report["processes"][0]["swap_peak_bytes"] > 0
    assert not failed, f"{len(failed)} differences in {repeat} runs\n" + "\n".join(failed[:10])
