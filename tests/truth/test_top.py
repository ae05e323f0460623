# SPDX-License-Identifier: GPL-2.0-or-later
"""memtrace top: what the screen says, against the target and against the report."""
import contextlib
import os
import pathlib
import re
import signal
import subprocess

import pytest

from tracing import NOBODY, parse, smaps_rss_bytes, until

pytest.importorskip("pyte")
from terminal import Terminal  # noqa: E402  it needs pyte

PAGE = os.sysconf("SC_PAGESIZE")
OUTER, INNER = 31 * PAGE, 25 * PAGE  # peaks of workload-steady's windows
HELP = "q leave"


@contextlib.contextmanager
def top(tracer, *options, **keywords):
    """memtrace top, once it shows something."""
    with Terminal([tracer.memtrace, "top", *options], cwd=tracer.work, **keywords) as terminal:
        terminal.until(lambda lines: lines[0].startswith("memtrace top  "), "the first line")
        yield terminal


def row(lines, word):
    """The words of the first line that has that one."""
    for line in lines:
        words = line.split()
        if word in words:
            return words
    return None


def settled(terminal):
    """The screen when its numbers have stayed the same for two refreshes."""
    before = [None, None]

    def same(lines):
        now = (int(re.search(r"(\d+) s  RSS", lines[0]).group(1)), lines[2:])
        if before[0] and now[1] != before[0][1]:
            before[0] = None
        before[0] = before[0] or now
        return now[0] >= before[0][0] + 3 and lines

    return terminal.until(same, "numbers that stay")


def test_numbers_of_the_target(tracer):
    with tracer.target("plain", "wait") as (process, standing):
        pid = str(standing["standing"])
        with top(tracer, "-p", pid, "--bytes", size=(120, 24)) as terminal:
            words = row(settled(terminal), pid)
            assert words[1:6] == ["nobody", str(smaps_rss_bytes(pid)), str(smaps_rss_bytes(pid)),
                                  "0", "0"]
            assert words[6:] == ["workload-plain", "wait"]
            process.stdin.write(b"x")
            process.stdin.close()
            lines = terminal.until(lambda now: "ended" in now[0] and now, "the end")
            [truth] = [parse(line) for line in process.stdout]
            assert row(lines, pid)[1:4] == ["nobody", "ended", str(truth["peak_rss_bytes"])]
            assert terminal.process.poll() is None
            terminal.press("q")
            assert terminal.wait() == 0


def test_numbers_of_the_report(tracer):
    with tracer.target("steady") as (process, ready):
        pid = str(ready["ready"])
        with top(tracer, "-p", pid, "--bytes", "--json", "report.json", "--sort=count",
                 size=(130, 24)) as terminal:
            terminal.until(lambda lines: int((row(lines, "inner") or [0, 0])[1]) > 100,
                           "a hundred windows")
            assert int(re.search(r"(\d+) windows/s", terminal.until(
                lambda lines: "- windows/s" not in lines[1] and lines, "a rate")[1]).group(1)) > 100
            process.send_signal(signal.SIGSTOP)
            lines = settled(terminal)
            rss, peak = (int(n) for n in row(lines, pid)[2:4])
            assert rss == smaps_rss_bytes(pid)
            assert "exact" in lines[1]
            terminal.press("q")
            assert terminal.wait() == 0
        report = tracer.read_report(tracer.work / "report.json")
        [shown] = report["processes"]
        assert (shown["peak_rss_bytes"], shown["rss_end_bytes"]) == (peak, rss)
        for operation in report["operations"]:
            name, count, open_now, growth, highest = row(lines, operation["name"])[:5]
            assert operation["peak_growth_bytes"]["max"] == int(highest)
            assert operation["growth_bytes"]["total"] == int(growth)
            assert operation["count"] == int(count) + int(open_now), name
        growth = {words[0]: (int(words[1]), int(words[3]), int(words[4])) for words in
                  (row(lines, name) for name in ("outer", "inner"))}
        for name, pages in (("outer", OUTER), ("inner", INNER)):
            count, total, highest = growth[name]
            assert (total, highest) == (count * pages, pages)
        process.send_signal(signal.SIGCONT)


def test_every_process(tracer):
    with tracer.target("steady") as (process, ready), top(tracer, "-a") as terminal:
        pid = str(ready["ready"])
        terminal.press("/workload-steady\r")
        lines = terminal.until(lambda now: row(now, pid) and now, "the target")
        assert int(re.match(r"(\d+) processes", lines[1]).group(1)) > 1
        terminal.until(lambda now: row(now, "inner") and now, "its windows")
        process.kill()
        process.wait()
        terminal.until(lambda now: not row(now, pid), "no target any more")
        terminal.press("q")
        assert terminal.wait() == 0


