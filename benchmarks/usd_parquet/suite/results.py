# SPDX-License-Identifier: GPL-2.0-or-later
"""What measuring an operation gives, as plain data that goes to and from JSON."""
from __future__ import annotations

import dataclasses
import statistics
from typing import Any, Optional

SCHEMA = "memtrace.usd_parquet/1"

SOURCES = {
    "kernel": "exact, from the kernel by way of memtrace",
    "psutil": "psutil: the difference of RSS, and a peak sampled each millisecond, which is an "
              "estimate (run under memtrace for exact numbers)",
    "getrusage": "getrusage: the rise of the highest RSS so far, which is an estimate (run under "
                 "memtrace for exact numbers)",
    "none": "no source of memory numbers here",
}


@dataclasses.dataclass(frozen=True)
class Sample:
    """One round. Bytes are differences to the begin of the operation; by_type_bytes is known only
    when the source is the kernel."""
    seconds: float
    growth_bytes: int
    peak_bytes: int
    source: str
    estimated: bool
    by_type_bytes: Optional[dict[str, int]] = None

    def of_type(self, kind: str) -> int:
        """Growth of "anon" or "file" pages. ValueError: not known from this source."""
        if self.by_type_bytes is None:
            raise ValueError(f"{self.source} does not say what kind of pages")
        return self.by_type_bytes[kind]


@dataclasses.dataclass(frozen=True)
class Result:
    name: str
    task: str
    variant: str
    isolated: bool
    samples: list[Sample]
    tracemalloc_peak_bytes: Optional[int] = None

    @property
    def seconds_mean(self) -> float:
        return statistics.fmean(sample.seconds for sample in self.samples)

    @property
    def seconds_stddev(self) -> float:
        """Of the sample; 0 for a single round."""
        if len(self.samples) < 2:
            return 0.0
        return statistics.stdev(sample.seconds for sample in self.samples)

    @property
    def typical(self) -> Sample:
        """The round with the median growth."""
        return sorted(self.samples, key=lambda s: s.growth_bytes)[(len(self.samples) - 1) // 2]

    @property
    def growth_bytes(self) -> int:
        return self.typical.growth_bytes

    @property
    def peak_bytes(self) -> int:
        return max(sample.peak_bytes for sample in self.samples)

    @property
    def source(self) -> str:
        """Of all rounds; the sources joined where they differ."""
        return "+".join(sorted({sample.source for sample in self.samples}))

    @property
    def exact(self) -> bool:
        return self.source == "kernel"

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name, "task": self.task, "variant": self.variant,
            "isolated": self.isolated, "rounds": len(self.samples), "source": self.source,
            "seconds": {"mean": self.seconds_mean, "stddev": self.seconds_stddev},
            "growth_bytes": self.growth_bytes, "peak_bytes": self.peak_bytes,
            "tracemalloc_peak_bytes": self.tracemalloc_peak_bytes,
            "samples": [dataclasses.asdict(sample) for sample in self.samples],
        }
