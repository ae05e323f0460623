# SPDX-License-Identifier: MIT
from __future__ import annotations

import asyncio
import inspect
import json
from pathlib import Path

import pytest

import memtrace
from memtrace import marker

# Memory whose pages are touched one by one.
PAGES = """
import ctypes, json, mmap
import memtrace

PAGE = mmap.PAGESIZE

class Pages:
    def __init__(self, count):
        self.map = mmap.mmap(-1, count * PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self.map.madvise(mmap.MADV_NOHUGEPAGE)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.map))
        self.used = 0

    def touch(self, count):
        ctypes.memset(self.address + self.used * PAGE, 1, count * PAGE)
        self.used += count

    def drop(self):
        self.map.madvise(mmap.MADV_DONTNEED)
        self.used = 0

pages = Pages(2000)
"""


def near(count: int) -> range:
    """Pages of a window in which the interpreter may need a few of its own."""
    return range(count, count + 64)


def test_result_is_none_without_a_tracer() -> None:
    with memtrace.operation("load") as op:
        pass
    assert op.result is None
    assert op.name == "load"
    assert not memtrace.is_traced()


def test_needs_a_name_in_a_with_statement() -> None:
    with pytest.raises(TypeError, match="needs a name"):
        with memtrace.operation():
            pass


@pytest.mark.parametrize("name", [b"bytes", 3, print])
def test_refuses_names_that_are_not_str(name: object) -> None:
    with pytest.raises(TypeError, match="str"):
        memtrace.operation(name)


def test_an_operation_that_is_not_open_cannot_end() -> None:
    if not marker.is_available:
        pytest.skip("the stand-in keeps no state")
    op = memtrace.operation("x")
    with op:
        pass
    with pytest.raises(RuntimeError, match="not open"):
        op.__exit__(None, None, None)


def test_exceptions_pass_through() -> None:
    with pytest.raises(KeyError):
        with memtrace.operation("x"):
            raise KeyError("k")


def test_decorates_each_kind_of_function_as_its_own_kind() -> None:
    @memtrace.operation()
    def function(a: int, *, b: int) -> int:
        """Doc."""
        return a + b

    @memtrace.operation()
    async def coroutine() -> int:
        await asyncio.sleep(0)
        return 5

    @memtrace.operation()
    def generator(n: int):
        got = yield n
        try:
            yield got
        except KeyError:
            yield "caught"
        return "returned"

    assert function(1, b=2) == 3
    assert function.__doc__ == "Doc." and function.__name__ == "function"
    assert inspect.iscoroutinefunction(coroutine)
    assert asyncio.run(coroutine()) == 5
    assert inspect.isgeneratorfunction(generator)
    g = generator(1)
    assert next(g) == 1
    assert g.send("sent") == "sent"
    assert g.throw(KeyError()) == "caught"
    with pytest.raises(StopIteration) as stop:
        next(g)
    assert stop.value.value == "returned"


def test_decorated_async_generator_passes_everything_on() -> None:
    closed = []

    @memtrace.operation("agen")
    async def agen():
        try:
            got = yield 1
            try:
                yield got
            except KeyError:
                yield "caught"
            yield "more"
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    async def main() -> None:
        assert inspect.isasyncgenfunction(agen)
        a = agen()
        assert await a.asend(None) == 1
        assert await a.asend("sent") == "sent"
        assert await a.athrow(KeyError()) == "caught"
        await a.aclose()
        assert closed == [True]
        assert [x async for x in agen()] == [1, None, "more"]
        with pytest.raises(ZeroDivisionError):
            a = agen()
            await a.asend(None)
            await a.athrow(ZeroDivisionError())
        assert closed == [True] * 3

    asyncio.run(main())


@pytest.mark.parametrize("thing", [int, 3, None, "name"])
def test_decorates_functions_only(thing: object) -> None:
    with pytest.raises(TypeError, match="decorates functions"):
        memtrace.operation()(thing)


