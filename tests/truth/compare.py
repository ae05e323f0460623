# SPDX-License-Identifier: GPL-2.0-or-later
"""What a report says against what the workload knows. Each difference is one line of text."""
import mmap
import os
import re

WARM_UP = "warm-up"
# From Linux 7.0 on a tracepoint's program can be preempted, and the next one on that CPU is left out:
# what it would have counted is seen later, and the rest of the report has to be right.
KERNEL = tuple(map(int, re.findall(r"\d+", os.uname().release)[:2]))
MAY_MISS = KERNEL >= (7, 0)
# Split counters without programs at the end of page faults: of a process at rest the last fault is not
# known, and the bound says so.
LAST_FAULT_UNSEEN = KERNEL < (6, 2) and os.uname().machine == "aarch64"
PAGE = mmap.PAGESIZE
BY_NAME = {"growth_bytes": ("growth_bytes", "total"), "peak_growth_bytes": ("peak_growth_bytes", "max")}
PLAIN = ("count", "incomplete", "overlapped_count", "gained_bytes", "returned_bytes",
         "own_growth_bytes", "self_growth_bytes", "foreign_growth_bytes")
RESULT = ("growth_bytes", "peak_growth_bytes", "gained_bytes", "returned_bytes", "own_growth_bytes",
          "by_type_bytes")


def readable(name):
    """How many U+FFFD stand for one piece of no UTF-8 is nobody's promise."""
    return re.sub("\ufffd+", "\ufffd", name)


def differ(what, key, got, expected):
    if got == expected:
        return []
    off = ""
    if key.endswith("bytes") and isinstance(got, int) and isinstance(expected, int):
        off = f" ({(got - expected) / PAGE:+g} pages)"
    return [f"{what}: {key}: report {got}, truth {expected}{off}"]


def by_type(what, got, expected):
    return [d for kind, value in expected.items()
            for d in differ(what, f"by_type.{kind}.bytes", got[kind], value)]


def operation(row, truth):
    what, found = repr(row["name"]), []
    for key in PLAIN:
        if key in truth:
            found += differ(what, key, row[key], truth[key])
    for key, (outer, inner) in BY_NAME.items():
        if key in truth:
            found += differ(what, key, row[outer][inner], truth[key])
    found += by_type(what, row["by_type_bytes"], truth.get("by_type_bytes", {}))
    return found


def bounds(row, truth, bound):
    growth, least = row["growth_bytes"]["total"], truth["growth_at_least_bytes"] - bound
    most = truth["growth_at_most_bytes"] + bound
    if least <= growth <= most:
        return []
    off = growth - most if growth > most else growth - least
    return [f"{row['name']!r}: growth {growth} is not from {least} to {most} ({off / PAGE:+g} pages)"]


def consistent(row):
    """What holds for every operation of every report."""
    what, types = repr(row["name"]), row["by_type_bytes"]
    growth, complete = row["growth_bytes"], row["count"] - row["incomplete"]
    found = differ(what, "gained - returned bytes", row["gained_bytes"] - row["returned_bytes"],
                   growth["total"])
    found += differ(what, "sum of types bytes", types["anon"] + types["file"] + types["shmem"],
                    growth["total"])
    if complete > 0:
        if not growth["min"] <= growth["mean"] <= growth["max"]:
            found.append(f"{what}: growth min, mean, max are {growth}")
        if abs(growth["mean"] * complete - growth["total"]) > abs(growth["total"]) * 1e-9:
            found.append(f"{what}: {complete} windows with growth {growth}")
    return found


def window(report, truth):
    rows = [w for w in report["windows"]
            if w["operation"] == truth["window"] and w["end"] == truth["end"]]
    what = f"window {truth['window']!r}"
    if len(rows) != 1:
        return [f"{what}: {len(rows)} rows that end with {truth['end']!r}"]
    found = by_type(what, rows[0]["by_type_bytes"], truth.get("by_type_bytes", {}))
    for key in ("growth_bytes", "own_growth_bytes"):
        if key in truth:
            found += differ(what, key, rows[0][key], truth[key])
    return found


def result(truths, line):
    """The result in the process against the truth of the same operation."""
    what = f"result {line['result']!r}"
    if line["status"]:
        return [f"{what}: status {line['status']}"]
    return [d for key in RESULT for d in differ(what, key, line[key], truths[line["result"]][key])]


def processes(report, truth):
    rows = [p for p in report["processes"]
            if p["command"] and p["command"][0].endswith(truth["process"]) and p["begin"] == "exec"]
    if len(rows) != 1:
        return [f"process {truth['process']}: {len(rows)} rows"]
    return differ(truth["process"], "peak_rss_bytes", rows[0]["peak_rss_bytes"],
                  truth["peak_rss_bytes"])


def losses(report, lines, allowed):
    """All zero but what the workload itself provoked."""
    expected = {key: 0 for key in report["losses"]}
    for line in lines:
        expected.update(line.get("losses", {}))
    if MAY_MISS:
        del expected["recursion_misses"]
    return [d for key, value in expected.items() if key not in allowed
            for d in differ("losses", key, report["losses"][key], value)]


def differences(report, lines, bound=0, allowed=(), exact=True):
    """
    All differences. bound: bytes that ranges are widened by; allowed: losses that may be there;
    exact: the report has to say that it is.
    """
    rows = {readable(row["name"]): row for row in report["operations"]}
    truths = {readable(line["operation"]): line for line in lines if "operation" in line}
    found = losses(report, lines, allowed)
    if exact and not LAST_FAULT_UNSEEN:
        found += differ("accounting", "error_bound_bytes",
                        report["accounting"]["error_bound_bytes"], 0)
    for name, truth in truths.items():
        if name not in rows:
            found.append(f"{name!r}: not in the report")
            continue
        found += operation(rows[name], truth)
        if "growth_at_least_bytes" in truth:
            found += bounds(rows[name], truth, bound)
    for name in rows.keys() - truths.keys() - {WARM_UP}:
        found.append(f"{name!r}: in the report, but nothing of the workload's")
    for row in report["operations"]:
        found += consistent(row)
    for line in lines:
        if "window" in line:
            found += window(report, line)
        elif "result" in line:
            found += result(truths, line)
        elif "process" in line:
            found += processes(report, line)
    return found
