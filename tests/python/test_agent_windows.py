# SPDX-License-Identifier: GPL-2.0-or-later
"""When windows begin and end: each way in which a function starts and is left."""
import pytest


def events(*names):
    """`+name` begins, `-name` ends, in the program's own module."""
    return [("begin" if name[0] == "+" else "end") + f" __main__:{name[1:]}" for name in names]


def test_each_call_is_a_window(runner):
    run = runner.program(
        """
        def twice(value):
            return value * 2

        for i in range(3):
            twice(i)
        """
    )
    assert run.sequence == events(*["+twice", "-twice"] * 3)


def test_recursion_nests(runner):
    run = runner.program(
        """
        def down(n):
            if n:
                down(n - 1)

        down(2)
        """
    )
    assert run.sequence == events("+down", "+down", "+down", "-down", "-down", "-down")
    first, second, third, *ends = [event.window for event in run.events]
    assert ends == [third, second, first]


def test_an_exception_ends_every_window_that_it_leaves(runner):
    run = runner.program(
        """
        def outer():
            try:
                middle()
            except ValueError:
                after()

        def middle():
            inner()

        def inner():
            raise ValueError

        def after():
            pass

        outer()
        """
    )
    assert run.sequence == events(
        "+outer", "+middle", "+inner", "-inner", "-middle", "+after", "-after", "-outer"
    )


def test_an_exception_from_native_code_and_one_raised_again(runner):
    run = runner.program(
        """
        def parse(text):
            try:
                return int(text)
            except ValueError:
                raise

        try:
            parse("x")
        except ValueError:
            pass
        parse("1")
        """
    )
    assert run.sequence == events("+parse", "-parse", "+parse", "-parse")


def test_a_window_stays_open_while_an_exception_is_handled_inside(runner):
    run = runner.program(
        """
        def handles():
            try:
                1 / 0
            except ZeroDivisionError:
                helper()

        def helper():
            pass

        handles()
        """
    )
    assert run.sequence == events("+handles", "+helper", "-helper", "-handles")


def test_sys_exit_ends_windows(runner):
    path = runner.write(
        "program.py",
        """
        import sys

        def leave():
            sys.exit(7)

        leave()
        """,
    )
    run = runner.command([str(path)])
    assert (run.status, run.stderr) == (7, "")
    assert run.sequence == events("+leave", "-leave")


def test_the_process_may_exit_inside(runner):
    run = runner.program(
        """
        import os

        def leave():
            os._exit(0)

        leave()
        """
    )
    assert run.sequence == events("+leave")


def test_a_signal_handler_may_raise_inside(runner):
    run = runner.program(
        """
        import os, signal

        def interrupted():
            os.kill(os.getpid(), signal.SIGINT)
            for _ in range(1000):
                pass

        for _ in range(50):
            try:
                interrupted()
            except KeyboardInterrupt:
                pass
        """
    )
    assert run.sequence == events(*["+interrupted", "-interrupted"] * 50)


def test_the_recursion_limit_is_the_programs(runner):
    source = """
        import sys

        sys.setrecursionlimit(200)

        def down(n=1):
            try:
                return down(n + 1)
            except RecursionError:
                return n

        print(down())
    """
    run = runner.program(source)
    path = runner.write("program.py", source)
    assert run.stdout == runner.command([str(path)], env={"PYTHONPATH": None}).stdout
    assert len(run.began) == int(run.stdout)
    assert run.open == []


GENERATOR = """
    def other():
        pass

    def numbers():
        yield 1
        other()
        yield None

    def careful():
        try:
            yield 1
        finally:
            other()

    def delegates():
        yield from numbers()
"""