def test_counts_every_page(run_traced) -> None:
    # Each is done three times: in the last one, what the interpreter itself allocates inside fits
    # into what it freed the time before. With malloc(), whose lists of small blocks are last in,
    # first out; Python's own allocator may give a page back in between.
    stdout, report = run_traced(
        PAGES
        + """
def gain(count):
    for _ in range(3):
        with memtrace.operation("gain") as op:
            pages.touch(count)
        pages.drop()
    return vars(op.result)

def transient(count):
    for _ in range(3):
        pages.touch(count)
        with memtrace.operation("transient") as op:
            pages.touch(count)
            pages.drop()
    return vars(op.result)

print(json.dumps([(n, gain(n), transient(n)) for n in (1, 2, 7, 100, 513) * 5]))
""",
        env={"PYTHONMALLOC": "malloc"},
    )
    page = report.host.page_size_bytes
    seen = json.loads(stdout)
    assert len(seen) == 25
    for count, gain, transient in seen:
        size = count * page
        assert gain == {
            "growth_bytes": size,
            "peak_growth_bytes": size,
            "gained_bytes": size,
            "returned_bytes": 0,
            "own_growth_bytes": size,
            "by_type_bytes": {"anon": size, "file": 0, "shmem": 0, "swap": 0},
            "own_faults": {"minor": count, "major": 0},
        }
        assert transient["growth_bytes"] == -size
        assert transient["peak_growth_bytes"] == size
        assert transient["gained_bytes"] == size
        assert transient["returned_bytes"] == 2 * size
    assert report.accounting.error_bound_bytes == 0
    assert not any(report.losses.values())


def test_counts_every_page_of_numpy(run_traced) -> None:
    pytest.importorskip("numpy")
    # Above 32 MiB malloc() always maps; its header is 16 bytes, so that the array ends with a page.
    # Without huge pages, which numpy asks for.
    stdout, report = run_traced(
        """
import json, mmap
import numpy as np
import memtrace

def make(count):
    return np.ones(count * mmap.PAGESIZE - 16, dtype=np.int8)

make(10000)
seen = []
for count in (9001, 10007, 12345) * 3:
    with memtrace.operation("ones") as ones:
        array = make(count)
    with memtrace.operation("copy") as copy:
        total = int((array + 1)[-1])
    assert total == 2
    with memtrace.operation("free") as free:
        del array
    seen.append((count, vars(ones.result), vars(copy.result), vars(free.result)))
print(json.dumps(seen[3:]))
""",
        env={"NUMPY_MADVISE_HUGEPAGE": "0"},
    )
    page = report.host.page_size_bytes
    seen = json.loads(stdout)
    assert len(seen) == 6
    for count, ones, copy, free in seen:
        assert ones["growth_bytes"] == ones["peak_growth_bytes"] == count * page
        assert copy["growth_bytes"] == 0
        assert copy["peak_growth_bytes"] == count * page
        assert free["growth_bytes"] == -count * page
        assert free["peak_growth_bytes"] == 0


def test_each_result_is_that_of_the_report(run_traced) -> None:
    stdout, report = run_traced(
        """
import json, random
import memtrace

random.seed(5)
kept, seen = [], []

def work(depth):
    with memtrace.operation(f"depth {depth}") as op:
        kept.append(bytearray(random.randrange(1, 3_000_000)))
        if depth < 5:
            work(depth + 1)
        if random.random() < 0.6:
            del kept[random.randrange(len(kept))]
    seen.append((op.name, op.result))

for _ in range(60):
    work(0)
print(json.dumps([(name, vars(result)) for name, result in seen]))
"""
    )
    seen = json.loads(stdout)
    assert len(seen) == 360 == len(report.windows)
    assert sum(result["peak_growth_bytes"] > 0 for _, result in seen) > 200
    ended = sorted(report.windows, key=lambda w: w.begin_ns + w.duration_ns)
    for (name, result), window in zip(seen, ended):
        assert name == window.operation
        assert result == {key: window.raw[key] for key in result}


