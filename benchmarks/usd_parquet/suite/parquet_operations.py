# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading Parquet with pyarrow: whole tables, columns, row groups; mapped, buffered, streamed."""
from __future__ import annotations

import functools
import tempfile
from typing import Any, Iterable, Iterator, Optional

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .dataset import CODECS, ROW_GROUPS, Dataset, parquet_name
from .registry import Loaded, Operation
from .shape import ATTRIBUTES, COLUMNS, add, checksum

# How pyarrow comes to the bytes of the file.
READERS: dict[str, dict[str, Any]] = {
    "memory-mapped": {"memory_map": True, "pre_buffer": False},
    "buffered": {"memory_map": False, "pre_buffer": True},
    "streamed": {"memory_map": False, "pre_buffer": False, "buffer_size": 64 * 1024},
}


@functools.lru_cache(maxsize=1)
def prepare() -> None:
    """Has pyarrow start its threads, its readers and its codecs, with a file of nothing much."""
    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/prepare.parquet"
        for codec in CODECS:
            pq.write_table(pa.table({"a": np.arange(10), "b": np.arange(10)}), path,
                           compression=codec)
            for how in READERS.values():
                pq.ParquetFile(path, **how).read()


def variant(codec: str) -> str:
    return f"Parquet ({codec})"


def checksums(table: pa.Table) -> dict[str, int]:
    """Reads every byte of the columns that belong to attributes, without copying them."""
    found = {}
    for attribute, names in COLUMNS.items():
        present = [name for name in names if name in table.column_names]
        if present:
            found[attribute] = sum(checksum(chunk.to_numpy(zero_copy_only=True))
                                   for name in present
                                   for chunk in table.column(name).chunks) % 2**64
    return found


def loaded(table: pa.Table) -> Loaded:
    return Loaded(table, checksums(table))


def open_file(dataset: Dataset, codec: str, row_group: str = ROW_GROUPS[0],
              **how: Any) -> pq.ParquetFile:
    return pq.ParquetFile(dataset.path(parquet_name(codec, row_group)), **how)


def open_only(dataset: Dataset, codec: str) -> Loaded:
    file = open_file(dataset, codec)
    return Loaded(file, {"rows": file.metadata.num_rows})


def expected_rows(dataset: Dataset) -> dict[str, int]:
    return {"rows": dataset.shape.rows}


def full_read(dataset: Dataset, codec: str, row_group: str = ROW_GROUPS[0],
              **how: Any) -> Loaded:
    return loaded(open_file(dataset, codec, row_group, **how).read())


def one_column(dataset: Dataset, codec: str, **how: Any) -> Loaded:
    return loaded(open_file(dataset, codec, **how).read(columns=["width"]))


def one_row_group(dataset: Dataset, codec: str, columns: Optional[list[str]] = None) -> Loaded:
    return loaded(open_file(dataset, codec).read_row_group(0, columns=columns))


def by_row_group(dataset: Dataset, codec: str) -> Loaded:
    """One row group at a time, each dropped before the next is read."""
    file = open_file(dataset, codec)
    found = dict.fromkeys(ATTRIBUTES, 0)
    for group in range(file.num_row_groups):
        add(found, checksums(file.read_row_group(group)))
    return Loaded(file, found)


def first_prim(dataset: Dataset, attributes: Iterable[str] = ATTRIBUTES) -> dict[str, int]:
    return dataset.expected(attributes, prims=[0])


def only_widths(dataset: Dataset) -> dict[str, int]:
    return dataset.expected(["widths"])


def operations() -> Iterator[Operation]:
    def parquet(group: str, task: str, kind: str, expected: Any, run: Any, **how: Any) -> Operation:
        return Operation(group, task, kind, prepare, functools.partial(run, **how), expected)

    for codec in CODECS:
        kind = variant(codec)
        yield parquet("initial load", "open", kind, expected_rows, open_only, codec=codec)
        yield parquet("compression", "full read", kind, Dataset.expected, full_read, codec=codec)
        yield parquet("read patterns", "one column", kind, only_widths, one_column, codec=codec)
        yield parquet("read patterns", "one prim", kind, first_prim, one_row_group, codec=codec)
        yield parquet("read patterns", "prim by prim", kind, Dataset.expected, by_row_group,
                      codec=codec)
    yield parquet("read patterns", "one column of one prim", variant("snappy"),
                  functools.partial(first_prim, attributes=["widths"]), one_row_group,
                  codec="snappy", columns=["width"])
    for row_group in ROW_GROUPS[1:]:
        yield parquet("compression", "full read", f"Parquet (snappy, a row group a {row_group})",
                      Dataset.expected, full_read, codec="snappy", row_group=row_group)
    for codec in ("none", "snappy"):
        for words, how in READERS.items():
            yield parquet("read patterns", "full read", f"Parquet ({codec}, {words})",
                          Dataset.expected, full_read, codec=codec, **how)
