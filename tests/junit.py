#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a JUnit file says.

    tests/junit.py FILE NAME

prints "PASSED FAILED SKIPPED", and to standard error what failed and why what was skipped.
"""
import sys
import xml.etree.ElementTree as tree


class Results:
    """xml: bytes of a file. failed: (case, text); skipped: (case, reason)."""

    def __init__(self, xml):
        self.failed, self.skipped, self.passed = [], [], 0
        for case in tree.fromstring(xml).iter("testcase"):
            problem = case.find("failure") if case.find("error") is None else case.find("error")
            if problem is not None:
                self.failed.append((f"{case.get('classname')} {case.get('name')}",
                                    problem.text or ""))
            elif case.find("skipped") is not None:
                self.skipped.append((case.get("name"), case.find("skipped").get("message")))
            else:
                self.passed += 1


def main():
    path, name = sys.argv[1:]
    with open(path, "rb") as file:
        results = Results(file.read())
    for case, _ in results.failed:
        print(f"not ok {name}: {case}", file=sys.stderr)
    for case, reason in results.skipped:
        print(f"skipped {name}: {case}: {reason}", file=sys.stderr)
    print(results.passed, len(results.failed), len(results.skipped))


if __name__ == "__main__":
    main()