def test_names_of_any_kind(run_traced) -> None:
    stdout, report = run_traced(
        r"""
import memtrace
for name in ["größe → 📈", "", "a\0b", "lone \ud800 surrogate", "x" * 300, "é" * 100]:
    with memtrace.operation(name):
        pass
window = memtrace.marker.begin("by hand")
print(memtrace.marker.end_result(window))
memtrace.marker.end(memtrace.marker.begin("by hand"))
"""
    )
    names = [operation.name for operation in report.operations]
    assert names[:5] == ["größe → 📈", "", "a�b", "lone ? surrogate", "x" * 127]
    assert names[5].startswith("é" * 63)
    assert report.operation("by hand").count == 2
    assert len(eval(stdout)) == 11
    assert report.losses["names_truncated"] == 2


def test_default_name_of_a_decorated_function(run_traced) -> None:
    _, report = run_traced(
        """
import functools, memtrace

class Loader:
    @memtrace.operation()
    def load(self): return 1
    @staticmethod
    @memtrace.operation()
    def static(): pass

assert Loader().load() == 1
Loader.static()
memtrace.operation()(functools.partial(print, end=""))()
memtrace.operation()(len)("")
"""
    )
    assert [operation.name for operation in report.operations] == [
        "__main__:Loader.load",
        "__main__:Loader.static",
        "functools:partial",
        "builtins:len",
    ]


def test_windows_close_however_the_function_is_left(run_traced) -> None:
    _, report = run_traced(
        """
import asyncio, contextlib, memtrace

def raises():
    raise KeyError
def generates():
    yield 1
    yield 2
async def agenerates():
    yield 1
    yield 2
async def waits():
    await asyncio.sleep(3600)

with contextlib.suppress(KeyError):
    memtrace.operation("raises")(raises)()
g = memtrace.operation("closed")(generates)()
next(g)
g.close()
g = memtrace.operation("collected")(generates)()
next(g)
del g
memtrace.operation("never started")(generates)()
list(memtrace.operation("exhausted")(generates)())

async def main():
    task = asyncio.create_task(memtrace.operation("cancelled")(waits)())
    await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    a = memtrace.operation("aclosed")(agenerates)()
    await a.__anext__()
    await a.aclose()
    a = memtrace.operation("left")(agenerates)()
    async for _ in a:
        break
    del a

asyncio.run(main())
with contextlib.suppress(SystemExit), memtrace.operation("exits"):
    raise SystemExit
"""
    )
    assert {operation.name: operation.count for operation in report.operations} == dict.fromkeys(
        ["raises", "closed", "collected", "exhausted", "cancelled", "aclosed", "left", "exits"], 1
    )
    assert {window.end for window in report.windows} == {"end"}


def test_a_generator_is_open_from_its_first_step_to_its_end(run_traced) -> None:
    _, report = run_traced(
        PAGES
        + """
@memtrace.operation("generator")
def touch():
    pages.touch(100)
    yield
    pages.touch(50)

g = touch()
pages.touch(500)
next(g)
pages.touch(200)
next(g, None)
pages.touch(500)
"""
    )
    page = report.host.page_size_bytes
    assert report.operation("generator").growth_bytes.total // page in near(350)


