# SPDX-License-Identifier: GPL-2.0-or-later
"""Functions of programs that were not written for this, and what becomes of those programs."""
import os
import re
import shutil
import subprocess

import pytest

from compare import PAGE
from tracing import lines_of

LOST = {"late_attach", "unmatched_ends"}


def rows_of(report):
    return {row["name"]: row for row in report["operations"]}


def ends_of(report):
    """{operation: {end: windows}}"""
    counts = {}
    for window in report["windows"]:
        ends = counts.setdefault(window["operation"], {})
        ends[window["end"]] = ends.get(window["end"], 0) + 1
    return counts


def spec_of(truth):
    return [word for line in truth for word in ("-w", f"func:{line['function']}")]


def known(programs, *arguments):
    done = subprocess.run([programs / "workload-unwind", *arguments], capture_output=True, check=True)
    return lines_of(done.stdout)


@pytest.mark.parametrize("how", ["names", "pattern", "bound"])
def test_left_in_every_way(tracer, programs, how):
    truth = known(programs)
    options = spec_of(truth) if how == "names" else ["-w", "func:left::*"]
    if how == "bound":  # to the one process, before its exec
        options.append("--no-follow")
    lines, report = tracer.run("unwind", options=[*options, "--windows"])
    assert lines == truth, "the program went on as it would"
    rows, ends = rows_of(report), ends_of(report)
    for line in truth:
        name = line["function"]
        assert rows[name]["count"] == line["count"], name
        assert ends[name].get("unwound", 0) == line["unwound"], name
        if name == "left::leaver(void*)":  # pthread_exit() throws, and nothing of C++ catches it
            assert set(ends[name]) <= {"thread-exit", "unwound"}
        else:
            assert ends[name]["end"] == line["count"] - line["unwound"], name
    grown = rows["left::grow(long)"]
    assert grown["growth_bytes"]["total"] == 1500 * PAGE
    assert (grown["peak_growth_bytes"]["min"], grown["peak_growth_bytes"]["max"]) == (
        100 * PAGE, 500 * PAGE)
    assert not any(report["losses"].values())


def test_many_exceptions(tracer, programs):
    """MEMTRACE_EXCEPTIONS: a release throws a million."""
    count = os.environ.get("MEMTRACE_EXCEPTIONS", "100000")
    truth = {line["function"]: line for line in known(programs, count)}
    _, report = tracer.run("unwind", count, options=["-w", "func:left::leaf", "-w",
                                                         "func:left::middle(int)"])
    rows = rows_of(report)
    for name in ("left::leaf(int)", "left::middle(int)"):
        assert rows[name]["count"] == truth[name]["count"] == int(count)
        assert rows[name]["incomplete"] == 0
    assert not any(report["losses"].values())


def test_named_by_an_argument(tracer):
    _, report = tracer.run("unwind", options=["-w", "func:left::grow(arg1:int)"])
    rows = rows_of(report)
    assert {name: row["growth_bytes"]["total"] for name, row in rows.items()} == {
        str(100 * i): 100 * i * PAGE for i in range(1, 6)}


def test_two_functions_as_begin_and_end(tracer):
    """From each entry of the one to the next entry of the other."""
    _, report = tracer.run("unwind", options=["-w", "marker:left::first,left::last"])
    row, = report["operations"]
    assert (row["name"], row["count"]) == ("left::first", 1000)


def test_not_found(tracer):
    command = tracer.command([tracer.program("unwind")], "-w", "func:left::midle")
    done = subprocess.run(command, cwd=tracer.work, capture_output=True, text=True, check=False)
    assert done.returncode == 125
    first, second = done.stderr.splitlines()
    assert first == "memtrace: --window func:left::midle: not found in the program"
    assert second.strip() == "nearest: left::middle"
    assert not done.stdout, "it was not started"


def test_attached_in_the_middle(tracer):
    """Calls that were entered before have no begin; that is counted, and those after are whole."""
    _, report = tracer.run("unwind", "200000", options=["-w", "func:left::last", "-d", "0.3"])
    row = rows_of(report).get("left::last(int)")
    assert row is None or row["incomplete"] <= 1


PYTHON_SCRIPT = """
import xml.etree.ElementTree as tree, zlib
text = "<a>" + "<b c='d'>e</b>" * 20000 + "</a>"
root = tree.fromstring(text)
print(len(root), zlib.crc32(zlib.compress(text.encode())))
"""


