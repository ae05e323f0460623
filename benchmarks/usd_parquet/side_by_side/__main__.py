# SPDX-License-Identifier: GPL-2.0-or-later
"""`python -m side_by_side --memtrace COMMAND --data DIR --out DIR`: measures, and writes
side-by-side.md and side-by-side.svg."""
from __future__ import annotations

import argparse
import os
import pathlib
import shlex

from suite.generate import generate
from suite.options import positive
from suite.output import write_text
from suite.shape import SIZES

from .measure import compare_all
from .page import page
from .picture import draw


def main() -> None:
    parser = argparse.ArgumentParser(prog="side_by_side", description=__doc__)
    parser.add_argument("--memtrace", default="memtrace -q", metavar="COMMAND")
    parser.add_argument("--data", type=pathlib.Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=pathlib.Path, required=True, metavar="DIR")
    parser.add_argument("--rounds", type=positive, default=3)
    parser.add_argument("--timing-rounds", type=positive, default=7)
    options = parser.parse_args()
    directory, _ = generate(options.data, SIZES["small"])
    os.environ["SIDE_BY_SIDE_DATASET"] = str(directory.resolve())
    os.environ["PYTHONHASHSEED"] = "0"
    comparisons = compare_all(shlex.split(options.memtrace), options.rounds, options.timing_rounds)
    options.out.mkdir(parents=True, exist_ok=True)
    draw(comparisons, options.out / "side-by-side.svg")
    write_text(options.out / "side-by-side.md",
               page(comparisons, options.rounds, options.timing_rounds))


if __name__ == "__main__":
    main()
