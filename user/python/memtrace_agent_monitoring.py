# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts and ends of functions from sys.monitoring: Python 3.12 and later.

PY_START is wanted of all code, but each code object that does not match disables it for itself,
once. PY_RETURN is wanted of the code that matches. PY_UNWIND can only be had of all code (until
3.14); it costs nothing where no exception leaves a function.
"""
from __future__ import annotations

import sys

from _weakref import ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, FrameType
    from typing import Any

    from memtrace_agent_core import Core, Decide

# Those that sys.monitoring has no name for come first.
TOOL_IDS = (3, 4, 5, 2, 1, 0)

START, END = 0, 1


class Events:
    """The agent as one of sys.monitoring's tools."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._watched: list[ref[CodeType]] = []
        self._tool: int | None = None

    def start(self, decide: Decide) -> None:
        monitoring = sys.monitoring
        events = monitoring.events
        tool = self._take_tool()
        guard = None if self._tells_of_closing(tool) else self._guard
        try:
            self._core.start(decide, monitoring.DISABLE, guard)
        except RuntimeError:
            monitoring.free_tool_id(tool)
            raise
        self._tool = tool
        start, end = self._core.callback(START), self._core.callback(END)
        monitoring.register_callback(tool, events.PY_START, start)
        monitoring.register_callback(tool, events.PY_RETURN, end)
        monitoring.register_callback(tool, events.PY_UNWIND, end)
        monitoring.restart_events()  # what was disabled when the tool was used before
        monitoring.set_events(tool, events.PY_START | events.PY_UNWIND)

    def watch(self, code: CodeType) -> None:
        """Makes the returns of matching code known."""
        assert self._tool is not None
        sys.monitoring.set_local_events(self._tool, code, sys.monitoring.events.PY_RETURN)
        self._watched.append(ref(code))

    def stop(self) -> None:
        monitoring = sys.monitoring
        events = monitoring.events
        tool, self._tool = self._tool, None
        if tool is None:
            return
        monitoring.set_events(tool, 0)
        for watched in self._watched:
            code = watched()
            if code is not None:
                monitoring.set_local_events(tool, code, 0)
        self._watched.clear()
        for event in (events.PY_START, events.PY_RETURN, events.PY_UNWIND):
            monitoring.register_callback(tool, event, None)
        monitoring.free_tool_id(tool)
        self._core.stop()

    def _take_tool(self) -> int:
        for tool in TOOL_IDS:
            if sys.monitoring.get_tool(tool) is None:
                sys.monitoring.use_tool_id(tool, "memtrace")
                return tool
        raise RuntimeError("all tool ids of sys.monitoring are in use")

    def _tells_of_closing(self, tool: int) -> bool:
        """Whether a generator that is closed while suspended is unwound: not so in 3.13.0 to 3.13.9
        and 3.14.0 (python/cpython#140373)."""
        monitoring = sys.monitoring
        unwound: list[CodeType] = []
        monitoring.register_callback(
            tool, monitoring.events.PY_UNWIND, lambda code, *_: unwound.append(code)
        )
        monitoring.set_events(tool, monitoring.events.PY_UNWIND)
        generator: Any = (number for number in (1, 2))
        next(generator)
        generator.close()
        monitoring.set_events(tool, 0)
        return any(code is generator.gi_code for code in unwound)

    def _guard(self, frame: FrameType, number: int) -> None:
        if frame.f_trace is None:
            frame.f_trace = Closer(self._core, id(frame), number)


class Closer:
    """Ends a generator's window when its frame goes away, being the frame's f_trace."""

    __slots__ = ("_core", "_frame", "_number")

    def __init__(self, core: Core, frame: int, number: int) -> None:
        self._core = core
        self._frame = frame
        self._number = number

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Closer:
        """A debugger that starts in the meantime takes this for a trace function."""
        return self

    def __del__(self, getframe: Any = sys._getframe) -> None:
        running = getframe()
        while running is not None:
            if id(running) == self._frame:  # has another f_trace now
                return
            running = running.f_back
        self._core.end_guarded(self._frame, self._number)
