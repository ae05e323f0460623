# SPDX-License-Identifier: GPL-2.0-or-later
"""Which functions a NAME means, and what their windows are called."""
import sys

import pytest

from recording import AGENT

sys.path.insert(0, str(AGENT))
from memtrace_agent_names import Pattern, glob  # noqa: E402


@pytest.mark.parametrize(
    "pattern, text, matches",
    [
        ("abc", "abc", True),
        ("abc", "ABC", False),
        ("abc", "abcd", False),
        ("abc", "ab", False),
        ("", "", True),
        ("", "a", False),
        ("*", "", True),
        ("*", "a.b", True),
        ("a*", "a", True),
        ("*c", "abc", True),
        ("*c", "abcd", False),
        ("a*c*e", "abcde", True),
        ("a*c*e", "abcdef", False),
        ("*ab", "aab", True),
        ("*aab*", "aaaab", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("?", "", False),
        ("*?", "a", True),
        ("[ab]", "a", False),
        ("[ab]", "[ab]", True),
        ("a**b", "ab", True),
        ("<lambda>", "<lambda>", True),
    ],
)
def test_glob(pattern, text, matches):
    assert glob(pattern, text) is matches


@pytest.mark.parametrize(
    "pattern, module, qualname, matches",
    [
        ("bench_*", "m", "bench_a", True),
        ("bench_*", "m", "Suite.bench_a", True),
        ("bench_*", "m", "outer.<locals>.bench_a", True),
        ("bench_*", "m", "bench_a.<locals>.helper", False),
        ("bench_*", "m", "bench_a.<locals>.<lambda>", False),
        ("bench_a", "m", "a.bench_a", True),
        ("Suite.run", "m", "Suite.run", True),
        ("Suite.run", "m", "Outer.Suite.run", False),
        ("Suite.*", "m", "Suite.run", True),
        ("run", "m", "runner", False),
        ("*:bench_*", "m", "bench_a", True),
        ("*:bench_*", "m", "Suite.bench_a", False),
        ("*:bench_*", "m", "bench_a.<locals>.helper", False),
        ("*:bench_*", "m", "bench_a.<locals>.bench_b", True),
        ("m:*", "m", "a.<locals>.b", True),
        ("m:*", "m.n", "a", False),
        ("m.*:a", "m.n", "a", True),
        ("m:a.<locals>.b", "m", "a.<locals>.b", True),
        ("m:a.<locals>.*", "m", "a.<locals>.b", True),
        ("m:*inner", "m", "outer.<locals>.inner", True),
        ("m:a", "m", "b.a", False),
        (":a", "m", "a", False),
    ],
)
def test_pattern(pattern, module, qualname, matches):
    assert Pattern(pattern).matches(module, qualname) is matches
    if matches:
        assert Pattern(pattern).can_match(module, qualname.rsplit(".", 1)[-1])


KINDS = """
    import functools

    def plain():
        pass

    class Outer:
        body = [plain() for _ in range(1)]

        def method(self):
            pass

        @classmethod
        def of_class(cls):
            pass

        @staticmethod
        def static():
            pass

        @property
        def value(self):
            return 1

        class Inner:
            def method(self):
                pass

        __call__ = lambda self: None

    def decorate(function):
        @functools.wraps(function)
        def wrapper():
            return function()

        return wrapper

    @decorate
    def decorated():
        pass

    def outer():
        def local():
            return {i: sum(j for j in [k for k in (1, 2)]) for i in {1}}

        class Local:
            def method(self):
                pass

        local()
        Local().method()

    def forgotten():
        yield 1

    outer_object = Outer()
    outer_object.method()
    Outer.of_class()
    Outer.static()
    outer_object.value
    Outer.Inner().method()
    outer_object()
    decorated()
    outer()
    (lambda: None)()
    suspended = forgotten()
    del forgotten
    list(suspended)
"""


def test_every_kind_of_function_has_its_qualified_name(runner):
    run = runner.program(KINDS, patterns="*:*")
    mine = [name for name in run.began if name.startswith("__main__:")]
    assert [name.split(":")[1] for name in mine] == [
        "plain",
        "decorate",
        "Outer.method",
        "Outer.of_class",
        "Outer.static",
        "Outer.value",
        "Outer.Inner.method",
        "Outer.<lambda>",
        "decorate.<locals>.wrapper" if runner.python.version >= (3, 11) else "<locals>.wrapper",
        "decorated",
        "outer",
        "outer.<locals>.local",
        "outer.<locals>.Local.method",
        "<lambda>",
        "forgotten",
    ]
    assert run.open == []


def test_modules_classes_and_comprehensions_are_not_functions(runner):
    run = runner.program(KINDS, patterns="*:*\n*")
    for name in run.began:
        own = name.rsplit(".", 1)[-1].rsplit(":", 1)[-1]
        assert own == "<lambda>" or not own.startswith("<")
        assert own not in ("Outer", "Inner", "Local")


def test_the_module_is_that_of_the_functions_globals(runner):
    runner.write("package/__init__.py", "")
    runner.write("package/part.py", "def work():\n    pass\n")
    source = """
        import package.part

        def work():
            pass

        work()
        package.part.work()
    """
    assert runner.program(source, patterns="*:work").began == ["__main__:work", "package.part:work"]
    assert runner.program(source, patterns="package.*:work").began == ["package.part:work"]
    assert runner.program(source, patterns="__main__:work").began == ["__main__:work"]
    assert runner.program(source, patterns="part:work").began == []


def test_a_module_run_by_name_is_main(runner):
    runner.write("package/__init__.py", "")
    runner.write("package/tool.py", "def work():\n    pass\n\nwork()\n")
    run = runner.command(["-m", "package.tool"], patterns="*:work")
    assert (run.status, run.stderr, run.began) == (0, "", ["__main__:work"])


def test_several_patterns_give_one_window_a_call(runner):
    run = runner.program(
        """
        def first():
            pass

        def second():
            pass

        def third():
            pass

        first()
        second()
        third()
        """,
        patterns="first\n__main__:f*\n\nsecond",
    )
    assert run.sequence == [
        "begin __main__:first",
        "end __main__:first",
        "begin __main__:second",
        "end __main__:second",
    ]


def test_names_beyond_ascii(runner):
    run = runner.program("def größe():\n    pass\n\ngröße()\n", patterns="gr*e")
    assert run.began == ["__main__:größe"]


def test_functions_of_frozen_and_standard_modules(runner):
    run = runner.program(
        """
        import json

        json.dumps({})
        """,
        patterns="json:dumps\njson.encoder:JSONEncoder.encode",
    )
    assert run.began == ["json:dumps", "json.encoder:JSONEncoder.encode"]


def test_code_without_a_module(runner):
    run = runner.program(
        """
        for name in 4, "somewhere":
            exec("def work(): pass\\nwork()", {"__name__": name})
        """,
        patterns="work",
    )
    assert run.began == ["somewhere:work"]
