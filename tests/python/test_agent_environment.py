# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent comes in through the environment, and the program does not notice."""
import subprocess

import pytest

from recording import AGENT, Runner

WORK = """
    def work():
        pass

    work()
"""

# What a program can see of how it was started.
LOOK = """
    import importlib.util, os, sys

    print(sys.path, sys.flags, sys.argv, sys.prefix, sys.base_prefix)
    print([entry for entry in sys.path_importer_cache if os.path.exists(entry + "/agent.c")])
    spec = importlib.util.find_spec("sitecustomize")
    print("sitecustomize" in sys.modules, spec and spec.origin)
    print("usercustomize" in sys.modules, sys.gettrace(), sys.getprofile())
    try:
        import sitecustomize
        print(sitecustomize.__file__, getattr(sitecustomize, "mark", None))
    except ImportError as error:
        print(error)
"""

WITHOUT = {"PYTHONPATH": None, "MEMTRACE_PYTHON": None}


def both(runner: Runner, arguments, user_path=None, **more):
    """The same with the agent and without: what it printed must be the same."""
    env = {**more.pop("env", {}), "PYTHONPATH": ":".join(filter(None, [str(AGENT), user_path]))}
    with_agent = runner.command(arguments, env=env, **more)
    without = runner.command(arguments, env={**env, **WITHOUT, "PYTHONPATH": user_path}, **more)
    assert without.events == []
    assert (with_agent.status, with_agent.stderr) == (without.status, without.stderr)
    assert with_agent.stdout == without.stdout
    return with_agent


def test_a_program_sees_no_difference(runner):
    program = runner.write("program.py", LOOK + WORK)
    run = both(runner, [str(program)], patterns="work")
    assert run.began == ["__main__:work"]
    assert str(AGENT) not in run.stdout


@pytest.mark.parametrize(
    "arguments", [["-c", "def work(): pass\nwork()"], ["-B", "-u", "program.py"], ["-m", "program"],
                  ["-X", "dev", "program.py"], ["-O", "program.py"], ["-W", "error", "program.py"]]
)  # fmt: skip
def test_ways_to_start_a_program(runner, arguments):
    runner.write("program.py", LOOK + WORK)
    run = both(runner, arguments, patterns="work")
    assert run.began == ["__main__:work"]


@pytest.mark.parametrize("option", ["-I", "-E", "-S"])
def test_a_python_that_ignores_the_environment_is_not_traced(runner, option):
    program = runner.write("program.py", WORK)
    run = runner.command([option, str(program)], patterns="work")
    assert (run.status, run.stderr, run.events) == (0, "", [])


def test_the_users_path_and_sitecustomize_stay(runner):
    runner.write("mine/sitecustomize.py", "import sys\nmark = [sys.path[:], __name__, __file__]\n")
    runner.write("mine/found.py", "")
    program = runner.write("program.py", LOOK + "    import found\n" + WORK)
    run = both(runner, [str(program)], patterns="work", user_path=f"{runner.place}/mine:/nowhere")
    assert "mine/sitecustomize.py" in run.stdout
    assert run.began == ["__main__:work"]


def test_functions_of_the_own_sitecustomize_are_seen(runner):
    runner.write("mine/sitecustomize.py", WORK)
    run = runner.command(
        ["-c", ""], patterns="work", env={"PYTHONPATH": f"{AGENT}:{runner.place}/mine"}
    )
    assert (run.status, run.stderr, run.began) == (0, "", ["sitecustomize:work"])


@pytest.mark.parametrize(
    "source", ["1 / 0\n", "import there_is_no_such_module\n", "raise OSError\n", "?\n"]
)
def test_an_own_sitecustomize_that_fails_does_so_as_always(runner, source):
    runner.write("mine/sitecustomize.py", source)
    program = runner.write("program.py", WORK)
    run = both(runner, [str(program)], patterns="work", user_path=f"{runner.place}/mine")
    assert run.stderr.startswith("Error in sitecustomize; ")
    assert run.began == ["__main__:work"]


def test_usercustomize_runs(runner):
    runner.write("mine/usercustomize.py", "print('usercustomize')\n")
    program = runner.write("program.py", LOOK + WORK)
    run = both(runner, [str(program)], patterns="work", user_path=f"{runner.place}/mine",
               env={"HOME": str(runner.place)})  # fmt: skip
    assert run.stdout.startswith("usercustomize\n")


