"""Intake against an empty aiohttp handler, in one run: ``python -m bench.intake``.

Both run as one process each, on uvloop, one after the other, several rounds in turn. The load comes from wrk with
requests signed beforehand. Ours verifies, validates, decides, renders the texts and commits with an fsync; the empty
handler reads the body and answers 202.
"""

import argparse
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from notifier import samples
from notifier.clock import TEHRAN
from notifier.domain.events import EventType

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EMPTY = """
import sys, uvloop, asyncio
from aiohttp import web

async def empty(request):
    await request.read()
    return web.json_response({}, status=202)

async def main():
    app = web.Application()
    app.router.add_post("/webhooks/shop", empty)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(sys.argv[1])).start()
    await asyncio.Event().wait()

uvloop.run(main())
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit("the server did not start")


@contextmanager
def running(command: list[str], environment: dict[str, str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port, process)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def requests(count: int, folder: Path, run: str) -> Path:
    """A wrk script with signed payments of ``count`` orders, each its own customer's."""
    lines = ["local all = {}"]
    for index in range(count):
        now = datetime.now(TEHRAN)
        payload = samples.event(EventType.PAID, at=now, order_id=f"{run}-{index}")
        payload["data"]["customer"] = payload["data"]["customer"] | {"phone": f"0912{index:07}"}
        body, headers = samples.signed(SECRET, payload, at=now)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        raw = f"POST /webhooks/shop HTTP/1.1\r\nhost: bench\r\ncontent-length: {len(body)}\r\n{head}\r\n{body.decode()}"
        lines.append(f"all[{index + 1}] = {json.dumps(raw, ensure_ascii=False)}".replace("\\/", "/"))
    lines.append(f"local i = 0\nrequest = function() i = i % {count} + 1; return all[i] end")
    script = folder / f"{run}.lua"
    script.write_text("\n".join(lines), encoding="utf-8")
    return script


def load(port: int, script: Path, connections: int, seconds: int) -> tuple[float, int]:
    """Requests per second, and how many answers were no 2xx."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), f"http://127.0.0.1:{port}"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    if rate is None:
        raise SystemExit(f"wrk said nothing of use:\n{text}")
    return float(rate[1]), int(bad[1]) if bad else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--orders", type=int, default=60_000)
    options = parser.parse_args()
    ours, empty, memory, ready = [], [], [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {
            "SHOP_WEBHOOK_SECRET": SECRET,
            "WOO_WEBHOOK_SECRET": "bench",
            "NOTIFIER__SMS__PROVIDER": "simulator",
        }
        for round_ in range(options.rounds):
            script = requests(options.orders, folder, f"r{round_}")
            port = free_port()
            with running([sys.executable, "-c", EMPTY, str(port)], {}, port):
                empty.append(load(port, script, options.connections, options.seconds)[0])
            port, start = free_port(), time.monotonic()
            serve = [sys.executable, "-m", "notifier", "serve", "--port", str(port), "--role", "web"]
            with running([*serve, "--data-dir", str(folder / f"data{round_}")], environment, port) as process:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz").read()
                ready.append(time.monotonic() - start)
                memory.append(_resident(process.pid))
                rate, bad = load(port, script, options.connections, options.seconds)
                ours.append(rate)
            ratio = ours[-1] / empty[-1]
            print(f"round {round_ + 1}: ours {rate:8.0f}/s  empty {empty[-1]:8.0f}/s  ratio {ratio:.2f}  not 2xx {bad}")
    ratios = [one / other for one, other in zip(ours, empty, strict=True)]
    print(f"median: ours {statistics.median(ours):.0f}/s, empty {statistics.median(empty):.0f}/s, ", end="")
    print(f"ratio {statistics.median(ratios):.2f}; ready {statistics.median(ready):.2f} s, ", end="")
    print(f"{statistics.median(memory):.0f} MiB at start")


def _resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
