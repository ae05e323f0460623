# SPDX-License-Identifier: GPL-2.0-or-later
"""The initramfs of a guest: memtrace, the workloads, the tests and the Python that runs them."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig

SOURCE = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/sh\n"
LDD = '#!/bin/sh\nLD_TRACE_LOADED_OBJECTS=1 exec "$1"\n'
GROUP = "root:x:0:\nnogroup:x:65534:\n"
# Of the standard library: what no test asks for.
LEFT_OUT = shutil.ignore_patterns("test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip",
                                  "lib2to3", "config-*", "*.a", "site-packages",
                                  "dist-packages", "pydoc_data")


def libraries_of(program):
    done = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    return re.findall(r"(/\S+) \(0x", done.stdout)


class Image:
    def __init__(self, root, sysroot=None):
        self.root = pathlib.Path(root)
        self.foreign = sysroot is not None
        if sysroot:
            self.root.mkdir(parents=True)
            self.add_sysroot(sysroot)
        for directory in ("bin", "dev", "proc", "sys", "tmp", "etc", "root", "var/tmp", "results"):
            (self.root / directory).mkdir(parents=True, exist_ok=True)
        (self.root / "etc/passwd").write_text(PASSWD)
        (self.root / "etc/group").write_text(GROUP)
        (self.root / "bin/ldd").write_text(LDD)
        (self.root / "bin/ldd").chmod(0o755)

    def add(self, path, target=None):
        """A file, with the libraries that it needs, where it is here or at target."""
        path = pathlib.Path(path).absolute()
        place = self.root / str(target or path).lstrip("/")
        if place.exists():
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, place)
        if self.foreign:
            return
        if os.access(path, os.X_OK) or ".so" in path.name:
            for library in libraries_of(path):
                self.add(library)

    def add_tree(self, path, target=None, ignore=None):
        place = self.root / str(target or path).lstrip("/")
        shutil.copytree(path, place, symlinks=False, ignore=ignore, dirs_exist_ok=True,
                        ignore_dangling_symlinks=True)
        for library in () if self.foreign else place.rglob("*.so*"):
            for needed in libraries_of(library):
                self.add(needed)

    def add_python(self):
        """The running one, with what the tests import."""
        self.add(os.path.realpath(sys.executable), "/bin/python3")
        library = pathlib.Path(sysconfig.get_path("stdlib"))
        self.add_tree(library, f"/lib/python{sys.version_info[0]}.{sys.version_info[1]}",
                      LEFT_OUT)
        import jsonschema  # noqa: F401  pylint: disable=import-outside-toplevel,unused-import
        import pytest  # noqa: F401  pylint: disable=import-outside-toplevel,unused-import
        names = {name.split(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
        for name in sorted(names):
            for directory in map(pathlib.Path, sys.path):
                if directory in (library, HERE):
                    continue
                for path in (directory / name, directory / f"{name}.py"):
                    if path.is_dir():
                        self.add_tree(path, f"/site/{name}",
                                      shutil.ignore_patterns("tests"))
                    elif path.is_file():
                        self.add(path, f"/site/{path.name}")

    def add_tests(self, workloads):
        for path in pathlib.Path(workloads).iterdir():
            if path.is_file() and (path.name.startswith("workload-") or path.suffix == ".so"):
                self.add(path, f"/workloads/{path.name}")
        if self.foreign:  # what ldd finds here for this machine's
            for path in (pathlib.Path(workloads).parents[1] / "user/marker").glob("*.so*"):
                self.add(path, f"/workloads/{path.name}")
        self.add_tree(SOURCE / "tests/truth", "/memtrace/tests/truth",
                      shutil.ignore_patterns("__pycache__"))
        self.add(SOURCE / "user/report/report.schema.json",
                 "/memtrace/user/report/report.schema.json")

    def add_sysroot(self, sysroot):
        """Another architecture's libraries and Python, in place of this machine's."""
        subprocess.run(["cp", "-a", f"{sysroot}/.", self.root], check=True)
        (self.root / "usr/bin/ldd").write_text(LDD)
        for path in (self.root / "usr/bin").glob("python3.*"):
            if re.fullmatch(r"python3\.\d+", path.name):
                (self.root / "usr/bin/python3").unlink(missing_ok=True)
                (self.root / "usr/bin/python3").symlink_to(path.name)

    def finish(self, busybox, command, path):
        """Writes the archive; command: what the guest runs."""
        self.add(busybox, "/bin/busybox")
        self.add(HERE / "guest-init", "/init")
        (self.root / "command").write_text(command)
        with open(path, "wb") as out:
            find = subprocess.Popen(["find", "."], cwd=self.root, stdout=subprocess.PIPE)
            archive = subprocess.Popen(["cpio", "-o", "-H", "newc", "-R", "0:0", "--quiet"],
                                       cwd=self.root, stdin=find.stdout, stdout=subprocess.PIPE)
            subprocess.run(["gzip", "-1"], stdin=archive.stdout, stdout=out, check=True)
            if find.wait() or archive.wait():
                raise SystemExit("vm: the initramfs could not be packed")
