# SPDX-License-Identifier: MIT
"""The pytest plugin under memtrace: numbers to the page."""

from __future__ import annotations

import mmap
from typing import Callable

import pytest

from pytest_sessions import Session, properties, run_traced, write_tests

pytest_plugins = ["pytester"]

PAGE = mmap.PAGESIZE
MIB = (1 << 20) // PAGE  # pages
Run = Callable[..., Session]


@pytest.fixture
def session(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, memtrace_program: str
) -> Run:
    """Runs pytest under memtrace on the tests in a source."""

    def session(source: str, *args: str) -> Session:
        write_tests(pytester, source)
        return run_traced(pytester, monkeypatch, memtrace_program, *args)

    return session


def test_phases(session: Run, pytester: pytest.Pytester) -> None:
    result = session(
        f"""
@pytest.fixture
def block():
    block = touch({5 * MIB})
    yield block
    touch({4 * MIB})
    block.close()

@pytest.mark.parametrize("i", [0, 1])
def test_a(i, block):
    keep({3 * MIB})
    touch({8 * MIB})

def test_b(): pass
""",
        "--junit-xml=junit.xml",
    )
    assert result.exit_code == 0
    setup, call, teardown = (
        [[peak * MIB * PAGE, growth * MIB * PAGE]] for peak, growth in [(5, 5), (11, 3), (4, -5)]
    )
    numbers = result.numbers()
    assert numbers["setup test_it.py::test_a[1]"] == setup
    assert numbers["test_it.py::test_a[1]"] == call
    assert numbers["teardown test_it.py::test_a[1]"] == teardown
    assert len(numbers) == 9
    assert properties(pytester.path / "junit.xml")["test_a[1]"] == {
        "memtrace_peak_bytes": str(call[0][0]),
        "memtrace_growth_bytes": str(call[0][1]),
        "memtrace_source": "kernel",
    }
    result.out.fnmatch_lines(
        [
            "*= memtrace =*",
            "      peak     growth  test",
            "  11.0 MiB    3.0 MiB  test_it.py::test_a[[]1[]]",
            "   5.0 MiB    5.0 MiB  setup test_it.py::test_a[[]1[]]",
            "   4.0 MiB   -5.0 MiB  teardown test_it.py::test_a[[]1[]]",
            "       0 B        0 B  test_it.py::test_b",
            "exact, counted by the kernel",
        ]
    )
    assert "sudo" not in result.out.str()


@pytest.mark.parametrize("keyword", ["limit", "growth"])
def test_limits_are_exact_to_the_page(session: Run, keyword: str) -> None:
    pages, do = 300, "keep" if keyword == "growth" else "touch"
    verb = "grew by" if keyword == "growth" else "peaked at"
    result = session(
        f"""
def test_warm(): {do}({pages})
@pytest.mark.memtrace({keyword}={pages} * PAGE)
def test_at(): {do}({pages})
@pytest.mark.memtrace({keyword}={pages - 1} * PAGE)
def test_over(): {do}({pages})
@pytest.mark.memtrace({keyword}="{(pages - 100) * PAGE // 1024} KiB")
def test_far_over(): {do}({pages})
"""
    )
    result.out.fnmatch_lines(["*2 failed, 2 passed*"])
    if PAGE != 4096:
        return
    result.out.fnmatch_lines(
        [
            f"memtrace: test_over {verb} 1.2 MiB (1,228,800 bytes), more than "
            f"{keyword}=1224704 (1,224,704 bytes) (exact)",
            f'memtrace: test_far_over {verb} 1.2 MiB, more than {keyword}="800 KiB" (exact)',
        ]
    )


def test_the_limit_is_not_for_fixtures(session: Run) -> None:
    result = session(
        f"""
@pytest.fixture
def block():
    yield touch({8 * MIB})
    touch({8 * MIB})
def test_a(block): touch({MIB})
""",
        "--memtrace-limit=2MiB",
    )
    assert result.exit_code == 0


def test_a_test_that_fails_has_its_numbers(session: Run) -> None:
    result = session(
        f"""
@pytest.mark.memtrace(limit="1 MiB")
def test_a():
    block = touch({4 * MIB})
    raise KeyError("its own")
"""
    )
    assert result.exit_code == 1
    result.out.fnmatch_lines(["*KeyError: 'its own'", "*  4.0 MiB*  test_it.py::test_a"])
    assert "peaked at" not in result.out.str()


def test_names_that_are_too_long(session: Run) -> None:
    result = session(
        f"""
@pytest.mark.parametrize("i", [0, 1])
@pytest.mark.parametrize("long", [0], ids=["{"y" * 200}"])
def test_a(long, i): touch({MIB} * (i + 1))
"""
    )
    assert result.report.losses["names_truncated"] == 0
    numbers = result.numbers()
    assert len(numbers) == 6
    calls = [name for name in numbers if not name.startswith(("setup ", "teardown "))]
    assert all("...test_a[...yyy" in name for name in calls)
    # What is shown to people is whole.
    result.out.fnmatch_lines([f"   2.0 MiB *  test_it.py::test_a[[]{'y' * 200}-1[]]"])


def test_reruns_are_windows(session: Run) -> None:
    pytest.importorskip("pytest_rerunfailures")
    result = session(
        f"""
tries = []
def test_a():
    tries.append(1)
    touch((4 - len(tries)) * {MIB})
    assert len(tries) == 3
""",
        "--reruns=2",
    )
    assert result.exit_code == 0
    peaks = [peak for peak, _ in result.numbers()["test_it.py::test_a"]]
    assert peaks[1:] == [2 * MIB * PAGE, MIB * PAGE]
    result.out.fnmatch_lines(["   3.0 MiB *  test_it.py::test_a"])


def test_workers_are_traced(session: Run) -> None:
    pytest.importorskip("xdist")
    result = session(
        f"""
@pytest.mark.parametrize("i", range(8))
def test_a(i): touch({MIB} * (i + 1))
@pytest.mark.memtrace(limit="1 MiB")
def test_over(): touch({16 * MIB})
""",
        "-n2",
    )
    assert result.exit_code == 1
    numbers = result.numbers()
    assert len({window.pid for window in result.report.windows}) == 2
    # A worker's first test also brings the code of the page faults' loop into memory.
    exact = 0
    for i in range(8):
        [[peak, growth]] = numbers[f"test_it.py::test_a[{i}]"]
        exact += [peak, growth] == [(i + 1) * MIB * PAGE, 0]
        result.out.fnmatch_lines([f"   {i + 1}.0 MiB *  test_it.py::test_a[[]{i}[]]"])
    assert exact >= 6
    result.out.fnmatch_lines(
        [
            'memtrace: test_over peaked at 16.0 MiB, more than limit="1 MiB" (exact)',
            "  16.0 MiB        0 B  test_it.py::test_over",
            "exact, counted by the kernel",
        ]
    )
