# SPDX-License-Identifier: GPL-2.0-or-later
"""Collections of an unmodified JVM against its own log."""
import re
import shutil
import subprocess

import pytest

# Keeps a window of what it allocates, so that young and full collections both come.
SYSTEM_GC = 3
PROGRAM = """
public class Allocate {
    public static void main(String[] arguments) {
        byte[][] kept = new byte[2000][];
        long sum = 0;
        for (int i = 0; i < Integer.parseInt(arguments[0]); i++) {
            kept[i % kept.length] = new byte[10000 + i % 1000];
            sum += kept[(i * 7) % kept.length] == null ? 0 : 1;
            if (i % 100000 == 99999)
                System.gc();
        }
        System.out.println(sum > 0);
    }
}
"""


@pytest.mark.parametrize("collector", ["Serial", "G1"])
def test_collections(tracer, collector):
    java = shutil.which("java")
    if not java or not shutil.which("javac"):
        pytest.skip("no Java with a compiler is installed")
    (tracer.work / "Allocate.java").write_text(PROGRAM)
    subprocess.run(["javac", "Allocate.java"], cwd=tracer.work, check=True)
    command = [java, f"-XX:+Use{collector}GC", "-Xmx64m", "-Xms64m", "-Xlog:gc:file=gc.log",
               "-Xshare:auto", "Allocate", "300000"]
    _, report = tracer.run_command(command, "-w", "java:gc")
    log = (tracer.work / "gc.log").read_text()
    (tracer.work / "gc.log").unlink()
    # "[0.123s][info][gc] GC(7) Pause Young (Normal) (G1 Evacuation Pause) 38M->12M(64M) 1.234ms"
    pauses = re.findall(r"GC\(\d+\) Pause (\w+)", log)
    rows = {row["name"]: row["count"] for row in report["operations"]}
    assert pauses.count("Young") > 5
    if collector == "G1":
        assert rows["gc, full=1"] == pauses.count("Full")
        assert sum(rows.values()) == len(pauses)
    else:  # one collection can be a young one that turns into a full one
        assert rows == {"gc, full=0": pauses.count("Young"), "gc, full=1": SYSTEM_GC}
    assert not report["losses"]["unmatched_ends"]
