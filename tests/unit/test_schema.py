#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Validates JSON reports: test_schema.py SCHEMA REPORT... Exits with 77 (skip) without jsonschema.

The schema itself is tested, too: in a report that has everything, no key may be left out, become
null, or turn into text, unless the schema says so in as many words.
"""
import copy
import json
import sys

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed")
    sys.exit(77)

# null is not known; peak_operations of the tree and median_exact are additions to the contract.
OPTIONAL = {"median_exact", "tree.peak_operations", "processes.container", ".groups",
            ".processes_left_out"}
NULLABLE = {"thp", "note", "command", "exit_code", "exit_signal", "comm", "cgroup", "container", "user", "key", "minor", "major",
            "min", "mean", "median", "max", "stddev", "parent", "bpf_time_ns"}


def objects(value, name=""):
    """Every object inside, the first element standing for its list."""
    if isinstance(value, dict):
        yield name, value
        for key, inner in value.items():
            yield from objects(inner, key)
    elif isinstance(value, list) and value:
        yield from objects(value[0], name)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    failures = 0
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        for error in validator.iter_errors(report):
            failures += 1
            print(f"{path}: {error.json_path}: {error.message}")

    with open(sys.argv[2], encoding="utf-8") as file:
        report = json.load(file)
    for place, (name, found) in enumerate(list(objects(report))):
        for key in found:
            for what in ("left out", "null", "text"):
                changed = copy.deepcopy(report)
                target = list(objects(changed))[place][1]
                if what == "left out":
                    allowed = key in OPTIONAL or f"{name}.{key}" in OPTIONAL
                    del target[key]
                elif what == "null":
                    allowed = key in NULLABLE and not (name == "trace" and key == "command") \
                        and not (name == "processes" and key == "command")
                    target[key] = None
                else:
                    allowed = isinstance(found[key], str) or key in NULLABLE & {"thp", "note", "comm", "cgroup", "container", "user", "key"}
                    target[key] = "some text"
                    if key in ("schema", "mode", "begin", "end", "started_at", "by"):
                        allowed = False
                if validator.is_valid(changed) != allowed:
                    failures += 1
                    print(f"{name}.{key} {what}: {'refused' if allowed else 'accepted'}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
