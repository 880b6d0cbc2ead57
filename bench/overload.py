"""What happens when more comes than can be taken: ``python -m bench.overload``.

Measures the rate at which one process takes events (wrk, closed loop), then offers twice as many from a second process,
which waits for no answer; then the same rate halved, while Redis stands still for three seconds, and with a provider
that takes ten seconds for every text. Latency counts from the moment an event was meant to leave.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import redis

from bench.load import resident, script, serving, wrk
from notifier.store.embedded import EmbeddedRedis

CONNECTIONS = 4000
CALM = 10  # seconds of a tenth of the rate, after the storm
_STALL = 3.0  # seconds
SETTINGS = {"NOTIFIER__SERVER__MAX_CONNECTIONS": "10000"}


def storm(
    port: int, pid: int, what: str, rate: float, seconds: int, meanwhile: Callable[[], None] | None = None
) -> Any:
    """So many events a second, then a calm; what was answered."""
    before = resident(pid)
    phases = (f"{rate}x{seconds}", f"{rate / 10}x{CALM}")
    command = [sys.executable, "-m", "bench.open_loop", str(port), str(CONNECTIONS), *phases]
    client = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert client.stdout is not None
    client.stdout.readline()
    if meanwhile:
        threading.Timer(seconds / 2, meanwhile).start()
    peak = before
    while client.poll() is None:
        peak = max(peak, resident(pid))
        time.sleep(0.1)
    found = json.loads(client.stdout.read())
    busy, calm = found["phases"]
    print(f"{what}: {rate:.0f}/s for {seconds} s, then {rate / 10:.0f}/s for {CALM} s")
    for name, part in (("storm", busy), ("after", calm)):
        taken, refused = part["taken"], part["refused"]
        print(
            f"  {name}: answered {part['statuses']}, {part['retry_after']} with Retry-After; 2xx p50 {taken[0]} ms, "
            f"p99 {taken[1]} ms, longest {taken[2]} ms; others p50 {refused[0]} ms, p99 {refused[1]} ms"
        )
    print(
        f"  memory {before:.0f} MiB before, {peak:.0f} at most, {resident(pid):.0f} after; unanswered "
        f"{found['unanswered']}, broken off {found['broken']}; normal {found['calm_after']} s after the storm",
        flush=True,
    )
    return found


def stall(folder: Path) -> None:
    """Have Redis stand still for a while."""
    with redis.Redis(unix_socket_path=EmbeddedRedis(folder).socket_path) as client:
        pid = int(client.info("server")["process_id"])
    os.kill(pid, signal.SIGSTOP)
    time.sleep(_STALL)
    os.kill(pid, signal.SIGCONT)


@contextmanager
def slow_provider(seconds: float) -> Iterator[int]:
    """A provider that takes its time and then answers nothing of use; its port."""
    loop = asyncio.new_event_loop()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(seconds)
        writer.write(b"HTTP/1.1 503 Slow\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()

    server = loop.run_until_complete(asyncio.start_server(answer, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rate", type=float, default=0, help="events a second that can be taken; 0: measured first")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder, rate = Path(name), options.rate
        if not rate:
            with serving(folder / "rate", "--role", "web", settings=SETTINGS) as (port, _):
                rate = wrk(port, script(60_000, folder, 1), connections=64, seconds=5).rate
            print(f"can be taken: {rate:.0f}/s")
        with serving(folder / "twice", "--role", "web", settings=SETTINGS) as (port, pid):
            found = [storm(port, pid, "twice as many", 2 * rate, options.seconds)]
        with serving(folder / "stall", "--role", "web", settings=SETTINGS) as (port, pid):
            standing = partial(stall, folder / "stall")
            found.append(storm(port, pid, "Redis stands still for 3 s", rate / 2, options.seconds, standing))
        with slow_provider(10) as provider:
            slow = SETTINGS | {"NOTIFIER__PROVIDERS__SIMULATOR__BASE_URL": f"http://127.0.0.1:{provider}/v1"}
            with serving(folder / "slow", settings=slow) as (port, pid):
                found.append(storm(port, pid, "a provider that takes 10 s", rate / 2, options.seconds))
    return int(any(one["unanswered"] or one["broken"] for one in found))


if __name__ == "__main__":
    sys.exit(main())
