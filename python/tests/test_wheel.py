# SPDX-License-Identifier: MIT
"""The wheel: what is in it, and that the one runs on every interpreter that is here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Iterator, List, Tuple

import pytest

import memtrace
from conftest import TIMEOUT_S

PROJECT = Path(__file__).resolve().parents[1]
OLDEST, NEWEST = 9, 14

SMOKE = """
import asyncio, sys
import memtrace

@memtrace.operation("coroutine")
async def coroutine():
    await asyncio.sleep(0)

@memtrace.operation("generator")
def generator():
    yield 1

op = memtrace.operation("block")
for i in range(1000):
    with op, op:
        pass
    with memtrace.MemoryTracker("tracked") as tracker:
        pass
asyncio.run(coroutine())
list(generator())
assert memtrace.marker.is_available
assert memtrace.is_traced()
assert tracker.result.source == "kernel"
before = sys.getrefcount(memtrace.operation)
for i in range(1000):
    memtrace.operation("x")
assert sys.getrefcount(memtrace.operation) == before
"""


def build(folder: Path, *before: str) -> Path:
    command = [*before, sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder]
    subprocess.run([*command, PROJECT], check=True, timeout=4 * TIMEOUT_S)
    [wheel] = folder.glob("*.whl")
    return wheel


def files(wheel: Path) -> List[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if sys.platform != "linux":
        pytest.skip("markers are for Linux")
    return build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def interpreters() -> Iterator[Tuple[str, str]]:
    """Version and path of each that is here and runs; also those that pyenv keeps."""
    roots = [*map(Path, os.environ["PATH"].split(":"))]
    roots += sorted((Path.home() / ".pyenv/versions").glob("*/bin"))
    for minor in range(OLDEST, NEWEST + 1):
        for root in roots:
            path = root / f"python3.{minor}"
            if path.exists() and not subprocess.run([path, "-V"], capture_output=True).returncode:
                yield f"3.{minor}", str(path)
                break


def test_one_wheel_for_every_python(wheel: Path) -> None:
    assert re.fullmatch(r"memtrace_bpf-[\d.]+-cp39-abi3-linux_\w+\.whl", wheel.name)
    names = files(wheel)
    assert [name for name in names if name.endswith(".so")] == ["memtrace/_marker.abi3.so"]
    assert {"memtrace/py.typed", "memtrace/_marker.pyi"} < set(names)
    assert not [name for name in names if not re.match(r"memtrace(_bpf-[\d.]+\.dist-info)?/", name)]
    assert not [
        name for name in names if re.search(r"\.(c|h|map|txt)$", name) and "dist-" not in name
    ]
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_extension_has_its_own_sites(unpacked: Path) -> None:
    if not shutil.which("readelf"):
        pytest.skip("no readelf")
    extension = unpacked / "memtrace/_marker.abi3.so"
    notes = subprocess.run(
        ["readelf", "-n", extension], capture_output=True, text=True, check=True
    ).stdout
    assert re.findall(r"Provider: (\S+)\s+Name: (\S+)", notes) == [
        ("memtrace", "begin"),
        ("memtrace", "end"),
    ]
    dynamic = subprocess.run(
        ["readelf", "-W", "-d", "--dyn-syms", extension], capture_output=True, text=True, check=True
    ).stdout
    assert "NODELETE" in dynamic
    # Nothing that another copy of the library could be bound to, nor this one to another's.
    defined = re.findall(r"(?:GLOBAL|WEAK)\s+DEFAULT\s+\d+ (\S+)", dynamic)
    assert defined == ["PyInit__marker"]
    assert not [name for name in re.findall(r"UND (\S+)", dynamic) if name.startswith("memtrace")]


@pytest.mark.parametrize("version, python", list(interpreters()))
def test_runs_on(version: str, python: str, memtrace_program: str, unpacked: Path) -> None:
    report = memtrace.run(
        [python, "-c", SMOKE],
        memtrace=memtrace_program,
        env={**os.environ, "PYTHONPATH": str(unpacked)},
        timeout_s=TIMEOUT_S,
    )
    assert report.exit_code == 0
    assert {operation.name: operation.count for operation in report.operations} == {
        "block": 2000,
        "tracked": 1000,
        "coroutine": 1,
        "generator": 1,
    }
    assert not any(report.losses.values())


def test_installs_into_a_clean_environment(wheel: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv/bin/python"
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--no-index", wheel], check=True, timeout=TIMEOUT_S
    )
    out = subprocess.run(
        [python, "-c", "import memtrace\nwith memtrace.MemoryTracker() as t: pass\n"
         "print(t.result.source)"],
        check=True,
        capture_output=True,
        text=True,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
    )  # fmt: skip
    assert out.stdout == "getrusage\n"  # no psutil there
    assert out.stderr == ""


def test_elsewhere_the_wheel_is_python_alone(tmp_path: Path) -> None:
    if sys.platform == "linux" and not shutil.which("setarch"):
        pytest.skip("no setarch")
    wheel = build(tmp_path, *(["setarch", "i686"] if sys.platform == "linux" else []))
    assert wheel.name.endswith("-py3-none-any.whl")
    assert not [name for name in files(wheel) if name.endswith(".so")]
    out = subprocess.run(
        [
            sys.executable,
            "-c",
            "import memtrace\n"
            "with memtrace.operation('x') as op: pass\n"
            "print(memtrace.__file__, memtrace.marker.is_available, op.result)",
        ],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(wheel)},
    ).stdout
    assert out == f"{wheel}/memtrace/__init__.py False None\n"


def test_the_source_archive_builds(tmp_path: Path) -> None:
    pytest.importorskip("scikit_build_core")
    subprocess.run(
        [sys.executable, "-c", "import sys\nfrom scikit_build_core.build import build_sdist\n"
         "build_sdist(sys.argv[1])", tmp_path],
        cwd=PROJECT,
        check=True,
        timeout=TIMEOUT_S,
    )  # fmt: skip
    [archive] = tmp_path.glob("*.tar.gz")
    shutil.unpack_archive(archive, tmp_path)
    archive.unlink()
    [folder] = tmp_path.iterdir()
    assert (folder / "marker/sites.c").is_file() and not (folder / "marker").is_symlink()
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path / "out", folder],
        check=True,
        timeout=4 * TIMEOUT_S,
    )
    [wheel] = (tmp_path / "out").glob("*.whl")
    assert "memtrace/_marker.abi3.so" in files(wheel)
