# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts and ends of functions from a profile function: Python 3.9 to 3.11.

It costs every call a little. A generator that is closed before it was started cannot be told from
one that starts and fails: it has an empty window.
"""
from __future__ import annotations

import atexit
import sys

from memtrace_agent_core import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, FrameType
    from typing import Any

    from memtrace_agent_core import Core, Decide


class Events:
    """The agent as the profile function of this thread and of those that it starts."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._threading: Any = None

    def start(self, decide: Decide) -> None:
        def decide_and_follow(code: CodeType, frame: FrameType) -> bytes | None:
            if frame.f_globals.get("__name__") == "threading" and code.co_name == "__init__":
                self._follow_threads()
            return decide(code, frame)

        self._core.start(decide_and_follow, None, None)
        atexit.register(self._tell_if_replaced)
        if "threading" in sys.modules:
            self._follow_threads()
        self._core.profile(None)

    def watch(self, code: CodeType) -> None:
        """Returns are known of all code."""

    def stop(self) -> None:
        atexit.unregister(self._tell_if_replaced)
        if self._threading:
            self._threading.setprofile(None)
        self._core.stop()

    def _follow_threads(self) -> None:
        """Once the program has that module: it takes time and memory to import."""
        self._threading = sys.modules["threading"]
        self._threading.setprofile(self._in_new_thread)

    def _in_new_thread(self, frame: FrameType, event: str, arg: Any) -> None:
        self._core.profile(frame if event == "call" else None)

    def _tell_if_replaced(self) -> None:
        before = self._core.profile_events()
        sum(())
        if self._core.profile_events() == before:
            say("another profile function took over: calls since then are missing")
