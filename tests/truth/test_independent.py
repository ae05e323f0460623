# SPDX-License-Identifier: GPL-2.0-or-later
"""
What a workload claims, and what memtrace reports, against what the kernel finds when it walks the
page tables at both ends of each window (/proc/self/smaps_rollup, through a preloaded library). The
first of the two tests does without memtrace: it is the workloads' own self-check.
"""
import json
import subprocess

import pytest

from compare import PAGE, WARM_UP, differences, readable
from tracing import NOBODY, SKIP, lines_of

CASES = [
    ("anon",), ("file",), ("shmem",), ("thp",), ("zero",), ("peak",), ("nested",), ("names",),
    ("many", "10000"), ("fork",), ("vfork",), ("endonly",), ("foreign",), ("results",),
    ("longname",), ("hostile",), ("overlap",), ("threads",),
]
# While other threads run, a walk and a counter are readings of different moments: of these
# workloads only the operations that begin and end at a standstill are compared.
STAND_STILL = {"threads": {"all threads"}}


def preloaded(tracer, case):
    """The command, with the library before the marker library; and where it writes."""
    walked = tracer.work / "walked"
    walked.unlink(missing_ok=True)
    return (["env", f"LD_PRELOAD={tracer.programs / 'libworkload-walk.so'}",
             f"WORKLOAD_WALK={walked}", tracer.program(case[0]), *case[1:]], walked)


def read_walked(path):
    """{operation: (windows, growth, anonymous growth)} in bytes."""
    rows = {}
    for line in path.read_text().splitlines():
        row = json.loads(line)
        name = readable(bytes.fromhex(row["walked"]).decode("utf-8", "replace"))
        windows, growth, anon = rows.get(name, (0, 0, 0))
        rows[name] = (windows + row["count"], growth + row["growth_bytes"], anon + row["anon_bytes"])
    assert rows
    return rows


def compare(walked, claims, who, only=None):
    """claims: (name, windows, growth, anonymous growth); None is not known."""
    found = []
    for name, windows, growth, anon in claims:
        if name == WARM_UP or only and name not in only:
            continue
        for what, said, seen in zip(("windows", "growth", "anon"), (windows, growth, anon),
                                    walked.get(readable(name), (0, 0, 0))):
            if said is not None and said != seen:
                off = "" if what == "windows" else f" ({(said - seen) / PAGE:+g} pages)"
                found.append(f"{name!r}: {what}: {who} {said}, page tables {seen}{off}")
    return found


def of_truth(lines):
    return [(line["operation"], line["count"] - line["incomplete"], line.get("growth_bytes"),
             line.get("by_type_bytes", {}).get("anon")) for line in lines if "operation" in line]


def of_report(report):
    return [(row["name"], row["count"] - row["incomplete"], row["growth_bytes"]["total"],
             row["by_type_bytes"]["anon"]) for row in report["operations"]]


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_workload_against_page_tables(tracer, case):
    command, path = preloaded(tracer, case)
    done = subprocess.run(command, cwd=tracer.work, capture_output=True, check=False,
                          user=NOBODY.pw_uid, group=NOBODY.pw_gid, extra_groups=[])
    if done.returncode == SKIP:
        pytest.skip(done.stderr.decode())
    assert done.returncode == 0, done.stderr
    claims = of_truth(lines_of(done.stdout))
    assert claims
    assert not compare(read_walked(path), claims, "truth", STAND_STILL.get(case[0]))


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_report_against_page_tables(tracer, case):
    command, path = preloaded(tracer, case)
    output, report = tracer.run_command(command)
    only = STAND_STILL.get(case[0])
    assert not compare(read_walked(path), of_report(report), "report", only)
    if not only:
        assert not differences(report, lines_of(output), exact=False)
