# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts memtrace's agent, then lets the program's own sitecustomize run as if this was not here.

In the syntax of every Python, and without type hints: whichever one the program starts finds this.
"""
import os
import sys


def _start_agent():
    here = os.path.dirname(__file__)
    patterns = os.environ.get("MEMTRACE_PYTHON")
    library = os.environ.get("MEMTRACE_PYTHON_LIBRARY")
    try:
        if patterns and library:
            if sys.version_info < (3, 9) or sys.implementation.name != "cpython":
                raise RuntimeError("windows of Python functions need CPython 3.9 or later")
            import memtrace_agent

            memtrace_agent.start(patterns.splitlines(), library)
    except Exception as error:
        if sys.stderr:
            sys.stderr.write("memtrace: python: %s\n" % error)
    finally:
        sys.path[:] = [entry for entry in sys.path if entry != here]
        sys.path_importer_cache.pop(here, None)


_start_agent()
# Python takes what is in sys.modules at the end for the module, and an ImportError for none.
_this = sys.modules.pop(__name__)
import sitecustomize  # noqa: E402,F401
