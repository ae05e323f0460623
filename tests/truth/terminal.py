# SPDX-License-Identifier: GPL-2.0-or-later
"""A program on a terminal of its own, and what it shows there."""
import codecs
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time

import pyte

from tracing import DEADLINE_S

# xterm's repeated characters, which pyte does not know, this one does not have.
TERM = "screen-256color"


class Screen(pyte.Screen):
    """With what else that terminal does: back tabs, and scrolling without moving the cursor."""

    def back_tab(self, count=1):
        for _ in range(count or 1):
            self.cursor.x = max((stop for stop in self.tabstops if stop < self.cursor.x), default=0)

    def scroll_up(self, count=1):
        self._at_the_top(self.delete_lines, count)

    def scroll_down(self, count=1):
        self._at_the_top(self.insert_lines, count)

    def _at_the_top(self, change, count):
        x, y = self.cursor.x, self.cursor.y
        self.cursor.y = self.margins.top if self.margins else 0
        change(count or 1)
        self.cursor.x, self.cursor.y = x, y


class Stream(pyte.Stream):
    csi = {**pyte.Stream.csi, "Z": "back_tab", "S": "scroll_up", "T": "scroll_down"}
    events = pyte.Stream.events | {"back_tab", "scroll_up", "scroll_down"}


class Terminal:
    """Runs a command in a pseudo-terminal; text() is its screen, a string a line."""

    def __init__(self, command, size=(80, 24), environment=None, user=None, cwd=None):
        self.screen = Screen(*size)
        self.stream = Stream(self.screen)
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.output = b""
        self.master, self.slave = pty.openpty()
        self.resize(*size)
        self.before = termios.tcgetattr(self.slave)
        keywords = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        self.process = subprocess.Popen(
            command, stdin=self.slave, stdout=self.slave, stderr=self.slave, cwd=cwd,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env={"PATH": os.environ["PATH"], "TERM": TERM, "LC_ALL": "C.UTF-8",
                 **(environment or {})}, **keywords)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    def resize(self, columns, lines):
        """The kernel tells the program, as when somebody drags the window."""
        self.screen.resize(lines, columns)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self, seconds=0.05):
        """Takes in what has been written; returns when nothing came for that long."""
        while select.select([self.master], [], [], seconds)[0]:
            data = os.read(self.master, 65536)
            self.output += data
            self.stream.feed(self.decoder.decode(data))

    def text(self):
        self.read()
        return [line.rstrip() for line in self.screen.display]

    def cells(self, y):
        """A line column by column: a wide character has an empty string behind it."""
        return [self.screen.buffer[y][x].data for x in range(self.screen.columns)]

    def until(self, condition, what):
        """Waits until condition(lines) is true and returns its value."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            lines = self.text()
            value = condition(lines)
            if value:
                return value
            assert time.monotonic() < deadline, f"not on the screen: {what}\n" + "\n".join(lines)

    def press(self, keys):
        os.write(self.master, keys.encode())

    def wait(self):
        """The exit status. What there is to say is read, so that the program can end."""
        deadline = time.monotonic() + DEADLINE_S
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "did not end:\n" + "\n".join(self.text())
            self.read()
        self.read()
        return self.process.returncode

    def is_restored(self):
        """Modes as before, and the main screen and the cursor are back."""
        return (termios.tcgetattr(self.slave) == self.before and
                self.output.rfind(b"\x1b[?1049l") > self.output.rfind(b"\x1b[?1049h") and
                self.output.rfind(b"\x1b[?25h") > self.output.rfind(b"\x1b[?25l"))
