# SPDX-License-Identifier: GPL-2.0-or-later
"""
PostgreSQL as the distribution has it: each statement of a backend with its growth and peak, against
what the settings allow a query to use and against the backend's page tables at a standstill.
"""
import glob
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from compare import differ
from tracing import NOBODY, smaps_rss_bytes

MIB = 1 << 20
ROWS = 300000
AS_NOBODY = {"user": NOBODY.pw_uid, "group": NOBODY.pw_gid, "extra_groups": []}

SMALL, LARGE = "SET work_mem = '1MB'", "SET work_mem = '256MB'"
SORT = "SELECT count(*) FROM (SELECT word FROM t ORDER BY word OFFSET 0) s"
JOIN = "SELECT count(*) FROM t a JOIN t b ON a.word = b.word"
AGGREGATE = "SELECT count(*) FROM (SELECT word, sum(i) FROM t GROUP BY word OFFSET 0) s"
INDEX = "CREATE INDEX by_word ON t (word)"


@pytest.fixture(scope="module")
def server():
    """(directory of its programs, of its socket); no parallel workers: the backend does it all."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))
    if not found:
        pytest.skip("PostgreSQL is not installed")
    programs = pathlib.Path(found[-1]).parent
    directory = pathlib.Path(tempfile.mkdtemp(prefix="memtrace-postgres-", dir="/var/tmp"))
    shutil.chown(directory, NOBODY.pw_uid, NOBODY.pw_gid)
    data = directory / "data"
    run = {"check": True, "capture_output": True, "cwd": directory, **AS_NOBODY}
    subprocess.run([programs / "initdb", "-D", data, "-A", "trust", "--no-sync", "-U", "nobody"], **run)
    options = (f"-c unix_socket_directories={directory} -c listen_addresses= -c autovacuum=off "
               "-c max_parallel_workers_per_gather=0 -c max_parallel_maintenance_workers=0 "
               "-c jit=off -c fsync=off -c shared_buffers=64MB")
    # Its output must not be a pipe of ours, which the server would keep open.
    subprocess.run([programs / "pg_ctl", "-D", data, "-w", "-l", directory / "log", "-o", options,
                    "start"], check=True, cwd=directory, stdout=subprocess.DEVNULL, **AS_NOBODY)
    yield programs, directory
    subprocess.run([programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"], check=False,
                   stdout=subprocess.DEVNULL, cwd=directory, **AS_NOBODY)
    shutil.rmtree(directory)


class Session:
    """psql that stays connected to one backend, which is told one statement after the other."""

    def __init__(self, server):
        programs, directory = server
        self.process = subprocess.Popen(
            [programs / "psql", "-X", "-q", "-At", "-h", directory, "-d", "postgres", "-U", "nobody"],
            cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, bufsize=1, **AS_NOBODY)
        self.pid = int(self.ask("SELECT pg_backend_pid()")[0])

    def ask(self, statement):
        """Its lines of output, once it is done."""
        self.process.stdin.write(f"{statement};\n\\echo done\n")
        lines = []
        while True:
            line = self.process.stdout.readline()
            assert line, "psql has ended"
            if line == "done\n":
                return lines
            lines.append(line.rstrip("\n"))


@pytest.fixture
def session(server):
    session = Session(server)
    session.ask("DROP TABLE IF EXISTS t")
    session.ask(f"CREATE TABLE t AS SELECT i, md5(i::text) AS word FROM generate_series(1, {ROWS}) i")
    session.ask("ANALYZE t")
    yield session
    session.process.kill()
    session.process.wait()


def test_each_statement(tracer, session):
    """Run alone in its backend: what one statement leaves behind is not the next one's."""
    peaks = {}
    for setting in (SMALL, LARGE):
        for statement in (SORT, JOIN, AGGREGATE):
            session.ask(setting)
            with tracer.attached(session.pid, "-w", "postgres:query") as memtrace:
                for _ in range(2):
                    session.ask(statement)
                table, report = tracer.detach(memtrace)
            row, = report["operations"]
            assert row["name"] == statement + ";"
            assert (row["count"], row["incomplete"]) == (2, 0)
            assert statement[:20] in table
            assert not any(report["losses"].values())
            peaks[setting, statement] = row["peak_growth_bytes"]["max"]
    for statement in (SORT, JOIN, AGGREGATE):
        # 300,000 rows of some 40 bytes and more do not fit into 1 MiB: they go to files.
        assert peaks[SMALL, statement] < 16 * MIB, statement
        assert peaks[LARGE, statement] > 20 * MIB, statement
        assert peaks[LARGE, statement] > 2 * peaks[SMALL, statement], statement


