# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual machine: boots a kernel with an initramfs and reads back what the guest has to say."""
import base64
import dataclasses
import os
import pathlib
import subprocess

BOOTS = 3
CONSOLE_TAIL = 40  # lines shown when something went wrong
DISKS = ("disk0", "disk1")  # which is which is the guest's choice
DISK_BYTES = 512 << 20


@dataclasses.dataclass
class Result:
    status: int  # of the guest's command; None: it never came that far
    output: str
    files: dict
    console: str


def qemu_command(architecture, image, initramfs, cpus, memory_mib, work, accelerate, icount):
    serial = ["-serial", f"file:{work}/console"]
    if architecture == "amd64":
        program, console, results = "qemu-system-x86_64", "ttyS0", "ttyS1"
        machine = ["-cpu", "host" if accelerate else "max"]
        serial += ["-serial", f"file:{work}/output"]
    else:
        program, console, results = "qemu-system-aarch64", "ttyAMA0", "ttyS0"
        machine = ["-M", "virt,gic-version=3", "-cpu", "max,pauth-impdef=on"]
        serial += ["-chardev", f"file,id=results,path={work}/output",
                   "-device", "pci-serial,chardev=results"]
    how = "kvm" if accelerate else "tcg,thread=multi"
    if icount:  # a nanosecond of the guest is an instruction, whatever else this machine does
        how = "tcg,thread=single"
        machine += ["-icount", "shift=0,sleep=off"]
    disks = []
    for name in DISKS:
        disks += ["-drive", f"file={work}/{name},format=raw,if=none,id={name}",
                  "-device", f"nvme,drive={name},serial={name}"]
    return [program, "-accel", how, *machine,
            "-smp", str(cpus), "-m", str(memory_mib), "-display", "none", "-monitor", "none",
            *disks, "-nic", "none", "-no-reboot", *serial, "-kernel", str(image), "-initrd",
            str(initramfs), "-append",
            f"console={console} quiet panic=-1 tsc=reliable rootfstype=ramfs results={results}"]


def parse(text, console):
    """The protocol of guest-init."""
    output, status, files, name, encoded, ended = [], None, {}, None, [], False
    for line in text.replace("\r", "").splitlines():
        if line.startswith("=status "):
            status = int(line.split()[1])
        elif line.startswith("=file "):
            name, size = line.split()[1:3]
            files[name] = (int(size), encoded := [])
        elif line == "=end":
            ended = True
        elif name:
            encoded.append(line)
        elif status is None:
            output.append(line)
    contents = {}
    for key, (size, lines) in files.items():
        data = base64.b64decode("".join(lines), validate=False)
        if len(data) == size:
            contents[key] = data
    return Result(status if ended else None, "\n".join(output), contents, console)


def boot(architecture, image, initramfs, cpus, memory_mib, deadline_s, work, icount=False):
    """
    With KVM where that works: it may be there and refuse what QEMU asks of it. Emulated, a kernel
    that patches its own code while other CPUs run it can die of that before anything else has
    happened: it gets more than one try.
    """
    for name in DISKS:
        with open(pathlib.Path(work, name), "wb") as disk:
            disk.truncate(DISK_BYTES)
    for accelerate in (True, *[False] * BOOTS):
        if accelerate and (icount or architecture != "amd64" or not os.access("/dev/kvm", os.W_OK)):
            continue
        command = qemu_command(architecture, image, initramfs, cpus, memory_mib, work, accelerate,
                               icount)
        result = run(command, deadline_s, work)
        if result.output or result.status is not None:
            break
    return result


def run(command, deadline_s, work):
    console = pathlib.Path(work, "console")
    output = pathlib.Path(work, "output")
    for path in (console, output):
        path.unlink(missing_ok=True)
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=deadline_s, check=False)
        said = done.stdout.decode("utf-8", "replace")
    except FileNotFoundError as error:
        raise SystemExit(f"vm: {command[0]} is not installed") from error
    except subprocess.TimeoutExpired:
        said = f"vm: the guest did not end within {deadline_s} s"
    read = {path: path.read_text("utf-8", "replace") if path.exists() else ""
            for path in (console, output)}
    tail = "\n".join(read[console].splitlines()[-CONSOLE_TAIL:])
    return parse(read[output], f"{said}\n{tail}".strip())