def test_tasks_that_share_an_operation(run_traced) -> None:
    _, report = run_traced(
        PAGES
        + """
import asyncio

op = memtrace.operation("tasks")

async def first(a, b):
    with op:
        pages.touch(100)
        b.set()
        await a.wait()
    b.set()

async def second(a, b):
    await b.wait()
    b.clear()
    with op:
        pages.touch(200)
        a.set()
        await b.wait()
        pages.touch(400)

async def main():
    a, b = asyncio.Event(), asyncio.Event()
    await asyncio.gather(first(a, b), second(a, b))

for _ in range(2):
    asyncio.run(main())
    pages.drop()
"""
    )
    page = report.host.page_size_bytes
    windows = sorted(report.windows, key=lambda window: window.begin_ns)
    grown = [window.growth_bytes // page for window in windows]
    assert len(grown) == 4
    assert grown[2] in near(300) and grown[3] in near(600)  # asyncio's first run needs more
    assert {window.end for window in windows} == {"end"}
    assert report.losses["unmatched_ends"] == 0


def test_an_operation_entered_while_it_is_open(run_traced) -> None:
    stdout, report = run_traced(
        PAGES
        + """
op = memtrace.operation("again")
with op:
    pages.touch(400)
    with op:
        pages.touch(200)
        with op as inner:
            assert inner is op
            pages.touch(100)
        print(op.result.growth_bytes // PAGE)
    print(op.result.growth_bytes // PAGE)
print(op.result.growth_bytes // PAGE)
with op:
    pages.touch(50)
print(op.result.growth_bytes // PAGE)
"""
    )
    for line, count in zip(stdout.splitlines(), (100, 300, 700, 50)):
        assert int(line) in near(count)
    assert report.operation("again").count == 4
    assert {window.end for window in report.windows} == {"end"}


def test_threads(run_traced) -> None:
    stdout, report = run_traced(
        """
import threading
import memtrace

shared = memtrace.operation("shared")
barrier = threading.Barrier(4)

@memtrace.operation()
def decorated():
    return bytearray(100_000)

def work(number):
    barrier.wait()
    for i in range(100):
        with memtrace.operation(f"thread {number}") as op:
            decorated()
        assert op.result is not None
        with shared:
            bytearray(10_000)

threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    )
    assert {operation.name: operation.count for operation in report.operations} == {
        **{f"thread {n}": 100 for n in range(4)},
        "shared": 400,
        "__main__:decorated": 400,
    }
    assert {window.end for window in report.windows} == {"end"}
    assert report.losses["unmatched_ends"] == 0


def test_a_forked_child_leaves_its_parents_windows_alone(run_traced) -> None:
    _, report = run_traced(
        """
import os
import memtrace

op = memtrace.operation("parent's")
with op:
    pid = os.fork()
    if not pid:
        with memtrace.operation("child's") as own:
            kept = bytearray(1 << 20)
        assert own.result.growth_bytes >= 1 << 20
        with op:  # another window of that name
            pass
        assert op.result is not None
if not pid:
    assert op.result is None
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
assert op.result is not None
"""
    )
    assert {operation.name: operation.count for operation in report.operations} == {
        "parent's": 2,
        "child's": 1,
    }
    assert len({window.pid for window in report.windows}) == 2
    assert {window.end for window in report.windows} == {"end"}
    assert report.losses["unmatched_ends"] == 0


def test_beside_the_marker_library(run_traced, memtrace_program) -> None:
    build = Path(memtrace_program).resolve().parents[2]
    library = build / "user/marker/libmemtrace-marker.so.0"
    if not library.exists():
        pytest.skip("no marker library")
    for order in ("memtrace ctypes", "ctypes memtrace"):
        _, report = run_traced(
            """
import ctypes, sys
for what in sys.argv[2].split():
    if what == "ctypes":
        library = ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_GLOBAL)
        library.memtrace_begin.restype = ctypes.c_uint64
        library.memtrace_end.argtypes = [ctypes.c_uint64]
    else:
        import memtrace
window = library.memtrace_begin(b"library")
for _ in range(5):
    with memtrace.operation("extension") as op:
        pass
    assert op.result is not None
library.memtrace_end(window)
""",
            str(library),
            order,
        )
        counts = {operation.name: operation.count for operation in report.operations}
        assert counts == {"library": 1, "extension": 5}
        assert {window.end for window in report.windows} == {"end"}
