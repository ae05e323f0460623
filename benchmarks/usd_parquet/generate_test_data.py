#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the data that the suite reads: the same points as USDC, as USDC payloads, and as Parquet
without and with compression. Says where; does nothing when the files are there already."""
from __future__ import annotations

import argparse
import pathlib

from suite.generate import generate
from suite.options import DEFAULT_DATA, add_shape_options, shape_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_shape_options(parser.add_argument)
    parser.add_argument("--data", type=pathlib.Path, default=DEFAULT_DATA, metavar="DIR",
                        help="where data sets lie, a directory each (default: %(default)s)")
    options = parser.parse_args()
    directory, written = generate(options.data, shape_of(options))
    print(f"{directory}: {'written' if written else 'up to date'}")
    for path in sorted(p for p in directory.rglob("*") if p.is_file()):
        print(f"  {path.stat().st_size:>13,} bytes  {path.relative_to(directory)}")


if __name__ == "__main__":
    main()
