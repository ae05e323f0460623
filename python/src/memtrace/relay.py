# SPDX-License-Identifier: MIT
"""Standard error of a child: passed on as it comes, its end kept."""

from __future__ import annotations

import codecs
import contextlib
import os
import sys
import threading

__all__ = ["Relay"]

KEPT_BYTES = 65536


class Relay:
    """A pipe and a thread that writes to sys.stderr what comes through."""

    def __init__(self) -> None:
        self._read_end, self.write_end = os.pipe()
        self._kept = b""
        self._finishing = False
        self._thread = threading.Thread(target=self._pass_on, daemon=True)
        self._thread.start()

    def finish(self) -> str:
        """Ends when all that was written before has been passed on; returns the end of the text.
        Does not wait for the pipe to be closed: a child of the child may live on and hold it."""
        self._finishing = True
        os.set_blocking(self._read_end, False)
        os.write(self.write_end, b"\0")  # wakes the thread
        self._thread.join()
        os.close(self.write_end)
        os.close(self._read_end)
        return self._kept.decode(errors="replace")

    def _pass_on(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while True:
            try:
                data = os.read(self._read_end, KEPT_BYTES)
            except BlockingIOError:
                return
            if self._finishing and data.endswith(b"\0"):
                data = data[:-1]
            self._kept = (self._kept + data)[-KEPT_BYTES:]
            with contextlib.suppress(Exception):  # whatever stderr is: the child must not block
                sys.stderr.write(decoder.decode(data))
                sys.stderr.flush()
