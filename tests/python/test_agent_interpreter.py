# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent beside other tools, its own start and stop, and what it keeps alive."""
import pytest

from recording import AGENT

def from_inside(runner, source, **env):
    """A program that starts the agent itself, as a script given to a running interpreter does."""
    path = runner.write(
        "program.py",
        f"""
        import os, sys

        sys.path.insert(0, {str(AGENT)!r})
        import memtrace_agent
        del sys.path[0]
        library = os.environ["MEMTRACE_PYTHON_LIBRARY"]
        """
        + source,
    )
    run = runner.command([str(path)], env={"PYTHONPATH": None, **env})
    assert run.status == 0
    return run


def test_start_and_stop_inside(runner):
    run = from_inside(
        runner,
        """
        def work():
            pass

        def other():
            pass

        def numbers():
            yield 1
            yield 2

        def stops():
            memtrace_agent.stop()
            work()

        def calls():
            work()
            other()

        calls()
        memtrace_agent.start(["work", "numbers", "stops"], library)
        calls()
        generator = numbers()
        next(generator)
        stops()
        list(generator)
        calls()
        memtrace_agent.stop()
        memtrace_agent.start(["other"], library)
        memtrace_agent.start(["work"], library)
        calls()
        memtrace_agent.stop()
        calls()
        """,
    )
    assert run.stderr == ""
    assert run.began == [f"__main__:{name}" for name in ("work", "numbers", "stops", "other")]
    assert run.open == []
    both = ["end __main__:numbers", "end __main__:stops"]
    assert sorted(run.sequence[4:6]) == both  # by stop(), and not again when they returned


def test_a_function_that_runs_when_the_agent_starts_has_no_window(runner):
    run = from_inside(
        runner,
        """
        def attaches():
            memtrace_agent.start(["__main__:*"], library)
            work()

        def work():
            pass

        attaches()
        """,
    )
    assert (run.stderr, run.sequence) == ("", ["begin __main__:work", "end __main__:work"])


def test_stop_leaves_nothing_behind(runner):
    run = from_inside(
        runner,
        """
        import threading

        def work():
            pass

        memtrace_agent.start(["work"], library)
        work()
        memtrace_agent.stop()
        if sys.version_info >= (3, 12):
            print([sys.monitoring.get_tool(tool) for tool in range(6)])
            print([sys.monitoring.get_local_events(tool, work.__code__) for tool in (3, 4)
                   if not sys.monitoring.use_tool_id(tool, "test")])
        else:
            print(threading._profile_hook)
        """,
    )
    expected = "[None, None, None, None, None, None]\n[0, 0]\n"
    assert run.stdout == (expected if runner.python.monitors else "None\n")


def test_stop_without_start(runner):
    run = from_inside(runner, "memtrace_agent.stop()")
    assert (run.stdout, run.stderr) == ("", "")


def test_locals_live_no_longer_and_no_frame_is_kept(runner):
    run = runner.program(
        """
        import gc, types, weakref

        class Thing:
            pass

        def work():
            thing = Thing()
            things.append(weakref.ref(thing))

        def fails():
            thing = Thing()
            things.append(weakref.ref(thing))
            raise ValueError

        def numbers():
            thing = Thing()
            things.append(weakref.ref(thing))
            yield 1
            yield 2

        gc.disable()
        things = []
        work()
        try:
            fails()
        except ValueError:
            pass
        generator = numbers()
        next(generator)
        generator.close()
        dropped = numbers()
        next(dropped)
        del dropped
        print([thing() for thing in things])
        code = [value for value in gc.get_objects() if isinstance(value, types.FrameType)]
        print({frame.f_code.co_name for frame in code} & {"work", "fails", "numbers"})
        """
    )
    assert run.stdout == "[None, None, None, None]\nset()\n"


def test_code_that_is_gone_is_not_kept(runner):
    run = runner.program(
        """
        import gc, weakref

        codes = []
        for i in range(100):
            space = {"__name__": "made"}
            exec("def work(): pass", space)
            space["work"]()
            codes.append(weakref.ref(space["work"].__code__))
        del space
        gc.collect()
        print(sum(code() is not None for code in codes))
        """,
        patterns="made:work",
    )
    assert run.stdout == "0\n"
    assert run.began == ["made:work"] * 100
    assert run.open == []


def test_a_function_without_references_to_it_runs_on(runner):
    run = runner.program(
        """
        def work():
            global work
            del work
            inner()

        def inner():
            pass

        work()
        """
    )
    assert run.open == [] and len(run.began) == 2