def test_a_thousand_functions_of_a_real_library(tracer):
    """libstdc++ under a C++ program's load: the output is what it is without."""
    source = "#include <map>\n#include <string>\n#include <sstream>\n#include <iostream>\n" \
             "int main() { std::map<std::string, int> m; for (int i = 0; i < 3000; i++) {" \
             "std::ostringstream s; s << i * 7919 % 1000 << std::hex << i; m[s.str()] += i; }" \
             "long sum = 0; for (auto &p : m) { std::istringstream s(p.first); int n; s >> n;" \
             "try { sum += n + std::stoi(p.first) + std::string(p.first).at(3); }" \
             "catch (const std::out_of_range &) { sum++; } } std::cout << sum << std::endl; }\n"
    path = tracer.work / "load.cpp"
    path.write_text(source)
    subprocess.run(["g++", "-O1", "-o", tracer.work / "load", path], check=True)
    plain = subprocess.run([tracer.work / "load"], capture_output=True, check=True).stdout
    done = subprocess.run(tracer.command([str(tracer.work / "load")], "-w", "func:libstdc++:std::*basic_*"),
                          cwd=tracer.work, capture_output=True, text=True, check=True)
    assert done.stdout.encode() == plain
    left_out, of = map(int, re.search(r": (\d+) of (\d+) functions of", done.stderr).groups())
    assert of - left_out > 1000, "a thousand functions are probed"
    report = tracer.read_report(tracer.work / "report.json")
    rows = rows_of(report)
    assert len(rows) > 10
    assert sum(row["count"] for row in rows.values()) > 10000
    assert not report["losses"]["table_full"]
    for name in ("load", "load.cpp"):
        (tracer.work / name).unlink()


def test_functions_of_an_extension_module(tracer):
    """Mapped later, by dlopen: the probes come when it appears, and the report says so."""
    command = ["/usr/bin/python3", "-I", "-c", PYTHON_SCRIPT]
    plain = subprocess.run(command, capture_output=True, check=True).stdout
    traced, report = tracer.run_command(command, "-w", "func:libz:crc32")
    assert traced == plain
    assert re.search("crc32", str(list(rows_of(report))))


GO = """
package main

import "fmt"

//go:noinline
func grow(n int) []byte { return make([]byte, n) }

func main() {
	sum := 0
	for i := 0; i < 1000; i++ {
		sum += len(grow(i))
	}
	fmt.Println(sum)
}
"""

RUST = """
#[inline(never)]
pub fn grow(n: usize) -> Vec<u8> { vec![1u8; n] }

#[inline(never)]
pub fn leave(n: usize) { if n % 2 == 1 { panic!("odd"); } }

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    let mut sum = 0;
    for i in 0..1000 {
        sum += grow(i).len();
        if std::panic::catch_unwind(|| leave(i)).is_err() { sum += 1; }
    }
    println!("{}", sum);
}
"""


def test_go_is_refused(tracer):
    """Its stacks move: not one probe is placed, and the program is not started."""
    if not shutil.which("go"):
        pytest.skip("no Go compiler is installed")
    (tracer.work / "main.go").write_text(GO)
    subprocess.run(["go", "build", "-o", "main", "main.go"], cwd=tracer.work, check=True)
    (tracer.work / "main").chmod(0o755)
    command = tracer.command([str(tracer.work / "main")], "-w", "func:main.grow")
    done = subprocess.run(command, cwd=tracer.work, capture_output=True, text=True, check=False)
    assert done.returncode == 125
    assert "is a Go program" in done.stderr
    _, report = tracer.run_command([str(tracer.work / "main")])
    assert report["processes"][0]["peak_rss_bytes"] > 0
    for name in ("main", "main.go"):
        (tracer.work / name).unlink()


def test_rust(tracer):
    if not shutil.which("rustc"):
        pytest.skip("no Rust compiler is installed")
    (tracer.work / "grow.rs").write_text(RUST)
    subprocess.run(["rustc", "-O", "-o", "grow", "grow.rs"], cwd=tracer.work, check=True)
    (tracer.work / "grow").chmod(0o755)
    plain = subprocess.run([tracer.work / "grow"], capture_output=True, check=True).stdout
    output, report = tracer.run_command([str(tracer.work / "grow")], "-w", "func:*grow::grow*", "-w",
                                        "func:*grow::leave*", "--windows")
    assert output == plain
    rows, ends = rows_of(report), ends_of(report)
    grow, = (name for name in rows if "grow::grow" in name)
    leave, = (name for name in rows if "grow::leave" in name)
    assert (rows[grow]["count"], rows[leave]["count"]) == (1000, 1000)
    assert ends[leave]["unwound"] + ends[leave].get("exit", 0) == 500
    for name in ("grow", "grow.rs"):
        (tracer.work / name).unlink()