@pytest.mark.parametrize(
    "use, expected",
    [
        ("list(numbers())", ("+numbers", "+other", "-other", "-numbers")),
        ("g = numbers(); next(g); other(); next(g); next(g, 0); other()",
         ("+numbers", "+other", "-other", "+other", "-other", "-numbers", "+other", "-other")),
        ("g = numbers(); next(g); del g; other()", ("+numbers", "-numbers", "+other", "-other")),
        ("g = careful(); next(g); g.close(); other()",
         ("+careful", "+other", "-other", "-careful", "+other", "-other")),
        ("g = careful(); next(g); del g; other()",
         ("+careful", "+other", "-other", "-careful", "+other", "-other")),
        ("list(delegates())",
         ("+delegates", "+numbers", "+other", "-other", "-numbers", "-delegates")),
        ("g = delegates(); next(g); g.close(); other()",
         ("+delegates", "+numbers", "-numbers", "-delegates", "+other", "-other")),
        ("g = delegates(); next(g); del g; other()",
         ("+delegates", "+numbers", "-numbers", "-delegates", "+other", "-other")),
    ],
)  # fmt: skip
def test_a_generator_is_one_window(runner, use, expected):
    run = runner.program(GENERATOR + f"\n    {use}\n")
    assert run.sequence == events(*expected)


def test_a_generator_that_is_closed(runner):
    run = runner.program(
        GENERATOR
        + """
    generator = numbers()
    next(generator)
    generator.close()
    other()
    del generator
    other()
    """
    )
    ends = events("+numbers", "-numbers", "+other", "-other", "+other", "-other")
    ends_late = events("+numbers", "+other", "-other", "-numbers", "+other", "-other")
    assert run.sequence == (ends if runner.python.tells_of_closing else ends_late)


def test_an_exception_thrown_into_a_generator(runner):
    run = runner.program(
        """
        def deaf():
            while True:
                try:
                    yield
                except ValueError:
                    pass

        def other():
            pass

        generator = deaf()
        next(generator)
        generator.throw(ValueError())
        other()
        try:
            generator.throw(KeyError())
        except KeyError:
            other()
        """
    )
    assert run.sequence == events("+deaf", "+other", "-other", "-deaf", "+other", "-other")


def test_a_generator_that_was_never_started_has_no_window(runner):
    run = runner.program(
        """
        def numbers():
            yield 1

        kept = numbers()
        """
    )
    # Before 3.12 a generator is entered to be closed, and that cannot be told from a start.
    assert run.sequence == ([] if runner.python.monitors else events("+numbers", "-numbers"))


def test_two_generators_of_one_function(runner):
    run = runner.program(
        """
        def numbers():
            yield 1
            yield 2

        first, second = numbers(), numbers()
        next(first)
        next(second)
        list(first)
        list(second)
        """
    )
    assert run.sequence == events("+numbers", "+numbers", "-numbers", "-numbers")
    assert [event.window for event in run.events[:2]] == [event.window for event in run.events[2:]]


def test_a_generator_that_another_thread_ends(runner):
    run = runner.program(
        """
        import threading

        def numbers():
            yield 1
            yield 2

        generator = numbers()
        next(generator)
        thread = threading.Thread(target=list, args=[generator])
        thread.start()
        thread.join()
        """
    )
    assert run.sequence == events("+numbers", "-numbers")
    begin, end = run.events
    assert begin.tid != end.tid


def test_an_unfinished_generator_in_a_cycle_ends_when_it_is_collected(runner):
    run = runner.program(
        """
        import gc

        def numbers(box):
            yield 1
            yield 2

        def other():
            pass

        gc.disable()
        box = []
        generator = numbers(box)
        box.append(generator)
        next(generator)
        del box, generator
        other()
        gc.collect()
        other()
        """
    )
    assert run.sequence == events("+numbers", "+other", "-other", "-numbers", "+other", "-other")


def test_coroutines_are_open_while_they_wait(runner):
    run = runner.program(
        """
        import asyncio

        async def step(mine, others):
            await mine.wait()
            others.set()

        async def main():
            first, second = asyncio.Event(), asyncio.Event()
            a = asyncio.create_task(step(first, second))
            b = asyncio.create_task(step(second, asyncio.Event()))
            await asyncio.sleep(0)
            first.set()
            await a
            await b

        asyncio.run(main())
        """
    )
    assert run.sequence == events("+main", "+step", "+step", "-step", "-step", "-main")
    a, b = (event.window for event in run.events[1:3])
    assert [event.window for event in run.events[3:5]] == [a, b]


