# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's C part, agent.h.

By _ctypes, as the module ctypes uses it: that one's own imports would take half of the time that
the agent adds to a program's start.
"""
from __future__ import annotations

import sys

import _ctypes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType
    from typing import Any

    Decide = Callable[[CodeType, FrameType], bytes | None]
    Guard = Callable[[FrameType, int], None]

REASONS = {
    1: "functions of a subinterpreter cannot be windows",
    2: "this interpreter lacks functions that the agent needs",
}


def say(what: object) -> None:
    """One line on standard error, if there is one."""
    try:
        sys.stderr.write(f"memtrace: python: {what}\n")  # one call: lines of threads stay whole
    except (AttributeError, OSError, ValueError):  # none, broken, closed
        pass


def _simple(name: str, kind: str) -> type:
    return type(name, (_ctypes._SimpleCData,), {"_type_": kind})


Int = _simple("Int", "i")
Uint64 = _simple("Uint64", "Q")
Address = _simple("Address", "P")
Object = _simple("Object", "O")


class Function(_ctypes.CFuncPtr):
    """Called with the GIL held."""

    _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_PYTHONAPI
    _restype_ = None


class Core:
    """The functions of a library that has the marker library and the agent's C part."""

    def __init__(self, path: str) -> None:
        """Errors: OSError when there is no such library, or it is not one."""
        self._library = _ctypes.dlopen(path, 0)
        self._start = self._function("start", Int, Object, Object, Object, Object)
        self.stop = self._function("stop", None)
        self.disown = self._function("disown", None)
        self.callback = self._function("callback", Object, Int)
        self.end_guarded = self._function("end_guarded", None, Address, Uint64)
        self.profile = self._function("profile", None, Object)
        self.profile_events = self._function("profile_events", Uint64)

    def _function(self, name: str, result: type | None, *arguments: type) -> Function:
        function = Function(_ctypes.dlsym(self._library, f"memtrace_python_{name}"))
        function.restype = result
        function.argtypes = arguments
        return function

    def start(self, decide: Decide, disable: Any, guard: Guard | None) -> None:
        """Errors: RuntimeError."""
        error = self._start(decide, None, disable, guard)
        if error:
            raise RuntimeError(REASONS[error])