@pytest.mark.parametrize("end", ["sys.modules.clear()", "vars(memtrace_agent).clear()"])
def test_a_program_that_wrecks_the_modules(runner, end):
    run = runner.program(
        f"""
        import sys, memtrace_agent

        def work():
            pass

        def later():
            pass

        def numbers():
            yield 1

        work()
        generator = numbers()
        next(generator)
        {end}
        later()
        """
    )
    assert run.began == ["__main__:work", "__main__:numbers", "__main__:later"]
    assert [event.name for event in run.events if event.what == "end"][1] == "__main__:later"


def test_generators_left_at_the_end_of_the_program(runner):
    run = runner.program(
        """
        import threading

        def numbers():
            yield 1
            yield 2

        def waits():
            threading.Event().wait()

        generator = numbers()
        next(generator)
        threading.Thread(target=waits, daemon=True).start()
        """
    )
    assert set(run.began) == {"__main__:numbers", "__main__:waits"}
    assert set(run.open) <= {"__main__:numbers", "__main__:waits"}


def test_another_profiler_in_the_program(runner):
    path = runner.write(
        "program.py",
        """
        import cProfile, pstats

        def work():
            pass

        profiler = cProfile.Profile()
        work()
        profiler.enable()
        work()
        profiler.disable()
        work()
        print([calls[0] for (_, _, name), calls in pstats.Stats(profiler).stats.items()
               if name == "work"])
        """,
    )
    run = runner.command([str(path)], patterns="work")
    assert (run.status, run.stdout) == (0, "[1]\n")
    assert run.open == []
    if runner.python.monitors:
        assert (run.stderr, len(run.began)) == ("", 3)
    else:
        message = "another profile function took over: calls since then are missing"
        assert (run.stderr, len(run.began)) == (f"memtrace: python: {message}\n", 1)


def test_a_debugger_in_the_program(runner):
    run = runner.program(
        """
        import sys

        def numbers():
            yield 1
            yield 2
            yield 3

        def work():
            return 1

        lines = []

        def trace(frame, event, arg):
            if frame.f_code is numbers.__code__:
                lines.append(event)
            return trace

        early = numbers()
        next(early)
        sys.settrace(trace)
        next(early)
        late = numbers()
        next(late)
        work()
        early.close()
        late.close()
        sys.settrace(None)
        del early, late
        print(lines.count("call") >= 2, "line" in lines)
        """
    )
    assert run.stdout == "True True\n"
    assert sorted(run.began) == ["__main__:numbers"] * 2 + ["__main__:trace"] * (
        run.began.count("__main__:trace")
    ) + ["__main__:work"]
    work = run.sequence.index("begin __main__:work")
    assert run.sequence[:work].count("end __main__:numbers") == 0
    if runner.python.tells_of_closing:
        assert run.open == []


def monitoring_only(runner):
    if not runner.python.monitors:
        pytest.skip("no sys.monitoring")


def test_another_tool_of_sys_monitoring(runner):
    monitoring_only(runner)
    run = runner.program(
        """
        import sys

        def work():
            pass

        def other():
            pass

        monitoring, events = sys.monitoring, sys.monitoring.events
        tool = next(tool for tool in range(6) if monitoring.get_tool(tool) is None)
        print(tool, [monitoring.get_tool(tool) for tool in range(6)].count("memtrace"))
        monitoring.use_tool_id(tool, "other")
        seen = []
        monitoring.register_callback(tool, events.PY_START, lambda code, _: seen.append(code))
        monitoring.set_events(tool, events.PY_START | events.PY_RETURN)
        for _ in range(3):
            work()
            other()
            monitoring.restart_events()
        monitoring.set_events(tool, 0)
        work()
        print(seen.count(work.__code__), seen.count(other.__code__))
        """,
        patterns="work",
    )
    assert run.stdout == "0 1\n3 3\n"
    assert run.sequence == ["begin __main__:work", "end __main__:work"] * 4


def test_all_tool_ids_are_taken(runner):
    monitoring_only(runner)
    run = from_inside(
        runner,
        """
        def work():
            pass

        for tool in range(6):
            sys.monitoring.use_tool_id(tool, "other")
        memtrace_agent.start(["work"], library)
        work()
        memtrace_agent.stop()
        """,
    )
    assert run.stderr == "memtrace: python: all tool ids of sys.monitoring are in use\n"
    assert run.events == []


def test_a_subinterpreter_is_not_traced(runner):
    path = runner.write(
        "program.py",
        """
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters

        def work():
            pass

        work()
        child = interpreters.create()
        interpreters.run_string(child, "def work(): pass\\nwork()\\nprint('child', flush=True)")
        interpreters.destroy(child)
        work()
        """,
    )
    run = runner.command([str(path)], patterns="work")
    assert (run.status, run.stdout) == (0, "child\n")
    assert run.stderr.startswith("memtrace: python: ") and run.stderr.count("\n") == 1
    assert run.sequence == ["begin __main__:work", "end __main__:work"] * 2
