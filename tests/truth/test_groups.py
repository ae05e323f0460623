# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose a process is: its cgroup, also when both are gone, and sums by --by KEY."""
import contextlib
import os
import pathlib
import re
import subprocess

import pytest

from compare import differences
from compare import PAGE
from tracing import NOBODY, until

CONTAINER = "c0ffee" * 10 + "0123"


def hierarchies():
    """(where it is mounted, whether it is version 2) of what memtrace reads paths from."""
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        fields, _, kind = line.partition(" - ")
        kind = kind.split()
        if kind[0] == "cgroup2":
            yield pathlib.Path(fields.split()[4]), True
        elif kind[0] == "cgroup" and "memory" in kind[2].split(","):
            yield pathlib.Path(fields.split()[4]), False


def own_cgroup(unified):
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        number, controllers, path = line.split(":", 2)
        if (number == "0") if unified else "memory" in controllers.split(","):
            return path
    return None


@contextlib.contextmanager
def cgroup(name, unified=True):
    """A new cgroup below our own; (its directory, its path)."""
    found = [mount for mount, is_v2 in hierarchies() if is_v2 == unified]
    parent = own_cgroup(unified)
    if not found or parent is None:
        pytest.skip(f"no cgroup{2 if unified else ''} mount")
    directory = found[0] / parent.lstrip("/") / name
    try:
        # Parts of a path stand for what a runtime would make.
        made = [path for path in (directory.parent, directory) if not path.exists()]
        for path in made:
            path.mkdir()
    except OSError as error:
        pytest.skip(f"cannot make a cgroup: {error}")
    try:
        yield directory, os.path.join(parent, name)
    finally:
        for path in reversed(made):
            until(lambda path=path: remove(path), f"{path} to be empty")


def remove(directory):
    with contextlib.suppress(FileNotFoundError):
        try:
            directory.rmdir()
        except OSError:
            return False
    return True


def shell_in(directory, script):
    """A shell command that moves itself there first."""
    return ["/bin/sh", "-c", f"echo 0 > {directory}/cgroup.procs && {script}"]


def rows_of(report, *words):
    return [row for row in report["processes"] if row["command"][:len(words)] == list(words)]


@pytest.mark.parametrize("unified", [True, False])
def test_short_lived_processes_in_their_own_cgroups(tracer, unified):
    """Each is gone long before anything could be read from /proc."""
    with cgroup("memtrace-one", unified) as (one, one_path), \
            cgroup("memtrace-two", unified) as (two, two_path):
        script = f"""
            i=0
            while [ $i -lt 100 ]; do
                echo 0 > {one}/cgroup.procs; /bin/true one $i
                echo 0 > {two}/cgroup.procs; /bin/true two $i
                i=$((i + 1))
            done"""
        _, report = tracer.run_command(["/bin/sh", "-c", script], user="root")
        for word, path in (("one", one_path), ("two", two_path)):
            rows = rows_of(report, "/bin/true", word)
            assert len(rows) == 100
            assert {row["cgroup"] for row in rows} == {path}
            assert {row["container"] for row in rows} == {None}


def test_the_cgroup_of_a_running_process(tracer):
    with cgroup(f"docker/{CONTAINER}") as (directory, path):
        with subprocess.Popen(shell_in(directory, "exec /bin/sleep 100")) as target:
            try:
                until(lambda: pathlib.Path(f"/proc/{target.pid}/comm").read_text() == "sleep\n",
                      "sleep to run")
                with tracer.attached(target.pid) as memtrace:
                    _, report = tracer.detach(memtrace)
            finally:
                target.kill()
    assert [row["cgroup"] for row in report["processes"]] == [path]
    assert report["processes"][0]["container"] == f"docker:{CONTAINER[:12]}"


def hidden(row):
    """Between fork and exec."""
    return row["begin"] == "fork" and row["end"] == "exec"


def groups_by_hand(report, key):
    """The groups that the rows of a report would make."""
    found = {}
    for row in report["processes"]:
        if hidden(row):
            continue
        group = found.setdefault(row[key], {
            "processes": 0, "alive": 0, "growth_bytes": 0, "rss_end_bytes": 0, "gained_bytes": 0,
            "returned_bytes": 0, "highest_peak_rss_bytes": 0})
        group["processes"] += 1
        group["alive"] += row["end"] == "detach"
        group["growth_bytes"] += row["rss_end_bytes"] - row["rss_begin_bytes"]
        group["rss_end_bytes"] += row["rss_end_bytes"] if row["end"] == "detach" else 0
        group["gained_bytes"] += row["gained_bytes"]
        group["returned_bytes"] += row["returned_bytes"]
        group["highest_peak_rss_bytes"] = max(group["highest_peak_rss_bytes"], row["peak_rss_bytes"])
    return found


def groups_of(report):
    """Without what stands beside the sums."""
    return {group["key"]: {key: value for key, value in group.items()
                           if key not in ("by", "key", "name", "highest_peak_pid", "faults")}
            for group in report["groups"]}