def test_children_come_and_go(tracer):
    script = "read line; sleep 60 & read line; kill $!; wait; read line"
    with subprocess.Popen(["bash", "-c", script], stdin=subprocess.PIPE) as shell:
        with top(tracer, "-p", str(shell.pid)) as terminal:
            shell.stdin.write(b"\n")
            shell.stdin.flush()
            terminal.until(lambda lines: row(lines, "sleep"), "the child")
            terminal.until(lambda lines: lines[1].startswith("2 processes"), "two")
            shell.stdin.write(b"\n")
            shell.stdin.flush()
            terminal.until(lambda lines: not row(lines, "sleep"), "no child")
        with top(tracer, "-p", str(shell.pid), "--no-follow") as terminal:
            assert terminal.text()[1].startswith("1 process ")
        shell.stdin.close()


@pytest.fixture
def hostile(tracer):
    """A terminal that shows workload-hostile's names."""
    script = f"read line; {tracer.program('hostile')} >/dev/null; read line"
    with subprocess.Popen(["bash", "-c", script, "日本\x1b]0;title\x07"],
                          stdin=subprocess.PIPE) as shell:
        with top(tracer, "-p", str(shell.pid), size=(140, 40)) as terminal:
            shell.stdin.write(b"\n")
            shell.stdin.flush()
            terminal.until(lambda lines: row(lines, "null"), "the last name")
            yield terminal
        shell.stdin.close()


def test_hostile_names(hostile):
    hostile.press("\tn")
    lines = hostile.until(lambda now: now[4].startswith("OPERATION▲") and now, "them by name")
    text = "\n".join(lines)
    for name in (r"escape \x1b[31mred\x1b[0m \x1b]0;title\x07", r"new\nline\r\ttab", r"cut short \xe6\x97",
                 "café 日本 😀", r"control \x01\x02"):
        assert name in text
    assert hostile.screen.title == ""
    assert b"\x1b]" not in hostile.output and b"\a" not in hostile.output
    # However wide a name is, what follows begins in its column.
    end = lines[4].index("COUNT") + len("COUNT")
    rows = [hostile.cells(y) for y in range(5, 5 + 19)]
    assert sum("日" in cells for cells in rows) == 1
    for cells in rows:
        assert re.fullmatch(r" *\d+", "".join(cells[end - 6:end]))
        assert cells[end] == " "


def test_filter_and_sort(hostile):
    hostile.press("\t/CAFÉ 日".replace("É", "é"))
    hostile.until(lambda lines: lines[-1].startswith("/CAFé 日_"), "what was typed")
    lines = hostile.until(lambda now: row(now, "café") and not row(now, "null") and now, "one row")
    hostile.press("\r")
    hostile.until(lambda now: "(1 of 19; Esc: all)" in now[-1], "how many match")
    hostile.press("\x7f")  # no filter is being typed
    hostile.press("/zzz\r")
    hostile.until(lambda now: "(nothing matches)" in now[5], "that nothing matches")
    hostile.press("\x1b")
    hostile.until(lambda now: row(now, "null"), "all rows")
    hostile.press("c")
    lines = hostile.until(lambda now: "▼COUNT" in now[4] and now, "the sort column")
    counts = [int("".join(hostile.cells(y)[:lines[4].index("COUNT") + 5]).split()[-1])
              for y in range(5, 5 + 19)]
    assert counts == sorted(counts, reverse=True)
    hostile.press("c")
    hostile.until(lambda now: "▲COUNT" in now[4], "the other way round")
    hostile.press(">")
    hostile.until(lambda now: "▼OPEN" in now[4], "the next column")


def test_scroll_and_pause(hostile):
    hostile.resize(80, 12)
    hostile.press("\tn")
    first = hostile.until(lambda now: now[4].startswith("OPERATION▲") and now[5], "them by name")
    hostile.press("\x1bOB")
    hostile.until(lambda now: now[5] != first, "the second row")
    hostile.press("\x1bOA")
    hostile.until(lambda now: now[5] == first, "the first row")
    hostile.press("\x1b[6~")
    hostile.until(lambda now: now[5] != first, "another page")
    hostile.press(" ")
    hostile.until(lambda now: "paused" in now[0], "that it stands still")
    hostile.press(" h")
    hostile.until(lambda now: "the other pane" in now[0], "help")
    hostile.press("qq")
    assert hostile.wait() == 0


def test_sizes(tracer):
    with tracer.target("steady") as (_, ready):
        pid = str(ready["ready"])
        with top(tracer, "-p", pid) as terminal:
            for columns, lines in ((40, 10), (200, 60), (79, 23), (41, 11), (300, 10), (80, 24)):
                terminal.resize(columns, lines)
                text = terminal.until(lambda now: now[-1].startswith(HELP) and now, "the last line")
                assert row(text, pid) and row(text, "shrinking")
                header = next(line for line in text if line.startswith("OPERATION"))
                # As wide as the terminal, up to the sort column's neighbour.
                assert len(header) in (columns, columns - 1)
            for columns, lines in ((39, 24), (80, 9), (3, 2), (1, 1)):
                terminal.resize(columns, lines)
                terminal.until(lambda now: "too small: 40x10".startswith(now[0][:2].rstrip("…>")) and
                               not any(now[1:]), "that it is too small")
            terminal.resize(80, 24)
            terminal.until(lambda now: now[-1].startswith(HELP), "the last line")
            terminal.press("q")
            assert terminal.wait() == 0


