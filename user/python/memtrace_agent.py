# SPDX-License-Identifier: GPL-2.0-or-later
"""Functions of this program as windows of memtrace: `-w python:NAME`.

start() is called by sitecustomize.py, or by a script that memtrace lets a running interpreter
execute; stop() by such a script. Neither raises: the program goes on in any case.
"""
from __future__ import annotations

import os
import sys

from memtrace_agent_core import Core, say
from memtrace_agent_names import Names

if sys.version_info >= (3, 12):
    from memtrace_agent_monitoring import Events
else:
    from memtrace_agent_profile import Events

TYPE_CHECKING = False  # importing typing would double the time that a program takes to start
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType, FrameType


class Agent:
    """What start() started."""

    def __init__(self, patterns: Iterable[str], library: str) -> None:
        self._names = Names(patterns)
        self._core = Core(library)
        self._events = Events(self._core)

    def start(self) -> None:
        """Errors: RuntimeError."""
        self._events.start(self._decide)
        os.register_at_fork(after_in_child=self._core.disown)

    def stop(self) -> None:
        self._events.stop()

    def _decide(self, code: CodeType, frame: FrameType) -> bytes | None:
        name = self._names.operation(code, frame.f_globals)
        if name is None:
            return None
        self._events.watch(code)
        return name.encode("utf-8", "replace")


_agent: Agent | None = None


def start(patterns: Iterable[str], library: str) -> None:
    """Makes each call of a function that matches one of `patterns` a window.

    `library`: path of the marker library's copy for Python, which holds the agent's C part, too.
    """
    global _agent
    try:
        if _agent is None:
            agent = Agent(patterns, library)
            agent.start()
            _agent = agent
    except Exception as error:
        say(error)


def stop() -> None:
    """Ends the windows that are open, and leaves the interpreter's events alone."""
    global _agent
    agent, _agent = _agent, None
    try:
        if agent is not None:
            agent.stop()
    except Exception as error:
        say(error)
