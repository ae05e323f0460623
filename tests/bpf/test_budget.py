# SPDX-License-Identifier: GPL-2.0-or-later
"""
The verifier's work for each BPF program of a running memtrace against budget.json: instructions
processed, which grow long before a program is refused on some kernel. The budget is 1.15 times
what it was when it was set; raise it on purpose or not at all.
"""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
MEMTRACE = os.environ.get("MEMTRACE", HERE.parents[1] / "build/user/cli/memtrace")
BUDGET = json.loads((HERE / "budget.json").read_text())
DEADLINE_S = 30.0
# Those for functions and USDT probes are loaded where there can be any.
EVERY_PROGRAM = ["-w", "marker", "-w", "func:libnone:f", "-w", "usdt:libnone:a:b,c"]


def verified(pid):
    """Program id: instructions, of the programs that a process holds (Linux 5.16 and later)."""
    found = {}
    for path in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        text = path.read_text()
        number = re.search(r"^prog_id:\s*(\d+)", text, re.M)
        instructions = re.search(r"^verified_insns:\s*(\d+)", text, re.M)
        if number and instructions:
            found[int(number[1])] = int(instructions[1])
    return found


def names():
    done = subprocess.run(["bpftool", "prog", "show", "--json"], capture_output=True, check=True)
    return {program["id"]: program.get("name", "") for program in json.loads(done.stdout)}


def wait_ready(path, process):
    deadline = time.monotonic() + DEADLINE_S
    while not path.exists() or path.read_text() != "ready\n":
        assert process.poll() is None, "memtrace ended"
        assert time.monotonic() < deadline, "memtrace is not ready"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def instructions():
    if os.geteuid():
        pytest.skip("needs root")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as work:
        ready = pathlib.Path(work, "ready")
        process = subprocess.Popen(
            [MEMTRACE, "-q", "--ready-file", str(ready), *EVERY_PROGRAM, "--", "sleep", "60"],
            cwd=work, stderr=subprocess.DEVNULL)
        try:
            wait_ready(ready, process)
            name_of = names()
            yield {name_of[number][:15]: count for number, count in verified(process.pid).items()}
        finally:
            process.terminate()
            process.wait()


def table(instructions):
    lines = [f"{'program':16} {'verified':>9} {'budget':>9}"]
    for program, budget in BUDGET.items():
        count = instructions.get(program[:15])
        lines.append(f"{program:16} {count if count is not None else 'missing':>9} {budget:>9}"
                     f"{'  <-- above' if count is not None and count > budget else ''}")
    return "\n".join(lines)


@pytest.mark.parametrize("program", BUDGET)
def test_within_budget(instructions, program):
    # The kernel keeps 15 bytes of a name.
    count = instructions.get(program[:15])
    assert count is not None, f"{program} is not loaded\n{table(instructions)}"
    assert count <= BUDGET[program], f"{program} is above its budget\n{table(instructions)}"


def test_every_program_has_a_budget(instructions):
    known = {program[:15] for program in BUDGET}
    assert {name for name in instructions if name not in known} == set()
