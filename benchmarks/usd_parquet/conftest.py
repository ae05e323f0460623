# SPDX-License-Identifier: GPL-2.0-or-later
"""Options of the suite, its data, and its report at the end of a run."""
from __future__ import annotations

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from suite.dataset import Dataset  # noqa: E402
from suite.generate import generate  # noqa: E402
from suite.options import DEFAULT_DATA, add_shape_options, positive, shape_of  # noqa: E402
from suite.output import write  # noqa: E402
from suite.session import Measured  # noqa: E402
from suite.text import everything  # noqa: E402

MEASURED = pytest.StashKey[Measured]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("usd_parquet", "the USDC and Parquet suite")
    add_shape_options(group.addoption)
    group.addoption("--data", type=pathlib.Path, default=DEFAULT_DATA, metavar="DIR",
                    help="where the generated data lies")
    group.addoption("--isolate", action="store_true",
                    help="run each round in a fresh process, since allocators keep pages")
    group.addoption("--rounds", type=positive, default=3, metavar="N",
                    help="measured rounds of each operation (default: 3)")
    group.addoption("--warmup", type=int, default=0, metavar="N",
                    help="rounds before those that count; not with --isolate (default: 0)")
    group.addoption("--tracemalloc", action="store_true",
                    help="also run each under tracemalloc, for Python's own share")
    group.addoption("--out", type=pathlib.Path, default=None, metavar="DIR",
                    help="write results.json, results.txt and comparison.svg")


@pytest.fixture(scope="session")
def measured(pytestconfig: pytest.Config) -> Measured:
    options = pytestconfig.option
    directory, _ = generate(options.data, shape_of(options))
    dataset = Dataset.load(directory)
    dataset.warm_page_cache()
    pytestconfig.stash[MEASURED] = Measured(options, dataset)
    return pytestconfig.stash[MEASURED]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter,
                            config: pytest.Config) -> None:
    measured = config.stash.get(MEASURED, None)
    if measured is None or not (results := measured.report()):
        return
    terminalreporter.section("USDC and Parquet")
    terminalreporter.write_line(everything(results))
    if config.option.out:
        write(config.option.out, measured.dataset, results)
        terminalreporter.write_line(f"\nWritten to {config.option.out}")
