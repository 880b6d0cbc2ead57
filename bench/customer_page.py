"""How fast customers' pages answer beside intake: ``python -m bench.customer_page``.

Starts the service as it ships with an embedded Redis, posts events to it all the while, and asks for pages of many
orders at a steady rate, each as soon as it is due whether earlier ones have come back or not. Ends with 1 when the 95th
percentile of the answers took longer than the limit.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from aiohttp import ClientSession, TCPConnector

from bench.load import SECRET, serving
from notifier.clock import TEHRAN
from notifier.domain.events import EventType
from notifier.practice import standard

RATE, SECONDS, ORDERS, LIMIT = 200, 20, 500, 15.0  # the limit in ms
INTAKE = 50  # events a second beside
API = "bench"
SETTINGS = {"NOTIFIER__CUSTOMER_PAGE__ENABLED": "true", "NOTIFIER__API__TOKENS": json.dumps([API])}


async def post(session: ClientSession, base: str, number: int, kind: EventType) -> None:
    """One signed event of an order."""
    now = datetime.now(TEHRAN)
    payload = standard.event(kind, at=now, order_id=str(number))
    payload["data"]["customer"] = payload["data"].get("customer", {}) | {"phone": f"0912{number:07d}"}
    body, headers = standard.signed(SECRET, payload, at=now)
    async with session.post(f"{base}/webhooks/shop", data=body, headers=headers) as answer:
        if answer.status != 202:
            raise SystemExit(f"an event was answered {answer.status}: {await answer.text()}")


async def pages(session: ClientSession, base: str, orders: int) -> list[str]:
    """The addresses of the pages of so many orders, which are placed here."""
    await asyncio.gather(*(post(session, base, number, EventType.REGISTERED) for number in range(orders)))
    found = []
    for number in range(orders):
        async with session.get(f"{base}/api/orders/{number}", headers={"Authorization": f"Bearer {API}"}) as answer:
            found.append(base + (await answer.json())["customer_page"])
    return found


async def steadily(rate: float, seconds: float, do: list[asyncio.Task[None]], once: "Once") -> None:
    """Begin ``once`` so many times a second."""
    begun = time.perf_counter()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
        do.append(asyncio.create_task(once(number)))


class Once:
    """Asks for one page after another, and keeps how long each took (ms)."""

    def __init__(self, session: ClientSession, addresses: list[str]) -> None:
        self.session, self.addresses, self.times = session, addresses, list[float]()

    async def __call__(self, number: int) -> None:
        start = time.perf_counter()
        async with self.session.get(self.addresses[number % len(self.addresses)]) as answer:
            await answer.read()
            if answer.status != 200:
                raise SystemExit(f"a page answered {answer.status}")
        self.times.append((time.perf_counter() - start) * 1000)


class Intake(Once):
    """Posts one event after another."""

    async def __call__(self, number: int) -> None:
        await post(self.session, self.addresses[0], 1_000_000 + number, EventType.REGISTERED)


async def measure(base: str, rate: float, seconds: float, orders: int) -> list[float]:
    async with ClientSession(connector=TCPConnector(limit=200)) as session:
        addresses = await pages(session, base, orders)
        views, tasks = Once(session, addresses), list[asyncio.Task[None]]()
        await asyncio.gather(*(views(number) for number in range(20)))  # templates are compiled once
        views.times.clear()
        await asyncio.gather(
            steadily(rate, seconds, tasks, views), steadily(INTAKE, seconds, tasks, Intake(session, [base]))
        )
        await asyncio.gather(*tasks)
        return sorted(views.times)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=RATE, help="pages a second")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--orders", type=int, default=ORDERS)
    parser.add_argument("--limit", type=float, default=LIMIT, help="ms that 95 %% of the answers may take")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), settings=SETTINGS) as (port, _):
        times = asyncio.run(measure(f"http://127.0.0.1:{port}", given.rate, given.seconds, given.orders))
    p95 = times[int(len(times) * 0.95) - 1]
    print(f"{len(times):,} pages at {given.rate:.0f}/s beside {INTAKE} events/s")
    print(f"median {times[len(times) // 2]:.1f} ms, p95 {p95:.1f} ms, p99 {times[int(len(times) * 0.99) - 1]:.1f} ms")
    return 0 if p95 <= given.limit else 1


if __name__ == "__main__":
    os.chdir(Path(__file__).parents[1])
    sys.exit(main())
