# SPDX-License-Identifier: GPL-2.0-or-later
"""A build of a real project (this one) by make -j2: hundreds of short processes, none missing."""
import os
import pathlib
import shutil
import subprocess

from tracing import DEADLINE_S

SOURCE = pathlib.Path(__file__).resolve().parents[2]
# Every compiler run says its pid, in the order in which they start, and goes on as the compiler.
LAUNCHER = '#!/bin/sh\necho "$$" >>"{log}"\nexec "$@"\n'


def test_make(tracer):
    build, log, launcher = (tracer.work / name for name in ("build", "log", "launcher"))
    launcher.write_text(LAUNCHER.format(log=log))
    launcher.chmod(0o755)
    try:
        subprocess.run(["cmake", "-S", SOURCE, "-B", build, "-G", "Unix Makefiles",
                        f"-DCMAKE_C_COMPILER_LAUNCHER={launcher}", "-DMEMTRACE_EXAMPLES=OFF"],
                       check=True, capture_output=True)
        log.unlink(missing_ok=True)
        command = ["make", "-C", str(build), "-j2", "-s", "memtrace"]
        _, report = tracer.run_command(command, user="root", timeout=20 * DEADLINE_S)
        pids = [int(line) for line in log.read_text().split()]
    finally:
        shutil.rmtree(build, ignore_errors=True)
        for path in (log, launcher):
            path.unlink(missing_ok=True)
    assert len(pids) > 60
    programs = {}
    for row in report["processes"]:
        if row["begin"] == "exec":
            programs.setdefault(row["pid"], []).append(row)
    # The launcher, then the compiler in its place; names are those after exec.
    for pid in pids:
        first, *others = programs[pid]
        assert first["command"][0] == "/bin/sh" and str(launcher) in first["command"]
        assert others and os.path.basename(others[0]["command"][0]) in ("cc", "gcc", "clang")
        assert others[-1]["exit_code"] == 0
    compilers = {row["ppid"] for rows in programs.values() for row in rows if row["comm"] == "cc1"}
    assert set(pids) <= compilers, "each has run its cc1"
    assert len(report["processes"]) > 5 * len(pids)
    lost = {key: n for key, n in report["losses"].items() if n}
    assert not lost
    assert report["tree"]["peak_rss_bytes"] >= max(r["peak_rss_bytes"] for r in report["processes"])
