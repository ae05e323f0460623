# SPDX-License-Identifier: GPL-2.0-or-later
"""Operations whose memory is known: by how they are made, or from the page tables (see truth.py).

Each prepares what it needs and returns the function to measure. What that function returns is kept
until the measurement has ended.
"""
from __future__ import annotations

import contextlib
import dataclasses
import mmap
import os
import pathlib
import tempfile
import threading
import zlib
from typing import Any, Callable, Optional

PAGE = mmap.PAGESIZE
Run = Callable[[], Any]


@dataclasses.dataclass(frozen=True)
class Workload:
    """`peak_bytes` and `growth_bytes` are what it must come to by construction, where that is known
    to the page. `repeat`: how often it runs when its time is taken."""
    key: str
    title: str
    prepare: Callable[[], Run]
    repeat: int
    peak_bytes: Optional[int] = None
    growth_bytes: Optional[int] = None


def map_pages(count: int) -> mmap.mmap:
    pages = mmap.mmap(-1, count * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with contextlib.suppress(OSError):  # a kernel without huge pages
        pages.madvise(mmap.MADV_NOHUGEPAGE)
    return pages


def touch(pages: mmap.mmap) -> mmap.mmap:
    for offset in range(0, len(pages), PAGE):
        pages[offset] = 1
    return pages


def pages_kept() -> Run:
    return lambda: touch(map_pages(5_000))


def pages_unmapped() -> Run:
    return lambda: touch(map_pages(5_000)).close()


def short() -> Run:
    """200 pages, filled in C, for less than a millisecond."""
    content = bytes(200 * PAGE)

    def run() -> None:
        with map_pages(200) as pages:
            pages.write(content)
    return run


def reserved() -> Run:
    os.environ["NUMPY_MADVISE_HUGEPAGE"] = "0"  # otherwise 100 pages come as one of 2 MiB
    import numpy

    numpy.empty(PAGE)[:PAGE:2] = 1  # its code is in memory

    def run() -> Any:
        array = numpy.empty(2**27)  # 1 GiB
        array[:100 * PAGE // 8:PAGE // 8] = 1
        return array
    return run


def numpy_temporary() -> Run:
    import numpy

    array = numpy.ones(8_000_000)
    numpy.sqrt(numpy.ones(1)).sum()  # its code is in memory
    return lambda: float(numpy.sqrt(array).sum())


def zlib_decompress() -> Run:
    packed = zlib.compress(bytes(range(256)) * (2**25 // 256), 1)
    return lambda: len(zlib.decompress(packed, bufsize=2**25))


def arrow_decompress() -> Run:
    import pyarrow

    packed = pyarrow.compress(bytes(range(256)) * (2**25 // 256), codec="zstd")
    return lambda: pyarrow.decompress(packed, decompressed_size=2**25, codec="zstd").size


def mapped_file() -> Run:
    """A file in the page cache, mapped, read once, unmapped."""
    import numpy

    file = tempfile.TemporaryFile()
    file.write(os.urandom(2**20) * 32)
    file.flush()
    numpy.frombuffer(bytes(8), dtype=numpy.uint64).sum()  # its code is in memory

    def run() -> int:
        with mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
            words = numpy.frombuffer(mapped, dtype=numpy.uint64)
            total = int(words.sum())
            del words
        return total
    return run


def other_thread() -> Run:
    """The operation needs 1,000 pages and gives them back; another thread adds 3,000 meanwhile,
    which stay. At the peak both stand still."""
    begun, done = threading.Semaphore(0), threading.Semaphore(0)
    kept: list[mmap.mmap] = []

    def work() -> None:
        while True:
            begun.acquire()
            kept.append(touch(map_pages(3_000)))
            done.release()

    threading.Thread(target=work, daemon=True).start()

    def run() -> mmap.mmap:
        begun.release()
        done.acquire()
        touch(map_pages(1_000)).close()
        return kept.pop()

    run()  # the stack of the other thread is in memory
    return run


def python_objects() -> Run:
    return lambda: [float(index) for index in range(500_000)]


def python_objects_dropped() -> Run:
    return lambda: len({index: str(index) for index in range(300_000)})


def reused() -> Run:
    """40 MB in blocks that malloc has kept from before: it asks the kernel for nothing."""
    def run() -> list[bytearray]:
        return [bytearray(b"x") * 40_000 for _ in range(1_000)]

    blocks = run()
    pin = bytearray(100_000)  # above the blocks: keeps the heap from shrinking
    del blocks

    def again() -> Any:
        return run(), pin
    return again


def suite_operation(name: str) -> Callable[[], Run]:
    """One of the suite's, on its small data set, with one thread in pyarrow."""
    def prepare() -> Run:
        import pyarrow

        from suite.dataset import Dataset
        from suite.registry import operations

        operation = operations()[name]
        dataset = Dataset.load(pathlib.Path(os.environ["SIDE_BY_SIDE_DATASET"]))
        dataset.warm_page_cache()
        operation.prepare()
        pyarrow.set_cpu_count(1)
        pyarrow.set_io_thread_count(1)
        return lambda: operation.run(dataset)
    return prepare


WORKLOADS = {workload.key: workload for workload in (
    Workload("pages-kept", "5,000 pages touched and kept", pages_kept, 40,
             5_000 * PAGE, 5_000 * PAGE),
    Workload("pages-unmapped", "5,000 pages touched, then unmapped", pages_unmapped, 40,
             5_000 * PAGE, 0),
    Workload("short", "200 pages for less than a millisecond", short, 500, 200 * PAGE, 0),
    Workload("reserved", "NumPy: 1 GiB reserved, 100 pages touched", reserved, 500,
             100 * PAGE, 100 * PAGE),
    Workload("numpy-temporary", "NumPy: sum of a 64 MB temporary", numpy_temporary, 10,
             (64_000_000 // PAGE + 1) * PAGE, 0),
    Workload("zlib", "zlib: 32 MiB decompressed, dropped", zlib_decompress, 5,
             (2**25 // PAGE + 1) * PAGE, 0),
    Workload("arrow", "pyarrow: 32 MiB decompressed (zstd), dropped", arrow_decompress, 20),
    Workload("mapped-file", "a 32 MiB file mapped, read, unmapped", mapped_file, 20, 2**25, 0),
    Workload("other-thread", "1,000 pages; another thread adds 3,000", other_thread, 40,
             4_000 * PAGE, 3_000 * PAGE),
    Workload("objects", "Python: a list of 500,000 floats", python_objects, 10),
    Workload("objects-dropped", "Python: a dict of 300,000 strings, dropped",
             python_objects_dropped, 5),
    Workload("reused", "40 MB in blocks that malloc had kept", reused, 20),
    Workload("usdc-open", "USDC: open, lazily", suite_operation("USDC open"), 50),
    Workload("usdc-read", "USDC: full read", suite_operation("USDC full read"), 10),
    Workload("parquet-column", "Parquet (zstd): one column",
             suite_operation("Parquet (zstd) one column"), 50),
    Workload("parquet-read", "Parquet (snappy, memory-mapped): full read",
             suite_operation("Parquet (snappy, memory-mapped) full read"), 10),
)}
