# SPDX-License-Identifier: GPL-2.0-or-later
"""Which functions a NAME of `-w python:NAME` means."""
from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType
    from typing import Any

if sys.version_info >= (3, 11):

    def qualified_name(code: CodeType, namespace: dict[str, Any]) -> str:
        return code.co_qualname

else:
    from memtrace_agent_qualnames import qualified_name

CO_OPTIMIZED = 0x1


def glob(pattern: str, text: str) -> bool:
    """Whether all of `text` matches: `*` is any run of characters, `?` any one, case counts."""
    at_pattern = at_text = tried = 0
    star = -1
    while at_text < len(text):
        if pattern[at_pattern : at_pattern + 1] == "*":
            star, tried = at_pattern, at_text
            at_pattern += 1
        elif pattern[at_pattern : at_pattern + 1] in ("?", text[at_text]):
            at_pattern += 1
            at_text += 1
        elif star >= 0:
            tried += 1
            at_pattern, at_text = star + 1, tried
        else:
            return False
    return not pattern[at_pattern:].strip("*")


class Pattern:
    """One NAME: `module:qualname`, or without `:` a qualname or its last component."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.module = text.split(":", 1)[0] if ":" in text else None
        self.last = text.rsplit(":", 1)[-1].rsplit(".", 1)[-1]

    def matches(self, module: str, qualname: str) -> bool:
        own = qualname.rsplit(".", 1)[-1]
        if self.module is None and glob(self.text, own):
            return True
        # `bench_*` means bench_sort, but not each helper and lambda inside of bench_sort.
        if "<locals>" in qualname and not glob(self.last, own):
            return False
        return glob(self.text, qualname if self.module is None else f"{module}:{qualname}")

    def can_match(self, module: str, own: str) -> bool:
        """Whether any function of that module could, going by its own name."""
        if self.module is not None and not glob(self.module, module):
            return False
        return "*" in self.last or "?" in self.last or self.last == own


class Names:
    """The operation's name for each function that matches a pattern."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = [Pattern(text) for text in patterns if text]

    def operation(self, code: CodeType, namespace: dict[str, Any]) -> str | None:
        """`module:qualname` of the function with that code and those globals, or None."""
        own = code.co_name
        if not code.co_flags & CO_OPTIMIZED:  # the body of a module or class
            return None
        if own.startswith("<") and own != "<lambda>":  # a comprehension
            return None
        module = namespace.get("__name__")
        if not isinstance(module, str) or module.startswith("memtrace_agent"):
            return None
        patterns = [pattern for pattern in self.patterns if pattern.can_match(module, own)]
        if not patterns:
            return None
        qualname = qualified_name(code, namespace)
        if any(pattern.matches(module, qualname) for pattern in patterns):
            return f"{module}:{qualname}"
        return None
