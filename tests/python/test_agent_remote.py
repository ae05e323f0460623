# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent started and stopped in a running program by sys.remote_exec: Python 3.14 and later."""
import os
import subprocess
import time

import pytest

from recording import AGENT, LIMIT_S, read_events

PROGRAM = """
def work():
    pass

def waits():
    while input() != "end":
        work()
        print("worked", flush=True)

print("ready", flush=True)
waits()
"""

# As memtrace writes them; the last line tells the test that it was executed.
START = """
import sys
sys.path.insert(0, {agent!r})
try:
    import memtrace_agent
finally:
    del sys.path[0]
memtrace_agent.start(["work", "waits"], {library!r})
open({done!r}, "x").close()
"""
STOP = """
import memtrace_agent
memtrace_agent.stop()
open({done!r}, "x").close()
"""


def execute(python, program, place, name, script, **values):
    """Has the program execute a script, and waits until it did."""
    path, done = place / f"{name}.py", place / f"{name}.done"
    path.write_text(script.format(agent=str(AGENT), done=str(done), **values))
    subprocess.run(
        [python.path, "-c", f"import sys; sys.remote_exec({program.pid}, {str(path)!r})"],
        check=True,
    )
    limit = time.monotonic() + LIMIT_S
    while not done.exists():
        assert program.poll() is None and time.monotonic() < limit
        work(program)  # scripts are executed between instructions


def work(program):
    program.stdin.write("work\n")
    program.stdin.flush()
    assert program.stdout.readline() == "worked\n"


def test_start_stop_and_start_again(python, library, tmp_path):
    if python.version < (3, 14):
        pytest.skip("no sys.remote_exec")
    path, record = tmp_path / "program.py", tmp_path / "record"
    path.write_text(PROGRAM)
    program = subprocess.Popen(
        [python.path, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "MEMTRACE_RECORD": str(record)},
    )
    counts = []
    with program:
        assert program.stdout.readline() == "ready\n"
        for attach in range(2):
            execute(python, program, tmp_path, f"start-{attach}", START, library=str(library))
            before = len(read_events(record))
            for _ in range(3):
                work(program)
            counts.append(len(read_events(record)) - before)
            execute(python, program, tmp_path, f"stop-{attach}", STOP)
            before = len(read_events(record))
            work(program)
            counts.append(len(read_events(record)) - before)
        program.stdin.write("end\n")
        program.stdin.close()
        assert (program.wait(LIMIT_S), program.stdout.read(), program.stderr.read()) == (0, "", "")
    assert counts == [6, 0, 6, 0]
    assert {event.name for event in read_events(record)} == {"__main__:work"}
