# SPDX-License-Identifier: GPL-2.0-or-later
"""The truth about an operation, from the page tables of a process that stands still.

Resident memory gets less only in system calls: munmap, mremap, madvise, brk, mmap over a mapping.
So its highest value is that at the entry of one of them, or at the end. This program stops the
operation there, with ptrace, and has the kernel walk the page tables (smaps_rollup). That is slow,
and no measurement of time; it shares nothing with how memtrace counts.

`python -m side_by_side.truth WORKLOAD` prints JSON: the truth, and what memtrace said of the very
same run when this runs under memtrace.
"""
from __future__ import annotations

import ctypes
import json
import os
import platform
import signal
import subprocess
import sys
from typing import Optional

# munmap, mremap, madvise, brk, mmap; and getpgid, which marks begin and end (tools.py).
LOWERING, MARK = {
    "x86_64": ((11, 25, 28, 12, 9), 121),
    "aarch64": ((215, 216, 233, 214, 222), 155),
}[platform.machine()]

SEIZE, INTERRUPT, SYSCALL, GET_SYSCALL_INFO = 0x4206, 0x4207, 24, 0x420E
OPTIONS = 1 | 1 << 3 | 1 << 20  # TRACESYSGOOD, TRACECLONE, EXITKILL
WALL = 0x40000000
ENTRY = 1


class SyscallInfo(ctypes.Structure):
    _fields_ = [("op", ctypes.c_uint8), ("arch", ctypes.c_uint32), ("ip", ctypes.c_uint64),
                ("sp", ctypes.c_uint64), ("number", ctypes.c_uint64),
                ("arguments", ctypes.c_uint64 * 6)]


libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request: int, thread: int, address: int = 0, data: Optional[int] = None) -> None:
    if libc.ptrace(request, thread, address, data) == -1:
        error = ctypes.get_errno()
        raise OSError(error, f"ptrace {request:#x}: {os.strerror(error)}")


def entered(thread: int) -> Optional[int]:
    """The system call that a stopped thread is about to make."""
    info = SyscallInfo()
    ptrace(GET_SYSCALL_INFO, thread, ctypes.sizeof(info), ctypes.addressof(info))
    return info.number if info.op == ENTRY else None


def resident(pid: int) -> int:
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Rss:"))


class Watch:
    """Follows a process from its first mark to its second. `values`: what was resident at the
    marks and, between them, wherever it could have become less."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.values: list[int] = []
        self.marks = 0
        for thread in os.listdir(f"/proc/{pid}/task"):
            ptrace(SEIZE, int(thread), 0, OPTIONS)
            ptrace(INTERRUPT, int(thread))

    def follow(self) -> None:
        """Until the process has ended; RuntimeError: without its marks."""
        while True:
            thread, status = os.waitpid(-1, WALL)
            if os.WIFSTOPPED(status):
                self.go_on(thread, os.WSTOPSIG(status), status >> 16)
            elif thread == self.pid:
                break
        if self.marks != 2:
            raise RuntimeError(f"the operation ended after {self.marks} of 2 marks")

    def go_on(self, thread: int, stop: int, event: int) -> None:
        at_system_call = stop == signal.SIGTRAP | 0x80
        if at_system_call and self.marks < 2:
            number = entered(thread)
            if number == MARK or (number in LOWERING and self.marks == 1):
                self.values.append(resident(self.pid))
            self.marks += number == MARK
        ptrace(SYSCALL, thread, 0, 0 if at_system_call or event else stop)


def main() -> None:
    key = sys.argv[1]
    command = [sys.executable, "-m", "side_by_side.tools", "memtrace", key, "--watched"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as child:
        assert child.stdin and child.stdout
        if child.stdout.readline() != "ready\n":
            sys.exit(f"truth: {key} did not start")
        seen = Watch(child.pid)
        child.stdin.write("go\n")
        child.stdin.flush()
        seen.follow()
        told = json.loads(child.stdout.readline())
    begin, end = seen.values[0], seen.values[-1]
    print(json.dumps({"growth_bytes": end - begin, "peak_bytes": max(seen.values) - begin,
                      "memtrace": told if told["source"] == "kernel" else None}))


if __name__ == "__main__":
    main()
