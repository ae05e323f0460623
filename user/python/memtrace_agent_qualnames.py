# SPDX-License-Identifier: GPL-2.0-or-later
"""Qualified names of functions of which only the code object is at hand: before Python 3.11, when
code objects did not have them.
"""
from __future__ import annotations

import gc
from types import AsyncGeneratorType, CoroutineType, FunctionType, GeneratorType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import CodeType
    from typing import Any

CO_NESTED = 0x10
MOST_NESTED_CLASSES = 4

CODE_OF = {
    FunctionType: "__code__",
    GeneratorType: "gi_code",
    CoroutineType: "cr_code",
    AsyncGeneratorType: "ag_code",
}


def qualified_name(code: CodeType, namespace: dict[str, Any]) -> str:
    """The name that the code was compiled under, by finding a function that has the code.

    Where all of them were renamed (wrappers made by functools.wraps), what the code is local to is
    not known.
    """
    found = _among_members(code, namespace) or _among_all_objects(code)
    return found or ("<locals>." if code.co_flags & CO_NESTED else "") + code.co_name


def _if_original(qualname: str, code: CodeType) -> str | None:
    return qualname if qualname.rsplit(".", 1)[-1] == code.co_name else None


def _among_members(
    code: CodeType, members: Mapping[str, Any], depth: int = MOST_NESTED_CLASSES
) -> str | None:
    """Looks where a module's functions and methods usually are; runs no code of the program's."""
    member = members.get(code.co_name)
    function = member.__func__ if isinstance(member, (classmethod, staticmethod)) else member
    if type(function) is FunctionType and function.__code__ is code:
        return _if_original(function.__qualname__, code)
    for value in list(members.values()) if depth else ():
        if type(value) is type:
            found = _among_members(code, vars(value), depth - 1)
            if found:
                return found
    return None


def _among_all_objects(code: CodeType) -> str | None:
    """Functions, and what is left of one whose generator or coroutine runs."""
    for referrer in gc.get_referrers(code):
        attribute = CODE_OF.get(type(referrer))
        if attribute and getattr(referrer, attribute) is code:
            found = _if_original(referrer.__qualname__, code)
            if found:
                return found
    return None
