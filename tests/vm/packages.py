# SPDX-License-Identifier: GPL-2.0-or-later
"""
Packages of other Debian suites and architectures, from the mirror that this machine's apt uses, kept
by version. apt works on lists of its own here: those of the system are not touched.
"""
import functools
import os
import pathlib
import re
import subprocess
import time

LISTS_LAST_S = 24 * 3600
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Unavailable(Exception):
    """Why a package cannot be had, in one line."""


def cache_directory():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get("MEMTRACE_VM_CACHE") or pathlib.Path(base, "memtrace/vm"))


def mirrors():
    """Of Debian, as this machine has them: (of the suites, of their security updates)."""
    try:
        done = subprocess.run(
            ["apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(CODENAME)",
             "Created-By: Packages"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unavailable("there is no apt on this machine") from error
    found = {}
    for line in done.stdout.splitlines():
        uri, origin, codename = (line.split() + ["", "", ""])[:3]
        if origin == "Debian":
            found.setdefault(codename.endswith("-security"), uri)
    if False not in found:
        raise Unavailable("this machine's apt has no mirror of Debian")
    return found[False], found.get(True)


class Archive:
    """Some suites for one architecture."""

    def __init__(self, suites, architecture):
        self.suites = suites
        self.architecture = architecture
        self.cache = cache_directory()
        self.state = self.cache / f"apt-{architecture}-{'-'.join(suites)}"

    @functools.cached_property
    def options(self):
        config = {
            "APT::Architecture": self.architecture, "APT::Architectures": self.architecture,
            "Dir::State": self.state, "Dir::State::status": self.state / "status",
            "Dir::Cache": self.state / "cache", "Dir::Etc::sourcelist": self.state / "sources.list",
            "Dir::Etc::sourceparts": "-", "Dir::Etc::preferencesparts": "-",
            "Acquire::Languages": "none", "APT::Sandbox::User": "root",
        }
        return [word for key, value in config.items() for word in ("-o", f"{key}={value}")]

    def write_sources(self):
        suites, security = mirrors()
        signed = f" [signed-by={KEYRING}]" if pathlib.Path(KEYRING).exists() else ""
        lines = []
        for suite in self.suites:
            uri = security if suite.endswith("-security") else suites
            if uri:
                lines.append(f"deb{signed} {uri} {suite} main\n")
        (self.state / "lists/partial").mkdir(parents=True, exist_ok=True)
        (self.state / "cache/archives/partial").mkdir(parents=True, exist_ok=True)
        (self.state / "status").touch()
        (self.state / "sources.list").write_text("".join(lines))

    def update(self):
        stamp = self.state / "updated"
        if stamp.exists() and time.time() - stamp.stat().st_mtime < LISTS_LAST_S:
            return
        self.write_sources()
        done = subprocess.run(["apt-get", *self.options, "update", "-qq"], capture_output=True,
                              text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["apt-get update failed"])[-1]
            raise Unavailable(f"{' '.join(self.suites)}: {reason}")
        stamp.touch()

    def find(self, pattern):
        """(package, version) of the newest whose whole name matches."""
        self.update()
        done = subprocess.run(["apt-cache", *self.options, "dumpavail"], capture_output=True,
                              text=True, check=True)
        found = []
        for paragraph in done.stdout.split("\n\n"):
            name = re.match(r"Package: (\S+)", paragraph)
            version = re.search(r"^Version: (\S+)", paragraph, re.M)
            if name and version and re.fullmatch(pattern, name[1]):
                found.append((name[1], version[1]))
        if not found:
            raise Unavailable(f"{' '.join(self.suites)}: no package {pattern}")
        ordered = subprocess.run(["sort", "-V"], capture_output=True, text=True, check=True,
                                 input="".join(f"{v} {n}\n" for n, v in found)).stdout
        version, name = ordered.splitlines()[-1].split()
        return name, version

    def depends(self, name):
        done = subprocess.run(["apt-cache", *self.options, "depends", "--no-recommends",
                               "--no-suggests", "--no-conflicts", "--no-breaks", "--no-replaces",
                               "--no-enhances", name], capture_output=True, text=True, check=True)
        return re.findall(r"^\s+\|?(?:Pre)?Depends: ([^<\s]+)", done.stdout, re.M)

    def unpack(self, name, version):
        """The directory with a package's files."""
        plain = re.sub(r"[^A-Za-z0-9.+~-]", "_", version)
        directory = self.cache / "packages" / f"{name}_{plain}_{self.architecture}"
        if directory.exists():
            return directory
        work = directory.with_suffix(f".{os.getpid()}")
        work.mkdir(parents=True)
        done = subprocess.run(["apt-get", *self.options, "download", "-qq", f"{name}={version}"],
                              cwd=work, capture_output=True, text=True, check=False)
        files = list(work.glob("*.deb"))
        if done.returncode or len(files) != 1:
            subprocess.run(["rm", "-rf", work], check=True)
            reason = (done.stderr.strip().splitlines() or ["nothing was downloaded"])[-1]
            raise Unavailable(f"{name}: {reason}")
        subprocess.run(["dpkg-deb", "-x", files[0], work], check=True)
        files[0].unlink()
        work.rename(directory)
        return directory


def kernel_image(kernel):
    """(path of the image to boot, its version)."""
    archive = Archive(kernel.suites, kernel.architecture)
    name, version = archive.find(kernel.package)
    binary = name.replace("linux-image-", "linux-binary-")
    names = [name] + [other for other in archive.depends(name) if other == binary]
    for package in names:
        directory = archive.unpack(package, version)
        for pattern in ("boot/vmlinuz*", "usr/lib/modules/*/vmlinuz", "lib/modules/*/vmlinuz"):
            for path in sorted(directory.glob(pattern)):
                return path, version
    raise Unavailable(f"{name}: there is no kernel image in it")
