# SPDX-License-Identifier: MIT
"""The markers: those of the extension, or stand-ins that do nothing where it was not built."""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["Operation", "begin", "end", "end_result", "is_available", "is_traced"]

try:
    from ._marker import Operation, begin, end, end_result, is_traced

    is_available = True
except ImportError:
    is_available = False

if not TYPE_CHECKING and not is_available:

    def begin(name, /):
        return 0

    def end(window, /):
        pass

    def end_result(window, /):
        return None

    def is_traced():
        return False

    class Operation:
        __slots__ = ("name",)
        _values = None

        def __init__(self, name=None):
            if not isinstance(name, (str, type(None))):
                raise TypeError("the name of an operation is a str")
            self.name = name

        def __enter__(self):
            if self.name is None:
                raise TypeError("operation() needs a name in a with statement")
            return self

        def __exit__(self, *exception):
            pass
