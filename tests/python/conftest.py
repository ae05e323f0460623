# SPDX-License-Identifier: GPL-2.0-or-later
"""
The tests of the agent for `-w python:NAME`, with every interpreter found.

MEMTRACE_PYTHONS  paths of the interpreters to test, with `:` between
CC                compiler of the library that stands in for the marker library, default cc
"""
import os
import pathlib
import subprocess

import pytest

from recording import AGENT, SOURCE, Python, Runner, pythons

ALL = pythons()
SUPPORTED = [python for python in ALL if python.version >= (3, 9)]


def name_of(python: Python) -> str:
    return ".".join(map(str, python.version))


@pytest.fixture(scope="session")
def library(tmp_path_factory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("library") / "librecorder.so"
    sources = [AGENT / name for name in ("agent.c", "functions.c", "open_frames.c")]
    subprocess.run(
        [os.environ.get("CC", "cc"), "-shared", "-fPIC", "-std=gnu11", "-g", "-Wall", "-Wextra",
         "-Werror", "-I", SOURCE / "user/marker", *sources,
         pathlib.Path(__file__).with_name("recorder.c"), "-pthread", "-o", path],
        check=True,
    )
    return path


@pytest.fixture(params=SUPPORTED, ids=name_of)
def python(request) -> Python:
    return request.param


@pytest.fixture
def runner(python, library, tmp_path) -> Runner:
    return Runner(python, library, tmp_path)


@pytest.fixture(params=[python for python in ALL if python.version < (3, 9)] or [None],
                ids=lambda python: name_of(python) if python else "none")
def too_old(request) -> Python:
    if request.param is None:
        pytest.skip("no Python before 3.9 here")
    return request.param
