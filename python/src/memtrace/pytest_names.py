# SPDX-License-Identifier: MIT
"""Names of the operations of a test."""

from __future__ import annotations

import hashlib

__all__ = ["operation_name"]

NAME_BYTES = 127  # of an operation's name; the rest is cut
CUT = "..."


def operation_name(prefix: str, nodeid: str) -> str:
    """`prefix` and `nodeid`, which is shortened where they are more than 127 bytes together: a hash
    of it, "..." and its end, such that the test's own name is there. The same in every run."""
    room = NAME_BYTES - len(prefix)
    if len(nodeid) <= room and (nodeid.isascii() or len(_encode(nodeid)) <= room):
        return prefix + nodeid
    return prefix + _shorten(nodeid, room)


def _shorten(nodeid: str, room: int) -> str:
    encoded = _encode(nodeid)
    begin = hashlib.sha256(encoded).hexdigest()[:8] + CUT
    room -= len(begin)
    test, bracket, parameters = nodeid.partition("[")
    own = _encode(test.rpartition("::")[2] + bracket)
    if len(own) + len(_encode(parameters)) > room and bracket:  # the end would be parameters alone
        own = own[-(room // 2) :]
        begin += _decode(own) + CUT
        room -= len(own) + len(CUT)
    return begin + _decode(encoded[-room:])


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _decode(cut: bytes) -> str:
    """Without the halves of characters at either end."""
    return cut.decode("utf-8", "ignore")
