# SPDX-License-Identifier: GPL-2.0-or-later
"""A target in namespaces of its own, and memtrace in one."""
import os
import pathlib
import signal

import pytest

from compare import differences
from test_attach import compare_alike, let_run
from tracing import DEADLINE_S, lines_of, until

UNSHARE = ["unshare", "--pid", "--mount", "--fork", "--mount-proc"]
IN_USER_NAMESPACE = ["unshare", "--user", "--map-root-user", *UNSHARE[1:]]
AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def only_child(pid):
    text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(text[0]) if text else None


@pytest.mark.parametrize("prefix", [UNSHARE + AS_NOBODY, IN_USER_NAMESPACE], ids=["root", "user"])
def test_target_in_other_namespaces(tracer, prefix):
    """By the pid it has here; inside it is pid 1."""
    with tracer.target("steady", prefix=prefix) as (unshare, ready):
        assert ready["ready"] == 1
        pid = until(lambda: only_child(unshare.pid), "unshare's child")
        with tracer.attached(pid) as memtrace:
            let_run(pid)
            _, report = tracer.detach(memtrace)
        assert report["processes"][0]["pid"] == pid
        os.kill(pid, signal.SIGTERM)
        output, _ = unshare.communicate(timeout=DEADLINE_S)
        assert unshare.returncode == 0
    lines = lines_of(output)
    assert not compare_alike(report, lines)


@pytest.mark.parametrize("name", ["anon", "fork", "results", "exec", "dlopen"])
def test_memtrace_in_a_pid_namespace(tracer, name):
    """Pids are those of memtrace's own namespace."""
    options = ["--windows"] if name == "exec" else []
    lines, report = tracer.run(name, prefix=UNSHARE, options=options)
    assert not differences(report, lines)
    assert all(0 < process["pid"] < 1000 for process in report["processes"])
    assert all(0 < w["tid"] < 1000 for w in report["windows"])