def test_index_build(tracer, session):
    session.ask("SET maintenance_work_mem = '256MB'")
    with tracer.attached(session.pid, "-w", "postgres:query") as memtrace:
        session.ask(INDEX)
        _, report = tracer.detach(memtrace)
    row, = report["operations"]
    assert row["name"] == INDEX + ";"
    assert row["peak_growth_bytes"]["max"] > 10 * MIB


def test_standstill(tracer, session):
    """Between two statements the backend waits: its page tables say what memtrace says."""
    session.ask(LARGE)
    before = smaps_rss_bytes(session.pid)
    with tracer.attached(session.pid, "-w", "postgres:query", "--windows") as memtrace:
        session.ask(SORT)
        between = smaps_rss_bytes(session.pid)
        session.ask(JOIN)
        after = smaps_rss_bytes(session.pid)
        _, report = tracer.detach(memtrace)
    process, = report["processes"]
    first, second = report["windows"]
    assert report["accounting"]["error_bound_bytes"] == 0
    assert not differ("after", "rss_end_bytes", process["rss_end_bytes"], after)
    # Outside of the statements it reads and answers, which takes a page now and then.
    for window, start, end in ((first, before, between), (second, between, after)):
        assert abs(window["growth_bytes"] - (end - start)) <= MIB
        assert abs(window["rss_begin_bytes"] - start) <= MIB
    assert process["peak_rss_bytes"] >= max(before, between, after)


def test_an_error_ends_its_statement(tracer, session):
    """query__done does not fire then: the next statement shows that it was left."""
    with tracer.attached(session.pid, "-w", "postgres:query", "--windows") as memtrace:
        session.ask("SELECT 1 / (i - 100000) FROM t")
        session.ask("SELECT 2")
        _, report = tracer.detach(memtrace)
    assert [window["end"] for window in report["windows"]] == ["unwound", "end"]
    assert [window["operation"] for window in report["windows"]] == [
        "SELECT 1 / (i - 100000) FROM t;", "SELECT 2;"]
    assert report["windows"][1]["parent"] is None


def test_pgbench(tracer, server):
    """Every backend of a server, those that come later included, from the postmaster."""
    programs, directory = server
    connect = ["-h", directory, "-U", "nobody", "postgres"]
    run = {"check": True, "capture_output": True, "cwd": directory, **AS_NOBODY}
    subprocess.run([programs / "pgbench", "-i", "-q", "-s", "1", *connect], **run)
    postmaster = int((directory / "data/postmaster.pid").read_text().splitlines()[0])
    with tracer.attached(postmaster, "-w", "postgres:query") as memtrace:
        subprocess.run([programs / "pgbench", "-n", "-S", "-c", "4", "-j", "2", "-t", "250",
                        "-M", "simple", *connect], **run)
        _, report = tracer.detach(memtrace)
    selects = [row for row in report["operations"] if row["name"].startswith("SELECT abalance")]
    others = report["losses"]["table_full"]
    assert sum(row["count"] for row in selects) == 1000 and not others
    assert not report["losses"]["events"]
    assert sum(p["begin"] == "fork" for p in report["processes"]) >= 4
