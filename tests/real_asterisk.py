"""A real Asterisk with a telephone and a customer behind it, all on ports of this machine that nobody else knows.

The programs are those of the machine, or of a Debian in a folder that ``NOTIFIER_TEST_ASTERISK`` names (asterisk and
sip-tester in it, entered by chroot).
"""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

READY = "NOTIFIER_TEST_ASTERISK"
USER, SECRET = "notifier", "secret-of-the-manager"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_STARTS, _POLL = 120.0, 0.1  # seconds

_ASTERISK = """\
[directories]
astetcdir => {etc}
astmoddir => {modules}
astvarlibdir => {var}
astdbdir => {run}
astkeydir => {run}
astdatadir => /usr/share/asterisk
astagidir => /usr/share/asterisk/agi-bin
astspooldir => {run}
astrundir => {run}
astlogdir => {run}
[options]
highpriority = no
"""
_MODULES = "[modules]\nautoload = yes\nnoload = chan_sip.so\nnoload = chan_iax2.so\nnoload = res_hep.so\n"
_MANAGER = """\
[general]
enabled = yes
port = {ami}
bindaddr = 127.0.0.1
[{user}]
secret = {secret}
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.1/255.255.255.255
read = call
write = originate
"""
_PJSIP = """\
[here]
type = transport
protocol = udp
bind = 127.0.0.1:{sip}
[phone](!)
type = endpoint
context = from-internal
disallow = all
allow = ulaw
transport = here
direct_media = no
[201](phone)
aors = 201
[201]
type = aor
contact = sip:201@127.0.0.1:{agent}
[trunk](phone)
aors = trunk
context = from-trunk
[trunk]
type = aor
contact = sip:trunk@127.0.0.1:{customer}
[trunk]
type = identify
endpoint = trunk
match = 127.0.0.1
"""
_EXTENSIONS = """\
[from-internal]
exten => _0X.,1,Dial(PJSIP/${EXTEN}@trunk,8,S(2))
 same => n,Hangup()
[from-trunk]
exten => _X.,1,Ringing()
 same => n,Wait(1)
 same => n,Hangup()
"""
_CALLS_IN = """\
<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="somebody calls the shop">
<send retrans="500"><![CDATA[
INVITE sip:02191000000@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{number}@[local_ip]:[local_port]>;tag=[pid]SIPpTag00[call_number]
To: <sip:02191000000@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:trunk@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=trunk 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000

]]></send>
<recv response="100" optional="true"></recv>
<recv response="180"></recv>
</scenario>
"""
_BUSY = """\
<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="busy">
<recv request="INVITE" crlf="true"></recv>
<send><![CDATA[
SIP/2.0 486 Busy Here
[last_Via:]
[last_From:]
[last_To:];tag=[pid]SIPpTag01[call_number]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
<recv request="ACK"></recv>
</scenario>
"""


def needed() -> Path | None:
    """The root that the programs are in; None for this machine's own. Skips where they are not."""
    if root := os.environ.get(READY):
        if os.geteuid():
            pytest.skip(f"{READY}: to enter another Debian one must be root")
        return Path(root)
    for program, package in (("asterisk", "asterisk"), ("sipp", "sip-tester")):
        if shutil.which(program, path=f"{os.environ['PATH']}:{_PATH}") is None:
            pytest.skip(f"there is no {program}: install {package}, or name a Debian that has it in {READY}")
    return None