@pytest.mark.parametrize("key", ["comm", "cgroup", "user"])
def test_groups_are_the_sums_of_their_processes(tracer, key):
    script = """
        for i in 1 2 3 4 5; do /bin/true; /bin/echo $i; done
        exec /bin/cat /dev/null"""
    _, report = tracer.run_command(["/bin/sh", "-c", script], "--by", key)
    assert groups_of(report) == groups_by_hand(report, key)
    assert {group["by"] for group in report["groups"]} == {key}
    if key == "comm":
        assert groups_of(report)["true"]["processes"] == 5
        assert groups_of(report)["echo"]["processes"] == 5
    for group in report["groups"]:
        peak = next(row for row in report["processes"] if row["pid"] == group["highest_peak_pid"]
                    and row["peak_rss_bytes"] == group["highest_peak_rss_bytes"])
        assert peak[key] == group["key"]


def test_groups_by_user(tracer):
    """Two users, one of whom still runs at the end; the table has the groups, too."""
    with tracer.target("plain", "wait") as (target, _), \
            subprocess.Popen(["/bin/sleep", "100"]) as other:
        try:
            with tracer.attached(f"{target.pid},{other.pid}", "--by", "user") as memtrace:
                output, report = tracer.detach(memtrace)
        finally:
            other.kill()
        target.stdin.write(b"x")
        target.communicate()
    users = groups_of(report)
    assert users.keys() == {NOBODY.pw_name, "root"}
    assert all(group["alive"] for group in users.values())
    assert re.search(r"^USER +PROCESSES", output, re.M)
    assert not re.search(r"^ *PID +COMMAND", output, re.M)


THREADS = 6  # of workload-threads, beside the main one
ROUNDS = 21  # the first one to warm up
PAGES = 300


def by_thread(report, name):
    """{tid: row} of an operation; no thread twice."""
    rows = [row for row in report["operations"] if row["name"] == name]
    found = {row["tid"]: row for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.mark.parametrize("name", ["overlap", "threads"])
def test_operations_by_thread_that_each_have_one(tracer, name):
    """What the workload knows of them stays true."""
    lines, report = tracer.run(name, options=("--by", "thread"))
    guessed = report["losses"]["ambiguous_own"]
    for row in report["operations"]:
        assert row["tid"] and row["thread"] == f"workload-{name}"[:15]
    if guessed:
        for line in lines:
            if line["operation"] != "all threads":
                del line["own_growth_bytes"], line["foreign_growth_bytes"]
    assert not differences(report, lines, exact=False, allowed=("ambiguous_own",))
    threads = {row["tid"] for row in report["operations"]}
    assert len(threads) == (THREADS + 1 if name == "threads" else 2)


def test_a_function_by_thread(tracer):
    """The same operation on several threads: a row each, with the pages that thread touched."""
    lines, report = tracer.run("threads", options=("-w", "marker", "-w", "func:pages__touch",
                                                   "--by", "thread"))
    touch, warm_up = by_thread(report, "pages__touch"), by_thread(report, "warm-up")
    main = by_thread(report, "all threads")
    assert len(main) == 1
    assert len(touch) == THREADS and not set(main) & set(touch)
    assert set(warm_up) == set(touch) | set(main)
    assert {row["count"] for row in warm_up.values()} == {1}
    for number in range(THREADS):
        (tid, marker), = by_thread(report, f"thread {number}").items()
        assert touch[tid]["count"] == ROUNDS * (PAGES // 10 + 1)
        if not report["losses"]["ambiguous_own"]:
            # And what the first call touches besides: its stack, its code.
            rest = touch[tid]["own_growth_bytes"] - ROUNDS * (PAGES + number + 1) * PAGE
            assert 0 <= rest <= 2 * PAGE
            assert marker["own_growth_bytes"] == (ROUNDS - 1) * (number + 1) * PAGE
    assert {line["operation"] for line in lines} == {row["name"] for row in report["operations"]} \
        - {"warm-up", "pages__touch"}


def test_threads_that_name_themselves(tracer):
    """comm is that at the end of the latest window; a thread's rows are its own."""
    script = """
import ctypes, threading
library = ctypes.CDLL(None)
def work(number):
    name = ctypes.create_string_buffer(b"worker-%d" % number)
    library.prctl(15, name, 0, 0, 0)
    for _ in range(number):
        library.getppid()
threads = [threading.Thread(target=work, args=(n,)) for n in (1, 2, 3)]
for thread in threads:
    thread.start()
    thread.join()
"""
    _, report = tracer.run_command(["/usr/bin/python3", "-c", script], "--by", "thread",
                                   "-w", "func:libc:getppid")
    assert {row["thread"]: row["count"] for row in report["operations"]} \
        == {"worker-1": 1, "worker-2": 2, "worker-3": 3}