@pytest.mark.parametrize("end", ["q", "\x03", "\x1c", signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_terminal_is_restored(tracer, end):
    with tracer.target("steady") as (process, ready):
        with top(tracer, "-p", str(ready["ready"]), "-v", "--json", "report.json") as terminal:
            assert not terminal.is_restored()
            terminal.until(lambda lines: row(lines, "inner"), "windows")
            if isinstance(end, str):
                terminal.press(end)
            else:
                terminal.process.send_signal(end)
            assert terminal.wait() == 0
            assert terminal.is_restored()
        assert process.poll() is None
    names = {o["name"] for o in tracer.read_report(tracer.work / "report.json")["operations"]}
    assert names == {"outer", "inner", "shrinking"}


def test_messages_wait(tracer):
    """What would be written over the screen comes after it."""
    # Again and again: a child that is over before it was looked at has no windows here.
    script = f"read line; while {tracer.program('dlopen')} >/dev/null; do sleep 0.2; done"
    with subprocess.Popen(["bash", "-c", script], stdin=subprocess.PIPE,
                          cwd=tracer.programs) as shell:
        with top(tracer, "-v", "-p", str(shell.pid)) as terminal:
            shell.stdin.write(b"\n")
            shell.stdin.flush()
            terminal.until(lambda lines: "(no window yet)" not in "\n".join(lines), "windows")
            assert not any(line.startswith("memtrace:") for line in terminal.text())
            terminal.press("q")
            assert terminal.wait() == 0
            shown = terminal.output[terminal.output.rindex(b"\x1b[?1049l"):]
            assert b"memtrace: " in shown
        shell.kill()


def test_duration(tracer):
    with tracer.target("steady") as (_, ready):
        with top(tracer, "-p", str(ready["ready"]), "-d", "1.5", "--json", "report.json") as terminal:
            assert terminal.wait() == 0
            assert terminal.is_restored()
    report = tracer.read_report(tracer.work / "report.json")
    assert 1.5e9 <= report["trace"]["duration_ns"] < 20e9


def test_the_terminal_goes(tracer):
    with tracer.target("steady") as (process, ready):
        with Terminal([tracer.memtrace, "top", "-p", str(ready["ready"])]) as terminal:
            terminal.until(lambda lines: row(lines, "inner"), "windows")
            os.close(terminal.master)
            os.close(terminal.slave)
            terminal.master, terminal.slave = os.pipe()
            terminal.process.wait(30)
        assert process.poll() is None


def colors(output):
    """Whether anything has set a color."""
    return any(re.search(rb"(^|;)[34][0-7](;|$)", code)
               for code in re.findall(rb"\x1b\[([0-9;]*)m", output))


@pytest.mark.parametrize("options, environment, colored", [
    ([], {}, True), ([], {"NO_COLOR": "1"}, False), ([], {"NO_COLOR": ""}, True),
    (["--color=never"], {}, False), (["--color=always"], {"NO_COLOR": "1"}, True),
    (["--color=always"], {"TERM": "vt100"}, False)])
def test_color(tracer, options, environment, colored):
    with tracer.target("steady") as (_, ready):
        with top(tracer, *options, "-p", str(ready["ready"]), environment=environment) as terminal:
            terminal.until(lambda lines: row(lines, "inner"), "windows")
            terminal.press("q")
            assert terminal.wait() == 0
            assert colors(terminal.output) == colored


def test_plain_locale(tracer):
    with tracer.target("steady") as (_, ready):
        with top(tracer, "-p", str(ready["ready"]), environment={"LC_ALL": "C"}) as terminal:
            terminal.until(lambda lines: row(lines, "inner") and row(lines, "inner")[-1] == "us",
                           "microseconds")
            terminal.press("q")
            assert terminal.wait() == 0
            assert terminal.output.isascii()


def failure(command, **keywords):
    """What it says, without ever having taken the screen, and its exit status."""
    with Terminal(command, **keywords) as terminal:
        status = terminal.wait()
        assert b"\x1b" not in terminal.output
        return status, terminal.output.decode().splitlines()


def test_errors(tracer):
    until(lambda: not pathlib.Path("/proc/4194303").exists(), "a free pid")
    assert failure([tracer.memtrace, "top", "-p", "4194303"]) == (
        1, ["memtrace: no such process 4194303"])
    status, lines = failure([tracer.memtrace, "top", "-p", "1"], environment={"TERM": "dumb"})
    assert status == 1 and "TERM is `dumb`" in lines[0]
    status, lines = failure([tracer.memtrace, "top", "-p", "1"], environment={"TERM": "no such"})
    assert status == 1 and lines[0].startswith("memtrace: top: this terminal")


def test_without_privileges(tracer):
    copy = tracer.work / "memtrace"
    copy.write_bytes(pathlib.Path(tracer.memtrace).read_bytes())
    copy.chmod(0o755)
    status, lines = failure([str(copy), "top", "-p", "1"], user=NOBODY.pw_uid)
    assert status == 1 and len(lines) <= 2
    assert lines[0].startswith("memtrace: missing capabilities: CAP_BPF CAP_PERFMON")
