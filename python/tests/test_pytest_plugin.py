# SPDX-License-Identifier: MIT
"""The pytest plugin without a tracer."""

from __future__ import annotations

import sys
from typing import Callable

import pytest

import memtrace
from pytest_sessions import PAGES, properties, run

pytest_plugins = ["pytester"]

SAMPLERS = """
import threading
def samplers():
    return [t for t in threading.enumerate() if t.name == "memtrace-sampler"]
"""
HINT = 'sudo memtrace -- "$(command -v python3)" -m pytest ...'
Run = Callable[..., pytest.RunResult]

# 64 MiB, which psutil sees at the end, too: of several threads' counters no more than some pages
# are missing.
KEEP = "    keep((64 << 20) // PAGE)\n"


@pytest.fixture(autouse=True)
def not_traced() -> None:
    if memtrace.is_traced():
        pytest.skip("is about what happens without a tracer")


@pytest.fixture
def session(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs pytest on the tests in a source."""

    def session(source: str, *args: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=PAGES + source)
        return run(pytester, monkeypatch, *args)

    return session


def test_says_how_to_be_exact_and_measures_nothing(session: Run, pytester: pytest.Pytester) -> None:
    result = session(f"{SAMPLERS}def test_alone(): assert not samplers()", "--junit-xml=junit.xml")
    result.assert_outcomes(passed=1)
    assert [line for line in result.outlines if "memtrace" in line and "plugins:" not in line] == [
        f"memtrace: exact memory of each test: {HINT} (estimates: --memtrace)"
    ]
    assert properties(pytester.path / "junit.xml") == {"test_alone": {}}


def test_quiet_when_asked_to(session: Run) -> None:
    assert "memtrace" not in session("def test_a(): pass", "-q").stdout.str()


def test_estimates_when_asked_for(session: Run, pytester: pytest.Pytester) -> None:
    pytest.importorskip("psutil", minversion="7.2.2")
    result = session(
        f"""
{SAMPLERS}
def test_small(): assert samplers()
def test_big():
{KEEP}
""",
        "--memtrace",
        "--junit-xml=junit.xml",
    )
    result.assert_outcomes(passed=2)
    result.stdout.re_match_lines(
        [
            r"=+ memtrace =+",
            r" +peak +growth  test",
            r" +6\d\.\d MiB +6\d\.\d MiB  test_it.py::test_big$",
            r".* test_it.py::test_small$",
            r"estimates, from psutil$",
        ],
        consecutive=True,
    )
    assert result.stdout.str().count(HINT) == 1
    big = properties(pytester.path / "junit.xml")["test_big"]
    assert set(big) == {"memtrace_peak_bytes", "memtrace_growth_bytes", "memtrace_source"}
    assert big["memtrace_source"] == "psutil"
    assert 60 << 20 < int(big["memtrace_growth_bytes"]) < 70 << 20


def test_the_hint_is_in_the_section_when_there_is_no_header(session: Run) -> None:
    result = session("def test_a(): pass", "--memtrace", "-q")
    result.stdout.fnmatch_lines([f"estimates, from *; exact: {HINT}"])


@pytest.mark.parametrize(
    "options, tests", [(["--memtrace-top=1"], 1), (["--memtrace-top=0"], 0), (["--memtrace"], 10)]
)
def test_the_number_of_rows(session: Run, options: "list[str]", tests: int) -> None:
    source = "@pytest.mark.parametrize('i', range(11))\ndef test_a(i): pass\n"
    result = session(source, *options)
    result.assert_outcomes(passed=11)
    rows = [line for line in result.outlines if " test_it.py::test_a[" in line]
    assert len(rows) == tests
    assert ("= memtrace =" in result.stdout.str()) == bool(tests)


def test_limits_fail_tests(session: Run) -> None:
    pytest.importorskip("psutil", minversion="7.2.2")
    result = session(
        f"""
@pytest.mark.memtrace(limit="32 MiB")
def test_limit():
{KEEP}
@pytest.mark.memtrace(growth=1000)
def test_growth():
{KEEP}
@pytest.mark.memtrace(limit="100 MiB", growth="100 MiB")
def test_below():
{KEEP}
@pytest.mark.memtrace
def test_measured():
{KEEP}
""",
        "--strict-markers",
    )
    result.assert_outcomes(passed=2, failed=2)
    estimate = r"\(an estimate, from psutil\)$"
    result.stdout.re_match_lines(
        [
            rf'memtrace: test_limit peaked at 6\d\.\d MiB, more than limit="32 MiB" {estimate}',
            rf"memtrace: test_growth grew by 6\d\.\d MiB, more than growth=1000 {estimate}",
            r".* 6\d\.\d MiB  test_it.py::test_measured",
        ]
    )


@pytest.mark.parametrize("how", ["option", "ini", "both"])
def test_a_limit_for_all(session: Run, pytester: pytest.Pytester, how: str) -> None:
    pytest.importorskip("psutil", minversion="7.2.2")
    if how != "option":
        limit = "32 MiB" if how == "ini" else "1 GiB"
        pytester.makeini(f"[pytest]\nmemtrace_limit = {limit}\n")
    result = session(
        f"""
def test_over():
{KEEP}
@pytest.mark.memtrace(growth="1 GiB")
def test_over_too():
{KEEP}
@pytest.mark.memtrace(limit="1 GB")
def test_another():
{KEEP}
@pytest.mark.memtrace(limit="1 KiB")
class TestMany:
    @pytest.mark.memtrace(limit=None)
    def test_none(self):
    {KEEP}
def test_below(): pass
""",
        *(() if how == "ini" else ["--memtrace-limit=32MiB"]),
    )
    result.assert_outcomes(passed=3, failed=2)
    given = "memtrace_limit=32 MiB" if how == "ini" else "--memtrace-limit=32MiB"
    for name in "test_over", "test_over_too":
        result.stdout.fnmatch_lines([f"memtrace: {name} peaked at 6*, more than {given} (*"])


OUTCOMES = f"""
import unittest

def over():
{KEEP}

@pytest.mark.memtrace(growth="1 MiB")
class TestAll:
    def test_fails(self):
        over()
        raise KeyError("its own")

    def test_asserts(self):
        over()
        assert 0, "its own"

    def test_skips(self):
        over()
        pytest.skip()

    @pytest.mark.skip
    def test_skipped(self): raise AssertionError

    @pytest.mark.xfail
    def test_xfails(self):
        over()

    @pytest.mark.xfail(raises=KeyError, strict=True)
    def test_xfails_by_itself(self):
        over()
        raise KeyError

    @pytest.mark.xfail
    def test_xpasses(self): pass

    @pytest.mark.xfail(strict=True)
    def test_xpasses_strictly(self): pass

    @pytest.mark.parametrize("i", [0, 1])
    def test_parametrized(self, i):
        i and over()

    def test_exits(self):
        over()
        raise SystemExit(3)

@pytest.mark.memtrace(growth="1 MiB")
class TestCase(unittest.TestCase):
    def test_passes(self): pass
    def test_over(self): over()
    def test_fails(self):
        over()
        self.fail("its own")
    def test_skips(self):
        over()
        self.skipTest("why")
    @unittest.expectedFailure
    def test_xfails(self):
        over()
        self.fail()
    def test_subtests(self):
        for i in range(3):
            with self.subTest(i=i):
                pass
"""


def test_outcomes(session: Run) -> None:
    pytest.importorskip("psutil", minversion="7.2.2")
    result = session(OUTCOMES, "-rA")
    outcomes = result.parseoutcomes()
    outcomes.pop("subtests passed", None)
    assert outcomes == {"passed": 3, "failed": 7, "skipped": 3, "xfailed": 3, "xpassed": 1}
    limits = [line.split()[1] for line in result.outlines if line.startswith("memtrace: test_")]
    assert limits == ["test_parametrized[1]", "test_over"]  # the others' own errors stand
    result.stdout.fnmatch_lines(["E*KeyError: 'its own'", "E*AssertionError: its own*"])


def test_an_error_of_a_fixture(session: Run) -> None:
    result = session(
        """
@pytest.fixture
def before(): raise KeyError
@pytest.fixture
def after():
    yield
    raise KeyError
def test_before(before): pass
def test_after(after): pass
""",
        "--memtrace",
    )
    result.assert_outcomes(passed=1, errors=2)


def test_coroutines(session: Run) -> None:
    pytest.importorskip("pytest_asyncio")
    pytest.importorskip("psutil", minversion="7.2.2")
    result = session(
        f"""
import asyncio
pytestmark = [pytest.mark.asyncio, pytest.mark.memtrace(growth="1 MiB")]
async def test_below():
    await asyncio.sleep(0)
async def test_over():
    await asyncio.sleep(0)
{KEEP}
"""
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["memtrace: test_over grew by 6*"])


def test_reruns(session: Run, pytester: pytest.Pytester) -> None:
    pytest.importorskip("pytest_rerunfailures")
    pytest.importorskip("psutil", minversion="7.2.2")
    result = session(
        f"""
@pytest.mark.memtrace(growth="1 MiB")
def test_once():
    if not kept:
    {KEEP}
""",
        "--reruns=2",
        "--junit-xml=junit.xml",
    )
    outcomes = result.parseoutcomes()
    assert outcomes == {"passed": 1, "rerun": 1}
    [once] = properties(pytester.path / "junit.xml").values()
    assert int(once["memtrace_growth_bytes"]) < 1 << 20  # of the last run
    assert result.stdout.str().count("MiB  test_it.py::test_once") == 1


def test_workers(session: Run) -> None:
    pytest.importorskip("xdist")
    pytest.importorskip("psutil", minversion="7.2.2")
    result = session(
        f"""
@pytest.mark.parametrize("i", range(4))
def test_big(i):
{KEEP}
@pytest.mark.memtrace(growth="1 MiB")
def test_over():
{KEEP}
""",
        "--memtrace",
        "-n2",
    )
    result.assert_outcomes(passed=4, failed=1)
    rows = [f" test_it.py::{name}" for name in ("test_over", *(f"test_big[{i}]" for i in range(4)))]
    for row in rows:
        assert sum(line.endswith(row) and "6" in line for line in result.outlines) == 1
    assert result.stdout.str().count(HINT) == 1


@pytest.mark.parametrize(
    "mark, why",
    [
        ('limit="64 QiB"', "limit: not a size: '64 QiB' (like *"),
        ("growth=-1", "growth: not a size: -1 (like *"),
        ("growth=1.5", "growth: not a size: 1.5 (like *"),
        ('peak="1 MiB"', "unknown keyword 'peak' (only limit and growth)"),
        ('"1 MiB"', "takes keywords only: limit=SIZE, growth=SIZE"),
    ],
)
def test_wrong_markers(session: Run, mark: str, why: str) -> None:
    result = session(
        f"""
def test_before(): raise AssertionError
@pytest.mark.memtrace({mark})
@pytest.mark.parametrize("i", range(3))
def test_a(i): raise AssertionError
"""
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    message = f"ERROR: test_it.py::test_a[[]0[]]: @pytest.mark.memtrace: {why}"
    result.stderr.fnmatch_lines([message])
    assert result.stderr.str().count("pytest.mark.memtrace") == 1  # paths may have the name, too
    assert "AssertionError" not in result.stdout.str()


def test_wrong_markers_in_workers(session: Run) -> None:
    pytest.importorskip("xdist")
    result = session('@pytest.mark.memtrace("1")\ndef test_a(): raise AssertionError', "-n2")
    assert result.parseoutcomes() == {"error": 1} or result.parseoutcomes() == {"errors": 1}
    result.stdout.fnmatch_lines(["test_it.py::test_a: @pytest.mark.memtrace: takes keywords only*"])
    assert "INTERNALERROR" not in result.stdout.str()


@pytest.mark.parametrize(
    "option, why",
    [
        ("--memtrace-limit=64Q", "argument --memtrace-limit: not a size: '64Q' (like*"),
        ("--memtrace-limit=", "argument --memtrace-limit: not a size: '' (like*"),
        ("--memtrace-top=-1", "argument --memtrace-top: not a count: '-1'"),
        ("--override-ini=memtrace_limit=x", "ERROR: memtrace_limit: not a size: 'x' (like*"),
    ],
)
def test_wrong_options(session: Run, option: str, why: str) -> None:
    result = session("def test_a(): raise AssertionError", option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{why}"])


def test_the_marker_and_the_options_are_described(session: Run) -> None:
    session("", "--markers").stdout.fnmatch_lines(["@pytest.mark.memtrace(limit=None, growth=*"])
    session("", "--help").stdout.fnmatch_lines(
        ["*--memtrace *", "*--memtrace-limit=SIZE*", "*--memtrace-top=N*", "*memtrace_limit*"]
    )


def test_can_be_turned_off(session: Run) -> None:
    source = """
import sys
def test_a():
    assert "memtrace" not in sys.modules
"""
    result = session(source, "-p", "no:memtrace")
    result.assert_outcomes(passed=1)
    assert "memtrace:" not in result.stdout.str()
    assert session(source).ret == pytest.ExitCode.TESTS_FAILED


def test_a_session_inside_a_test_says_nothing(session: Run) -> None:
    result = session(
        """
pytest_plugins = ["pytester"]
@pytest.mark.parametrize("how", ["inprocess", "subprocess"])
def test_outer(pytester, how):
    pytester.makepyfile("def test_inner(): pass")
    result = getattr(pytester, f"runpytest_{how}")()
    result.assert_outcomes(passed=1)
    assert "memtrace:" not in result.stdout.str()
    assert "= memtrace =" not in result.stdout.str()
"""
    )
    result.assert_outcomes(passed=2)


def test_a_stop_in_a_test(session: Run) -> None:
    result = session("def test_a(): raise KeyboardInterrupt\ndef test_b(): pass", "--memtrace")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result = session("def test_a(): pytest.exit('now')\ndef test_b(): pass", "--memtrace")
    assert "now" in result.stdout.str() and "Traceback" not in result.stdout.str()


@pytest.mark.skipif(not hasattr(sys, "getrefcount"), reason="no reference counts")
def test_keeps_nothing_of_a_test(session: Run) -> None:
    result = session(
        """
import gc, weakref
class Big: pass
references = []
@pytest.fixture
def big():
    big = Big()
    references.append(weakref.ref(big))
    return big
@pytest.mark.memtrace(limit="1 GiB")
def test_a(big): pass
def test_b(): assert references and references[0]() is None
"""
    )
    result.assert_outcomes(passed=2)
