# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernels that are booted, and where their packages are."""
import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Kernel:
    name: str          # as given to tests/vm/run
    architecture: str  # Debian's name
    suites: tuple
    package: str       # regular expression; of several the newest is taken


def series(version):
    """Cloud kernels have what a virtual machine needs built in."""
    return rf"linux-image-{re.escape(version)}\.[0-9.]+[-+][0-9a-z]+-cloud-amd64"


KERNELS = (
    Kernel("5.10", "amd64", ("bullseye", "bullseye-security"), series("5.10")),
    Kernel("6.1", "amd64", ("bookworm", "bookworm-security"), series("6.1")),
    Kernel("6.12", "amd64", ("trixie", "trixie-security"), series("6.12")),
    Kernel("newest", "amd64", ("forky", "sid"),
           r"linux-image-(?:[7-9]|[1-9][0-9])\.[0-9.]+\+deb[0-9]+-cloud-amd64"),
    # Split counters, and no program can be put at the end of a function: perf events for faults.
    Kernel("arm64-6.1", "arm64", ("bookworm", "bookworm-security"),
           r"linux-image-6\.1\.[0-9.]+-[0-9]+-cloud-arm64"),
    Kernel("arm64", "arm64", ("trixie", "trixie-security"),
           r"linux-image-6\.12\.[0-9.]+\+deb[0-9]+-cloud-arm64"),
    Kernel("arm64-16k", "arm64", ("trixie", "trixie-security"),
           r"linux-image-6\.12\.[0-9.]+\+deb[0-9]+-arm64-16k"),
)

NATIVE = tuple(kernel for kernel in KERNELS if kernel.architecture == "amd64")


def by_name(name):
    for kernel in KERNELS:
        if kernel.name == name:
            return kernel
    known = " ".join(kernel.name for kernel in KERNELS)
    raise SystemExit(f"vm: no kernel {name!r}; known: {known}")