def test_cancelled_failed_and_closed_coroutines(runner):
    run = runner.program(
        """
        import asyncio, types

        async def waits():
            await asyncio.Event().wait()

        async def fails():
            await asyncio.sleep(0)
            raise ValueError

        async def main():
            task = asyncio.create_task(waits())
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, fails(), return_exceptions=True)

        asyncio.run(main())

        @types.coroutine
        def pause():
            yield

        async def closed():
            await pause()

        coroutine = closed()
        coroutine.send(None)
        coroutine.close()
        """,
        patterns="waits\nfails\nmain\nclosed",
    )
    assert run.sequence == events(
        "+main", "+waits", "-waits", "+fails", "-fails", "-main", "+closed", "-closed"
    ) or run.sequence == events(
        "+main", "+waits", "+fails", "-waits", "-fails", "-main", "+closed", "-closed"
    )


def test_asynchronous_generators(runner):
    run = runner.program(
        """
        import asyncio

        async def numbers():
            for i in range(3):
                await asyncio.sleep(0)
                yield i

        def other():
            pass

        async def main():
            async for i in numbers():
                pass
            other()
            stopped = numbers()
            async for i in stopped:
                break
            await stopped.aclose()
            other()

        asyncio.run(main())
        """,
        patterns="numbers\nother",
    )
    part = ["+numbers", "-numbers", "+other", "-other"]
    assert run.sequence == events(*part, *part)


def test_an_asynchronous_generator_left_to_the_loop(runner):
    run = runner.program(
        """
        import asyncio

        async def numbers():
            yield 1
            yield 2

        async def main():
            async for i in numbers():
                break

        asyncio.run(main())
        """,
        patterns="numbers",
    )
    assert run.sequence == events("+numbers", "-numbers")


def test_threads_have_their_own_windows(runner):
    run = runner.program(
        """
        import threading

        barrier = threading.Barrier(4)

        def work():
            barrier.wait()
            inner()
            barrier.wait()

        def inner():
            pass

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        """
    )
    by_thread = {}
    for event in run.events:
        by_thread.setdefault(event.tid, []).append(str(event))
    assert len(by_thread) == 4
    assert all(
        thread == events("+work", "+inner", "-inner", "-work") for thread in by_thread.values()
    )
    first_inner = run.sequence.index("begin __main__:inner")
    assert run.sequence[:4] == events(*["+work"] * 4) and first_inner == 4
    assert run.open == []


def test_the_run_method_of_a_thread_is_seen_from_its_start(runner):
    run = runner.program(
        """
        import threading

        class Worker(threading.Thread):
            def run(self):
                pass

        worker = Worker()
        worker.start()
        worker.join()
        """
    )
    assert run.sequence == events("+Worker.run", "-Worker.run")


def test_a_forked_child_does_not_end_what_its_parent_began(runner):
    run = runner.program(
        """
        import os

        def child():
            pass

        def forks():
            generator = numbers()
            next(generator)
            pid = os.fork()
            if pid == 0:
                child()
            else:
                os.waitpid(pid, 0)
            return pid

        def numbers():
            yield 1
            yield 2

        if forks() == 0:
            child()
        """
    )
    assert run.open == []
    parent = run.events[0].pid
    assert [str(event) for event in run.events if event.pid == parent] == events(
        "+forks", "+numbers", "-forks", "-numbers"
    ) or [str(event) for event in run.events if event.pid == parent] == events(
        "+forks", "+numbers", "-numbers", "-forks"
    )
    assert [str(event) for event in run.events if event.pid != parent] == events(
        "+child", "-child", "+child", "-child"
    )


def test_thousands_of_windows_at_once(runner):
    run = runner.program(
        """
        import random

        def numbers(i):
            yield i
            yield i

        generators = [numbers(i) for i in range(5000)]
        for generator in generators:
            next(generator)
        random.Random(1).shuffle(generators)
        for generator in generators:
            list(generator)
        """
    )
    assert len(run.events) == 10_000
    assert run.open == []
    assert run.sequence[:5000] == events(*["+numbers"] * 5000)