@dataclass
class RealAsterisk:
    """Runs; ``phone`` and ``customer`` are put behind it by the test."""

    root: Path | None
    folder: Path
    ports: dict[str, int]
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def ami(self) -> int:
        return self.ports["ami"]

    def answers(self, who: str) -> None:
        """Have ``agent`` or ``customer`` answer all calls."""
        self._sipp(who, "-sn", "uas")

    def is_busy(self, who: str) -> None:
        scenario = self.folder / "busy.xml"
        scenario.write_text(_BUSY)
        self._sipp(who, "-sf", self.inside(scenario))

    def calls_in(self, number: str) -> None:
        """Have somebody ring the shop by the trunk, who hangs up when it rings; their number as the trunk writes it."""
        scenario = self.folder / "calls_in.xml"
        scenario.write_text(_CALLS_IN.replace("{number}", number))
        to, port = f"127.0.0.1:{self.ports['sip']}", str(self.ports["customer"])
        self.start("sipp", "-sf", self.inside(scenario), "-i", "127.0.0.1", "-p", port, "-m", "1", "-nostdin", to)

    def _sipp(self, who: str, *how: str) -> None:
        self.start("sipp", *how, "-i", "127.0.0.1", "-p", str(self.ports[who]), "-nostdin")
        until = time.monotonic() + _STARTS
        while not is_taken(self.ports[who]) and time.monotonic() < until:
            time.sleep(_POLL)

    def inside(self, path: Path) -> str:
        """A path as the programs see it."""
        return str(path if self.root is None else "/" / path.relative_to(self.root))

    def start(self, *command: str) -> None:
        enter = ["chroot", str(self.root)] if self.root else []
        with (self.folder / f"{command[0]}.out").open("ab") as out:
            self.running.append(
                subprocess.Popen(
                    [*enter, *command], stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self.folder,
                    env=os.environ | {"PATH": f"{os.environ['PATH']}:{_PATH}", "TERM": "dumb"},
                )
            )  # fmt: skip

    def await_listener(self) -> None:
        """Wait until somebody is signed in at the manager interface: what happens before is told to nobody."""
        until = time.monotonic() + _STARTS
        while USER not in self.says("manager show connected") and time.monotonic() < until:
            time.sleep(_POLL)

    def says(self, command: str) -> str:
        """What it answers to a command."""
        enter = ["chroot", str(self.root)] if self.root else []
        asked = ["asterisk", "-C", self.inside(self.folder / "asterisk.conf"), "-rx", command]
        path = f"{os.environ['PATH']}:{_PATH}"
        return subprocess.run(
            [*enter, *asked], capture_output=True, text=True, env={"PATH": path}, timeout=_STARTS, check=False
        ).stdout

    def stop(self) -> None:
        for one in reversed(self.running):
            one.terminate()
        for one in reversed(self.running):
            try:
                one.wait(20)
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()


@contextlib.contextmanager
def asterisk() -> Iterator[RealAsterisk]:
    """An Asterisk that is ready; it and all that was started with it are gone afterwards."""
    root = needed()
    base = None if root is None else root / "tmp"
    with tempfile.TemporaryDirectory(prefix="asterisk-", dir=base) as made:
        folder = Path(made)
        ports = {"ami": free_port(socket.SOCK_STREAM)}
        ports |= {name: free_port(socket.SOCK_DGRAM) for name in ("sip", "agent", "customer")}
        found = RealAsterisk(root, folder, ports)
        _write(found)
        try:
            found.start("asterisk", "-f", "-C", found.inside(folder / "asterisk.conf"))
            _wait_for(found)
            yield found
        finally:
            found.stop()


def _write(found: RealAsterisk) -> None:
    folder, here = found.folder, found.inside(found.folder)
    top = found.root or Path("/")
    modules = next(iter(top.glob("usr/lib/*/asterisk/modules")), top / "usr/lib/asterisk/modules")
    inside = str(modules) if found.root is None else f"/{modules.relative_to(found.root)}"
    files = {
        "asterisk.conf": _ASTERISK.format(etc=here, run=here, var=here, modules=inside),
        "modules.conf": _MODULES,
        "manager.conf": _MANAGER.format(ami=found.ami, user=USER, secret=SECRET),
        "pjsip.conf": _PJSIP.format(**found.ports),
        "extensions.conf": _EXTENSIONS,
        "logger.conf": "[general]\n[logfiles]\nmessages.log => notice,warning,error\n",
        "rtp.conf": "[general]\nrtpstart = 30000\nrtpend = 30200\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text)


def _wait_for(found: RealAsterisk) -> None:
    until = time.monotonic() + _STARTS
    while time.monotonic() < until:
        if found.running[0].poll() is not None:
            break
        if found.says("core waitfullybooted").startswith("Asterisk has fully booted"):
            return
        time.sleep(_POLL)
    raise AssertionError((found.folder / "asterisk.out").read_text(errors="replace")[-3000:])


def is_taken(port: int) -> bool:
    """Whether somebody listens on a UDP port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
