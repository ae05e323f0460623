# SPDX-License-Identifier: GPL-2.0-or-later
"""Running workloads under memtrace, and attaching it to them."""
import contextlib
import json
import os
import pathlib
import pwd
import signal
import subprocess
import time

import jsonschema
import pytest

DEADLINE_S = 120.0  # of anything that has to happen; never what decides whether it was right
SKIP = 77          # exit status of a workload that this machine cannot run
NOBODY = pwd.getpwnam("nobody")


def until(condition, what, deadline_s=DEADLINE_S):
    """Polls until condition() is true and returns its value."""
    deadline = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {deadline_s} s: {what}"
        time.sleep(0.01)


def refuse_duplicates(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"a key stands twice in one object: {keys}"
    return dict(pairs)


def refuse_constant(name):
    raise AssertionError(f"{name} is no JSON")


def parse(text):
    return json.loads(text, object_pairs_hook=refuse_duplicates, parse_constant=refuse_constant)


def lines_of(output):
    """What a workload printed: one JSON object a line; bytes that are no UTF-8 become U+FFFD."""
    return [parse(line) for line in output.decode("utf-8", "replace").splitlines() if line]


class Tracer:
    """memtrace and the workloads, as the tests use them. One working directory, nobody's."""

    def __init__(self, memtrace, programs, schema, work):
        self.memtrace = str(memtrace)
        self.programs = pathlib.Path(programs)
        self.schema = schema
        self.work = pathlib.Path(work)

    def program(self, name):
        path = self.programs / f"workload-{name}"
        assert path.exists(), f"{path} was not built"
        return str(path)

    def read_report(self, path):
        # Strict: the report itself is valid UTF-8 whatever the names are.
        report = parse(pathlib.Path(path).read_bytes().decode("utf-8"))
        jsonschema.validate(report, self.schema)
        return report

    def command(self, command, *options, user="nobody"):
        """memtrace's arguments for that command; the report goes to report.json."""
        return [self.memtrace, "--json", str(self.work / "report.json"), "-q", "--user", user,
                *options, "--", *command]

    def run_command(self, command, *options, user="nobody", prefix=(), **keywords):
        """Runs any command under memtrace; returns (what it printed, the report)."""
        report = self.work / "report.json"
        report.unlink(missing_ok=True)
        arguments = [*prefix, *self.command(command, *options, user=user)]
        done = subprocess.run(arguments, cwd=self.work, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False,
                              **{"timeout": 600, **keywords})
        errors = done.stderr.decode("utf-8", "replace")
        if done.returncode == SKIP:
            pytest.skip(errors.strip() or "this machine cannot run it")
        assert done.returncode == 0, f"exit status {done.returncode}: {errors}"
        assert not errors, f"-q, but standard error has: {errors}"
        return done.stdout, self.read_report(report)

    def run(self, name, *arguments, options=(), **keywords):
        """Runs a workload; returns (its truth, the report)."""
        output, report = self.run_command([self.program(name), *arguments], *options, **keywords)
        return lines_of(output), report

    @contextlib.contextmanager
    def target(self, name, *arguments, prefix=()):
        """A workload that runs by itself as nobody; ends with SIGTERM and must exit with 0."""
        process = subprocess.Popen(
            [*prefix, self.program(name), *arguments], cwd=self.work, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, **({} if prefix else {"user": NOBODY.pw_uid,
                                                          "group": NOBODY.pw_gid,
                                                          "extra_groups": []}))
        try:
            yield process, parse(process.stdout.readline())
        finally:
            process.kill()
            process.wait()

    @contextlib.contextmanager
    def attached(self, pid, *options):
        """
        memtrace -p, once it counts; pid None: options say whom. The caller ends it with detach() or
        in its own way.
        """
        fifo, report = self.work / "ready", self.work / "report.json"
        report.unlink(missing_ok=True)
        fifo.unlink(missing_ok=True)
        os.mkfifo(fifo)
        process = subprocess.Popen(
            [self.memtrace, *([] if pid is None else ["-p", str(pid)]), "--json", str(report),
             "--ready-file", str(fifo), *options], cwd=self.work, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "TMPDIR": str(self.work)})
        try:
            wait_ready(process, fifo)
            yield process
        finally:
            process.kill()
            process.wait()
            fifo.unlink(missing_ok=True)

    def detach(self, process):
        """Ctrl-C; returns (standard output, the report)."""
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 0, errors
        return output.decode(), self.read_report(self.work / "report.json")


def wait_ready(process, fifo):
    """A fifo opened for reading without waiting for a writer, polled until the line is there."""
    fd = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    text = b""

    def is_ready():
        nonlocal text
        with contextlib.suppress(BlockingIOError):
            text += os.read(fd, 100)
        assert process.poll() is None, process.stderr.read()
        return text == b"ready\n"

    try:
        until(is_ready, "memtrace to be ready")
    finally:
        os.close(fd)


def stop_target(process):
    """SIGTERM; returns what the target printed. It must be well."""
    assert process.poll() is None, f"the target ended by itself: {process.returncode}"
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0
    return lines_of(output)


def smaps_rss_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no Rss in smaps_rollup")
