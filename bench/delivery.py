"""How fast texts leave: ``python -m bench.delivery``.

Drained: a full outbox, sent by one worker to a provider that answers at once, and to one that takes its time. Latency:
from posting an event to the request to the provider, web and worker in one process, at a steady rate.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp

from bench.load import free_port, payments, phone, running, serving
from bench.peers import EMPTY
from bench.table import Row, show

_WARM = 200  # events before it counts


@contextmanager
def provider(delay: float) -> Iterator[int]:
    port = free_port()
    EMPTY.prepare()
    command = EMPTY.command(f"{{run}}/python -m provider {{port}} {delay}", port=port)
    with running(command, EMPTY.environment(), port):
        yield port


def settings(port: int) -> dict[str, str]:
    return {
        "NOTIFIER__PROVIDERS__SIMULATOR__BASE_URL": f"http://127.0.0.1:{port}/v1",
        "NOTIFIER__PROVIDERS__SIMULATOR__API_KEY": "bench",
    }


def seen(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/seen") as answer:
        return int(json.loads(answer.read())["count"])


async def fill(port: int, count: int, *, million: int = 1, first: int = 0) -> None:
    """Post so many payments, in batches of connections that wait for their answers."""
    requests = iter(list(payments(count, million, first=first)))
    connector = aiohttp.TCPConnector(limit=64)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def post() -> None:
            for body, headers in requests:
                url = f"http://127.0.0.1:{port}/webhooks/shop"
                async with session.post(url, data=body, headers=headers) as answer:
                    answer.raise_for_status()

        await asyncio.gather(*(post() for _ in range(64)))


def drained(folder: Path, count: int, delay: float) -> float:
    """Texts a second, from the first that the provider saw to the last."""
    with provider(delay) as port:
        with serving(folder, "--role", "web", settings=settings(port)) as (web, _):
            asyncio.run(fill(web, count))
        with serving(folder, "--role", "worker", settings=settings(port)):
            while not (first := seen(port)):
                time.sleep(0.005)
            began, last = time.perf_counter(), first
            while (last := seen(port)) < count:
                time.sleep(0.02)
            return (last - first) / (time.perf_counter() - began)


async def latencies(web: int, count: int, rate: float) -> dict[str, float]:
    """Post events at a steady rate, whatever the answers; when each was posted, by phone."""
    posted: dict[str, float] = {}
    signed = list(payments(count, 2, first=_WARM))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def post(index: int) -> None:
            body, headers = signed[index]
            posted[phone(_WARM + index)] = time.time()
            url = f"http://127.0.0.1:{web}/webhooks/shop"
            async with session.post(url, data=body, headers=headers) as answer:
                answer.raise_for_status()

        began = time.perf_counter()
        posting = []
        for index in range(count):
            await asyncio.sleep(max(0.0, began + index / rate - time.perf_counter()))
            posting.append(asyncio.create_task(post(index)))
        await asyncio.gather(*posting)
    return posted


def latency(folder: Path, *, seconds: float, rate: float) -> tuple[float, float]:
    """From posting an event to the provider's receiving its text, in ms: the median, and what 99 of 100 take."""
    count = int(seconds * rate)
    with provider(0) as port, serving(folder, settings=settings(port)) as (web, _):
        asyncio.run(fill(web, _WARM))
        posted = asyncio.run(latencies(web, count, rate))
        while seen(port) < _WARM + count:
            time.sleep(0.05)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/seen?all") as answer:
            arrived = json.loads(answer.read())["seen"]
    took = sorted((arrived[phone] - at) * 1000 for phone, at in posted.items())
    return statistics.median(took), took[int(len(took) * 0.99)]


def rows(*, rounds: int = 3, texts: int = 10_000, rate: float = 200, seconds: float = 15) -> list[Row]:
    """The medians, as a table."""
    table = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for delay, least in ((0.0, 3000), (0.2, 0)):
            rates = [drained(folder / f"{delay}-{number}", texts, delay) for number in range(rounds)]
            middle = statistics.median(rates)
            wanted = f"at least {least}/s" if least else ""
            table.append(Row(f"texts, provider takes {delay:g} s", f"{middle:.0f}/s", wanted, middle >= least))
        times = [latency(folder / f"latency{number}", seconds=seconds, rate=rate) for number in range(rounds)]
    p50, p99 = (statistics.median(column) for column in zip(*times, strict=True))
    table.append(Row(f"event to provider at {rate:.0f}/s, p50", f"{p50:.1f} ms"))
    table.append(Row(f"event to provider at {rate:.0f}/s, p99", f"{p99:.1f} ms", "at most 50 ms", p99 <= 50))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=15)
    show(rows(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
