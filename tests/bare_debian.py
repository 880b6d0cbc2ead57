"""A bare Debian with systemd in a folder of its own, booted with a loopback that nobody else sees."""

import contextlib
import fcntl
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SUITE, MIRROR = "trixie", "http://deb.debian.org/debian"
PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "libpam-systemd", "dbus-user-session"),
    *("python3", "python3-venv", "sudo", "git", "ca-certificates", "curl", "procps"),
)
USER = "keeper"
MACHINES = "NOTIFIER_TEST_MACHINES"
ASKED = f"fetches a Debian and takes minutes, so it is asked for: make machines, or {MACHINES}=1"
READY = "NOTIFIER_TEST_DEBIAN"
"""Names a folder that holds such a Debian already, which is copied: for who tries often."""

_TOOLS = {"debootstrap": "debootstrap", "systemd-nspawn": "systemd-container", "nsenter": "util-linux"}
_BOOT = 60  # seconds
_POLL = 0.3  # seconds between looks at a machine that has no way of telling us
_A_MOMENT = 1.0  # seconds before something is typed: sudo throws away what comes before it listens
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_HANDED_ON = ("PIP_CERT", "PIP_INDEX_URL", "PIP_DEFAULT_TIMEOUT", "SSL_CERT_FILE", "http_proxy", "https_proxy")
_ASKS = re.compile(rb"(?:Password|Repeat for confirmation):")


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that has booted; ``leader`` is its first process."""

    root: Path
    leader: int

    def run(self, script: str, *, user: str = "root", online: bool = False, password: str = "") -> str:
        """What a script prints at a terminal, in the folder of the repository; the password is typed when asked for.

        Online it talks over the network of this machine, where packages come from; else over its own loopback alone.
        """
        home = "/root" if user == "root" else f"/home/{user}"
        variables = {name: os.environ[name] for name in _HANDED_ON if name in os.environ} if online else {}
        variables |= {"PATH": _PATH, "LANG": "C.UTF-8", "TERM": "dumb", "HOME": home, "USER": user}
        if user != "root":
            variables["XDG_RUNTIME_DIR"] = f"/run/user/{self._uid(user)}"
        terminal, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        with subprocess.Popen(
            [
                *("setsid", "--ctty", "--wait", "nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-p", "-r", "-w"),
                *([] if online else ["-n"]),
                *("setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"),
                *("env", "-i", *(f"{name}={value}" for name, value in variables.items())),
                *("bash", "-euc", f"umask 077; cd {home}/order-notifier 2>/dev/null || cd {home}\n{script}"),
            ],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        ) as process:
            os.close(theirs)
            said = _talk(terminal, password)
        assert process.returncode == 0, f"{script}\n{said}"
        return said

    def _uid(self, user: str) -> str:
        rows = (line.split(":") for line in (self.root / "etc" / "passwd").read_text().splitlines())
        return next(row[2] for row in rows if row[0] == user)


def _talk(terminal: int, password: str) -> str:
    """What is said at a terminal until nobody is there any more; who asks for a password gets it."""
    said, typed = b"", 0
    with open(terminal, "r+b", buffering=0) as ours, contextlib.suppress(OSError):
        while part := ours.read(4096):
            said += part
            if len(_ASKS.findall(said)) > typed:
                time.sleep(_A_MOMENT)
                ours.write(password.encode() + b"\r")
                typed += 1
    return said.decode(errors="replace").replace("\r\n", "\n")


def needed() -> None:
    """Skip the test with the reason where such a machine cannot be made."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a machine in a folder wants Linux, and root")
    for tool, package in _TOOLS.items():
        if not shutil.which(tool):
            pytest.skip(f"there is no {tool} on this machine; Debian has it in the package {package}")


def bootstrap(root: Path, *, suite: str, packages: tuple[str, ...]) -> None:
    """Put a Debian of these packages there; skipped where none can be fetched."""
    done = subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={','.join(packages)}", suite, str(root), MIRROR],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.skip(f"debootstrap could not make a Debian: {done.stdout.splitlines()[-1:]}")
    subprocess.run(["cp", "-rf", "/etc/ssl/certs", root / "etc" / "ssl"], check=True)
    for name in ("resolv.conf", "hosts", "pip.conf"):
        if (file := Path("/etc", name)).exists():
            (root / "etc" / name).unlink(missing_ok=True)
            shutil.copy(file, root / "etc" / name)


@contextlib.contextmanager
def booted() -> Iterator[Machine]:
    """Such a machine, with somebody on it who may use sudo; gone afterwards."""
    needed()
    with tempfile.TemporaryDirectory(prefix="notifier-debian-", ignore_cleanup_errors=True) as folder:
        root = Path(folder, "machine")
        if READY in os.environ:
            subprocess.run(["cp", "-a", os.environ[READY], root], check=True)
        else:
            bootstrap(root, suite=SUITE, packages=PACKAGES)
        subprocess.run(["chroot", root, "useradd", "--create-home", "--shell", "/bin/bash", USER], check=True)
        (root / "etc" / "sudoers.d" / USER).write_text(f"{USER} ALL=(ALL) NOPASSWD: ALL\n")
        alone = [] if Path("/run/systemd/system").exists() else ["--register=no", "--keep-unit"]
        process = subprocess.Popen(
            [
                "systemd-nspawn",
                "-q",
                "-b",
                "-D",
                root,
                "--private-network",
                "--resolv-conf=off",
                *alone,
                "--console=pipe",
            ],
            env=os.environ | {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield _up(root, process)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_BOOT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _up(root: Path, process: "subprocess.Popen[bytes]") -> Machine:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    for _ in range(int(_BOOT / _POLL)):
        if process.poll() is not None:
            break
        if found := children.read_text().split():
            machine = Machine(root, int(found[0]))
            with contextlib.suppress(AssertionError):
                machine.run("systemctl is-system-running | grep -qE 'running|degraded'")
                return machine
        time.sleep(_POLL)
    pytest.skip("systemd does not boot in a folder on this machine")
