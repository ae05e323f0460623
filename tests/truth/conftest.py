# SPDX-License-Identifier: GPL-2.0-or-later
"""
The tests that hold reports against what programs know of themselves. They need root.

MEMTRACE         the program under test, default build/user/cli/memtrace
WORKLOADS        directory of the built workloads, default build/tests/workloads
MEMTRACE_REPEAT  how often each single-threaded workload runs, default 100
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

from tracing import NOBODY, Tracer

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = SOURCE / "build"
MEMTRACE = pathlib.Path(os.environ.get("MEMTRACE", BUILD / "user/cli/memtrace")).resolve()
WORKLOADS = pathlib.Path(os.environ.get("WORKLOADS", BUILD / "tests/workloads")).resolve()


def libraries_of(program):
    """Path of the marker library that a workload was built with."""
    done = subprocess.run(["ldd", program], capture_output=True, text=True, check=True)
    return re.findall(r"(libmemtrace-marker\S*) => (\S+)", done.stdout)


@pytest.fixture(scope="session")
def repeat():
    return int(os.environ.get("MEMTRACE_REPEAT", "100"))


@pytest.fixture(scope="session")
def programs():
    """A copy of the workloads that everybody may run; the build may be in root's home."""
    if os.geteuid():
        pytest.skip("needs root")
    directory = pathlib.Path(tempfile.mkdtemp(prefix="memtrace-truth-", dir="/var/tmp"))
    directory.chmod(0o755)
    for path in WORKLOADS.iterdir():
        if path.is_file() and (path.name.startswith("workload-") or path.suffix == ".so"):
            shutil.copy2(path, directory)
    for name, path in libraries_of(WORKLOADS / "workload-anon"):
        shutil.copy2(path, directory / name)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def schema():
    return json.loads((SOURCE / "user/report/report.schema.json").read_text())


@pytest.fixture
def tracer(programs, schema):
    """On a disk and not in /tmp: there a file's pages could be shmem."""
    assert MEMTRACE.exists(), f"{MEMTRACE} was not built"
    work = pathlib.Path(tempfile.mkdtemp(prefix="memtrace-truth-", dir="/var/tmp"))
    work.chmod(0o755)
    os.chown(work, NOBODY.pw_uid, NOBODY.pw_gid)
    yield Tracer(MEMTRACE, programs, schema, work)
    shutil.rmtree(work)
