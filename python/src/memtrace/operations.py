# SPDX-License-Identifier: MIT
"""Operations: named stretches of a program whose memory memtrace measures."""

from __future__ import annotations

import functools
import inspect
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Callable, Dict, Optional, Tuple, TypeVar, cast

from . import marker

__all__ = ["OperationResult", "operation"]

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class OperationResult:
    """What one window of an operation came to: differences of resident memory in bytes, exact to
    the page, of the whole process. The names are those of the JSON report.

    growth_bytes        at the end minus at the begin; may be negative
    peak_growth_bytes   the highest inside minus at the begin; at least 0
    gained_bytes        sum of all increases
    returned_bytes      sum of all decreases
    own_growth_bytes    made by the thread that began the window
    by_type_bytes       growth of "anon", "file", "shmem", which add up to growth_bytes, and "swap"
    own_faults          "minor" and "major" page faults of the thread that began the window; None
                        when another thread ended it
    """

    growth_bytes: int
    peak_growth_bytes: int
    gained_bytes: int
    returned_bytes: int
    own_growth_bytes: int
    by_type_bytes: Dict[str, int]
    own_faults: Dict[str, Optional[int]]


# The operations that this task or thread entered while they were open already.
_entered_again: ContextVar[Tuple[operation, ...]] = ContextVar("_entered_again", default=())


class operation(marker.Operation):
    """A context manager and a decorator that makes a stretch of the program an operation:

        with memtrace.operation("load stage") as op:
            ...
        op.result     # OperationResult, None when no tracer gives results

        @memtrace.operation()       # named "module:qualified name"
        def load_stage(): ...

    Decorates functions, coroutine functions, generators and asynchronous generators, whose windows
    are open from their first step to their end, awaits and yields included. An operation may be
    entered again before it was left, by the same or by other threads and tasks: each time is a
    window of its own, and `result` is that of the window that ended last.

    name: the first 127 bytes of its UTF-8 form count.
    """

    __slots__ = ()

    @property
    def result(self) -> Optional[OperationResult]:
        values = self._values
        if values is None:
            return None
        return OperationResult(
            *values[:5],
            by_type_bytes=dict(zip(("anon", "file", "shmem", "swap"), values[5:9])),
            own_faults={"minor": values[9], "major": values[10]},
        )

    def __call__(self, function: F) -> F:
        """Decorates: each call is a window."""
        if isinstance(function, type) or not callable(function):
            raise TypeError(f"operation() decorates functions, not {function!r}")
        return cast(F, _decorated(self.name or default_name(function), function))

    def __repr__(self) -> str:
        return f"operation({self.name!r})"

    def _enter_again(self) -> operation:
        inner = operation(self.name)
        inner.__enter__()
        self._inner.append(inner)
        _entered_again.set((*_entered_again.get(), inner))
        return self

    def _exit_again(self, must_end: bool) -> bool:
        """Ends the innermost window that this task began again. False: it has none, so that the
        first window is meant. One begun by another task is ended only when that has to be."""
        entered = _entered_again.get()
        mine = [inner for inner in entered if inner in self._inner]
        if not mine and not must_end:
            return False
        inner = mine[-1] if mine else self._inner[-1]
        self._inner.remove(inner)
        _entered_again.set(tuple(other for other in entered if other is not inner))
        inner.__exit__(None, None, None)
        self._take_result(inner)
        return True


def default_name(function: Callable[..., Any]) -> str:
    """What an operation without a name is called: "module:qualified name"."""
    module = getattr(function, "__module__", None) or type(function).__module__
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    return f"{module}:{name}"


def _decorated(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    wrapper: Callable[..., Any]
    if inspect.iscoroutinefunction(function):

        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            with operation(name):
                return await function(*args, **kwargs)

    elif inspect.isasyncgenfunction(function):

        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            with operation(name):
                generator = function(*args, **kwargs)
                step = generator.__anext__()
                try:
                    while True:
                        value = await step
                        try:
                            sent = yield value
                        except GeneratorExit:
                            await generator.aclose()
                            raise
                        except BaseException as error:
                            step = generator.athrow(error)
                        else:
                            step = generator.asend(sent)
                except StopAsyncIteration:
                    pass

    elif inspect.isgeneratorfunction(function):

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with operation(name):
                return (yield from function(*args, **kwargs))

    else:

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with operation(name):
                return function(*args, **kwargs)

    return functools.wraps(function)(wrapper)