def test_a_virtual_environment_with_its_own_sitecustomize(runner):
    venv = runner.place / "venv"
    subprocess.run([runner.python.path, "-m", "venv", "--without-pip", venv], check=True)
    packages = next(venv.glob("lib/python*/site-packages"))
    (packages / "sitecustomize.py").write_text("mark = 'of the venv'\n")
    (packages / "installed.py").write_text("def work():\n    pass\n")
    (packages / "early.pth").write_text("import installed; installed.work()\n")
    program = runner.write("program.py", LOOK + "    import installed\n    installed.work()\n")
    run = both(runner, [str(program)], patterns="work", executable=str(venv / "bin/python"))
    # Base versions that have a sitecustomize of their own find that one first.
    assert "of the venv" in run.stdout or "/sitecustomize.py" in run.stdout
    assert str(packages) in run.stdout
    assert run.began == ["installed:work"]


def test_children_are_traced_too(runner):
    run = runner.program(
        """
        import os, subprocess, sys

        def work():
            pass

        child = "def work(): pass\\nwork()"
        work()
        subprocess.run([sys.executable, "-c", child], check=True)
        subprocess.run([sys.executable, "-c", child], env={**os.environ, "MORE": "1"}, check=True)
        subprocess.run(["sh", "-c", f"'{sys.executable}' -c '{child}'"], check=True)
        os.execv(sys.executable, [sys.executable, "-c", child])
        """,
        patterns="work",
    )
    assert run.began == ["__main__:work"] * 5
    assert len({event.pid for event in run.events}) == 4  # the last one is the first, after exec
    assert run.open == []


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(runner, method):
    run = runner.program(
        f"""
        import multiprocessing

        def work(value):
            return value + 1

        if __name__ == "__main__":
            with multiprocessing.get_context("{method}").Pool(2) as pool:
                assert pool.map(work, range(4), chunksize=1) == [1, 2, 3, 4]
                pool.close()
                pool.join()
        """,
        patterns="*:work",
    )
    assert len(run.began) == 4
    assert set(run.began) <= {"__main__:work", "__mp_main__:work"}
    assert run.open == []


def failing(runner, **env):
    program = runner.write("program.py", LOOK + WORK)
    run = runner.command([str(program)], patterns="work", env=env)
    assert run.status == 0
    assert run.events == []
    assert str(AGENT) not in run.stdout
    return run.stderr


def test_a_library_that_is_not_there(runner):
    error = failing(runner, MEMTRACE_PYTHON_LIBRARY="/nowhere/lib.so")
    assert error.startswith("memtrace: python: /nowhere/lib.so: ")
    assert error.count("\n") == 1


def test_a_library_without_the_agent(runner):
    source = runner.write("empty.c", "int memtrace_begin;\n")
    subprocess.run(["cc", "-shared", "-o", runner.place / "empty.so", source], check=True)
    error = failing(runner, MEMTRACE_PYTHON_LIBRARY=str(runner.place / "empty.so"))
    assert error.startswith("memtrace: python: ") and "memtrace_python_start" in error
    assert error.count("\n") == 1


def test_a_python_without_ctypes(runner):
    runner.write("mine/_ctypes.py", "raise ImportError('no ctypes here')\n")
    error = failing(runner, PYTHONPATH=f"{AGENT}:{runner.place}/mine")
    assert error == "memtrace: python: no ctypes here\n"


def test_nothing_is_said_where_nothing_can_be(runner):
    program = runner.write("program.py", "import sys\nprint('on', file=sys.__stdout__)\n")
    run = runner.command(
        ["-c", 'exec "$0" "$1" 2>&-', runner.python.path, str(program)],
        executable="/bin/sh",
        env={"MEMTRACE_PYTHON_LIBRARY": "/nowhere"},
    )
    assert (run.status, run.stdout, run.stderr) == (0, "on\n", "")


def test_without_memtraces_variables_nothing_is_loaded(runner):
    program = runner.write("program.py", "import sys\nprint('memtrace_agent' in sys.modules)\n")
    run = runner.command([str(program)], env={"MEMTRACE_PYTHON": None})
    assert (run.status, run.stdout, run.stderr) == (0, "False\n", "")


def test_a_python_that_is_too_old(too_old, library, tmp_path):
    runner = Runner(too_old, library, tmp_path)
    runner.write("mine/sitecustomize.py", "mark = 1\n")
    program = runner.write("program.py", "import sitecustomize\nprint(sitecustomize.mark)\n")
    run = runner.command([str(program)], env={"PYTHONPATH": f"{AGENT}:{runner.place}/mine"})
    assert (run.status, run.stdout) == (0, "1\n")
    assert run.stderr == "memtrace: python: windows of Python functions need CPython 3.9 or later\n"
    program = runner.write("program.py", "print(1)\n")
    run = runner.command([str(program)])
    assert (run.status, run.stdout, run.stderr.count("\n")) == (0, "1\n", 1)
