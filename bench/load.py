"""Servers of their own processes, and the load they are put under: wrk, with requests signed beforehand."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from calendar import day_name
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from notifier.clock import TEHRAN
from notifier.domain.events import EventType
from notifier.practice import standard

ROOT = Path(__file__).parents[1]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
_CALLS_ON = f"{datetime.now(TEHRAN) + timedelta(3):%A}"
ENVIRONMENT = {
    "SHOP_WEBHOOK_SECRET": SECRET,
    "WOO_WEBHOOK_SECRET": "bench",
    "NOTIFIER__SMS__PROVIDER": "simulator",
    "NOTIFIER__QUIET_HOURS__ENABLED": "false",
    "NOTIFIER__SOURCES__SHOP__RATE": "1000000",
    "NOTIFIER__CALENDAR__OFFICIAL_HOLIDAYS": "false",
} | {f"NOTIFIER__CALENDAR__HOURS__{day.upper()}": '["09:00-18:00"]' if day == _CALLS_ON else "[]" for day in day_name}
"""What our service is told beside its configuration. Calls are made three days from now alone: the hour of the day
does not say whether a call that is planned is also given to somebody while it is measured."""

_STARTING = 60  # seconds


@dataclass(frozen=True, slots=True)
class Measured:
    """What wrk saw: answers a second, the time that 99 of 100 took at most (ms), and how many were no 2xx."""

    rate: float
    p99: float
    refused: int


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str], port: int | None) -> Iterator[int]:
    """A process until the end of the block, once its port is open; its id."""
    process = subprocess.Popen(
        command, env=os.environ | dict(environment), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        if port is not None:
            _wait_for(port, process)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def serving(folder: Path, *arguments: str, settings: Mapping[str, str] | None = None) -> Iterator[tuple[int, int]]:
    """Our service over a data folder, once it is ready; its port and the id of its process."""
    port = free_port()
    command = [sys.executable, "-m", "notifier", "serve", "--port", str(port), "--data-dir", str(folder), *arguments]
    with running(command, ENVIRONMENT | dict(settings or {}), port) as pid:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz").read()
        yield port, pid


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _STARTING
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise SystemExit(f"a server did not start: {process.args!r}")


def phone(index: int) -> str:
    """The phone of a customer."""
    return f"0912{index:07}"


def payments(count: int, million: int, *, first: int = 0) -> Iterator[tuple[bytes, dict[str, str]]]:
    """Signed payments, each of an order and a customer of its own: body and headers. Orders are numbered by shops, and
    these from so many millions on."""
    for index in range(first, first + count):
        now = datetime.now(TEHRAN)
        payload = standard.event(EventType.PAID, at=now, order_id=f"{million}{index:06}")
        payload["data"]["customer"] = payload["data"]["customer"] | {"phone": phone(index)}
        yield standard.signed(SECRET, payload, at=now)


def script(count: int, folder: Path, million: int) -> Path:
    """A script for wrk that posts so many payments, and begins anew after the last."""
    lines = ["local all = {}"]
    for index, (body, headers) in enumerate(payments(count, million)):
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        raw = f"POST /webhooks/shop HTTP/1.1\r\nhost: bench\r\ncontent-length: {len(body)}\r\n{head}\r\n{body.decode()}"
        lines.append(f"all[{index + 1}] = {json.dumps(raw, ensure_ascii=False)}".replace("\\/", "/"))
    lines.append(f"local i = 0\nrequest = function() i = i % {count} + 1; return all[i] end")
    path = folder / f"{million}.lua"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def wrk(port: int, script: Path, *, connections: int, seconds: int) -> Measured:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "30s"]
    try:
        ran = subprocess.run(
            [*command, "-s", str(script), f"http://127.0.0.1:{port}"], check=True, capture_output=True, text=True
        )
    except FileNotFoundError:
        raise SystemExit("This needs wrk. On Debian and Ubuntu: apt install wrk") from None
    rate, p99 = re.search(r"Requests/sec:\s+([\d.]+)", ran.stdout), re.search(r"99%\s+([\d.]+)(us|ms|s)", ran.stdout)
    if rate is None or p99 is None:
        raise SystemExit(f"wrk said nothing of use:\n{ran.stdout}")
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", ran.stdout)
    unit = {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99[2]]
    return Measured(float(rate[1]), float(p99[1]) * unit, int(refused[1]) if refused else 0)


def resident(pid: int) -> float:
    """Resident memory of a process, MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
