# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds what the operations were told in their own processes against memtrace's report."""
from __future__ import annotations

import argparse
import collections
import json
import pathlib
import sys

import memtrace


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=pathlib.Path, help="results.json of the suite")
    parser.add_argument("report", type=pathlib.Path, help="memtrace --windows --json of that run")
    options = parser.parse_args()
    report = memtrace.load(options.report)
    windows = collections.Counter(
        (w.operation, w.growth_bytes, w.peak_growth_bytes) for w in report.windows)
    told = collections.Counter(
        (result["name"], sample["growth_bytes"], sample["peak_bytes"])
        for result in json.loads(options.results.read_text())["results"]
        for sample in result["samples"] if sample["source"] == "kernel")
    missing = told - windows
    for name, growth, peak in missing:
        print(f"not in the report: {name}: growth {growth}, peak {peak}", file=sys.stderr)
    if missing or not told:
        print("verify: the results are not those of the report" if told else
              "verify: no result is from the kernel", file=sys.stderr)
        return 1
    bound = report.accounting.error_bound_bytes
    print(f"All {sum(told.values())} results equal memtrace's report; it was exact "
          + ("to the page" if bound == 0 else f"within {memtrace.format_bytes(bound)}")
          + f", {sum(report.losses.values())} losses.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
