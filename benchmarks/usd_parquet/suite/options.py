# SPDX-License-Identifier: GPL-2.0-or-later
"""Options that several commands share. `add` is argparse's add_argument or pytest's addoption."""
from __future__ import annotations

import argparse
import dataclasses
import pathlib
from typing import Any, Callable

from .shape import SIZES, Shape

DEFAULT_DATA = pathlib.Path(__file__).resolve().parent.parent / "data"


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: not a positive number")
    return value


def add_shape_options(add: Callable[..., Any]) -> None:
    add("--size", choices=sorted(SIZES), default="small", help="how much data (default: small)")
    add("--points", type=positive, default=None, metavar="N",
        help="points of a prim at one time sample; instead of the size's")
    add("--prims", type=positive, default=None, metavar="N", help="prims; instead of the size's")
    add("--samples", type=positive, default=None, metavar="N",
        help="time samples of a prim; instead of the size's")
    add("--seed", type=int, default=1, metavar="N", help="of the random numbers (default: 1)")


def shape_of(options: argparse.Namespace) -> Shape:
    given = {name: getattr(options, name) for name in ("points", "prims", "samples")
             if getattr(options, name) is not None}
    return dataclasses.replace(SIZES[options.size], seed=options.seed, **given)
