"""How fast the console's pages answer with a big shop's store: ``python -m bench.console``.

Fills an embedded Redis with orders, texts and open calls, starts the service as it ships, and asks for every page over
HTTP once its pages are compiled, as they are a few seconds after the start. Ends with 1 when the slowest of 95 % of the
visits of any page took longer than the limit, or its first visit three times as long. On a machine that does other work
the times say little.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from aiohttp import ClientSession, web

from notifier.cli.serving import spare_the_collector
from notifier.clock import TEHRAN, StillClock
from notifier.config import Config
from notifier.config.loading import load
from notifier.console import labels
from notifier.console.sessions import Sessions
from notifier.domain.calls import Call, CallState, Purpose, ReasonToCall
from notifier.domain.events import Details, Event, EventType, Item, PaymentMethod
from notifier.domain.messages import Message, MessageState
from notifier.domain.orders import Order, Priority, apply_events
from notifier.domain.timeline import LineKind, TimelineEntry
from notifier.service.process import WEB, Service
from notifier.store import daily, work, writes
from notifier.store.keys import Keys
from notifier.store.records import ms
from notifier.store.staff import Role, Staff
from notifier.store.work import UnitOfWork
from scheduler import entries

NOW = datetime(2026, 11, 23, 11, tzinfo=TEHRAN)
DAYS, GROUP, ROUNDS = 30, 250, 30
LIMIT, FIRST = 50, 3  # the limit in ms, and how many times as long a first visit may take
AGENTS = 20
SURNAMES = ("محمدی", "کریمی", "رضایی", "حسینی", "احمدی", "موسوی", "جعفری")
KEYS = Keys(0)
TEMPLATES = sorted(name for name in labels.TEMPLATES if name.startswith(("order", "payment", "deposit")))


def configuration(folder: Path) -> Config:
    """The configuration as it ships, with made-up secrets."""
    settings = {
        "redis__data_dir": str(folder),
        "redis__durability": "everysec",
        "sources__shop__secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "sources__woo__secret": "woo",
        "sms__provider": "simulator",
        "sms__namespace": "bench",
        "providers__simulator__base_url": "http://127.0.0.1:9/v1",
        "callbacks__token": "a-token-for-the-bench",
        "api__tokens": json.dumps(["bench"]),
    }
    return load(Path("config.toml"), environment={f"NOTIFIER__{key.upper()}": at for key, at in settings.items()})


def phone(number: int) -> str:
    return f"0912{number:07d}"


def order(number: int) -> Order:
    """Some of each kind, the newest with the highest number."""
    at = NOW - timedelta(seconds=DAYS * 86400 * (1 - number / 50_000))
    transfer, tehran = number % 4 == 1, number % 4 == 0
    details = Details(
        name=f"مشتری {SURNAMES[number % len(SURNAMES)]} {number}",
        phone=phone(number),
        city="تهران" if tehran else "اصفهان",
        method=PaymentMethod.BANK_TRANSFER if transfer else PaymentMethod.ONLINE,
        amount=185_000_000,
        reference=str(700_000_000 + number),
        items=(Item("Xiaomi 13T Pro"),),
        tracking_code=f"{number:024d}" if number % 3 == 0 else None,
    )
    kinds = [EventType.REGISTERED, EventType.DEPOSIT_REPORTED if transfer and number % 40 == 1 else EventType.PAID]
    events = [Event(id=f"{number}-{kind}", source="shop", type=kind, order_id=str(number), at=at) for kind in kinds]
    new = Order(id=str(number), source="shop", details=details, created_at=ms(at), updated_at=ms(at))
    known = apply_events(new, events)
    prepaid = not transfer
    priority = Priority.HIGH if tehran and prepaid and number % 8 == 0 else Priority.NORMAL
    return Order(**{name: getattr(known, name) for name in known.__struct_fields__} | {
        "v": 1, "prepaid": prepaid, "priority": priority
    })  # fmt: skip


def write_order(unit: UnitOfWork, number: int) -> None:
    """An order with its text and its story."""
    one = order(number)
    at = datetime.fromtimestamp(one.created_at / 1000, TEHRAN)
    message = Message(
        id=str(number + 1), template=TEMPLATES[number % len(TEMPLATES)], version="1", to=phone(number),
        text="سفارش شما در حال آماده‌سازی است. شیائومی سیتی", created_at=at, order_id=one.id, source="shop",
    )  # fmt: skip
    writes.put_order(unit, KEYS, one)
    writes.queue_message(unit, KEYS, message)
    state = MessageState.FAILED if number % 200 == 0 else MessageState.DELIVERED
    unit.do("HSET", KEYS.message(message.id), "state", state, "cost", 1200)
    taken, came = ms(at) + 300 + number % 4000, ms(at) + 3000 + number % 90_000
    daily.left(unit, KEYS, daily.counts_of_left(message, at=taken, cost=1200, parts=1), at=taken)
    if state is MessageState.DELIVERED:
        daily.arrived(unit, KEYS, message, accepted=taken, at=came)
    daily.called(unit, KEYS, came, f"agent{number % AGENTS}", source="shop", reached=number % 3 > 0)
    unit.do("ZREM", KEYS.outbox, message.id)
    unit.do("ZREM", KEYS.messages(MessageState.QUEUED), message.id)
    unit.do("ZADD", KEYS.messages(state), ms(at), message.id)
    lines = [TimelineEntry(at=at, kind=LineKind.EVENT, what=EventType.PAID, ref=f"{number}"),
             TimelineEntry(at=at, kind=LineKind.MESSAGE, what=message.template, ref=message.id)]  # fmt: skip
    writes.add_lines(unit, KEYS, one, lines)


def call(number: int) -> Call:
    """A third are due and nobody's, the rest spread over the staff."""
    due = ms(NOW + timedelta(minutes=number % 2000 - 300))
    state = CallState.DUE if due <= ms(NOW) else CallState.SCHEDULED
    assignee = None if number % 3 == 0 else f"agent{number % AGENTS}"
    reason = ReasonToCall(f"c{number}", Purpose.REASSURANCE, str(number), "shop", due, 3)
    return Call(
        v=1, id=f"c{number}", phone=phone(number), name=f"مشتری {number}", due=due, late=due + 7_200_000,
        created=due, reasons=(reason,), state=state, assignee=assignee, step=1,
    )  # fmt: skip


async def fill(service: Service, orders: int, calls: int) -> None:
    book = service.calling.book
    for start in range(0, orders, GROUP):
        units = []
        for number in range(start, min(start + GROUP, orders)):
            unit = UnitOfWork()
            write_order(unit, number)
            if number < calls:
                entries.write(unit, KEYS, None, call(number), rules=book.rules, calendar=book.calendar)
            units.append(unit)
        await work.commit(service.redis, units)
    for number in range(AGENTS):
        await service.staff.put(Staff(id=f"agent{number}", name=f"همکار {number}", phone=phone(number)))
    await service.staff.put(Staff(id="boss", name="سرپرست", phone=phone(0), role=Role.SUPERVISOR))


async def measure(session: ClientSession, url: str, rounds: int) -> tuple[float, float, float]:
    """The first, the median and the 95th percentile, in ms."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        async with session.get(url, allow_redirects=False) as answer:
            await answer.read()
            if answer.status not in (200, 303):
                raise SystemExit(f"{url} answered {answer.status}")
        times.append((time.perf_counter() - start) * 1000)
    return times[0], statistics.median(times), sorted(times)[int(len(times) * 0.95) - 1]


async def run(orders: int, calls: int, rounds: int, limit: float) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        async with Service(configuration(Path(folder)), clock=StillClock(NOW), roles=[WEB]) as service:
            await fill(service, orders, calls)
            runner = web.AppRunner(service.app, access_log=None, shutdown_timeout=1)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            await asyncio.wait([one for one in asyncio.all_tasks() if one.get_name() == "compile pages"])
            spare_the_collector()
            base = f"http://127.0.0.1:{runner.addresses[0][1]}/console"
            print(f"{orders:,} orders, {orders:,} texts, {calls:,} open calls\n")
            print(f"{'page':<44}{'first':>9}{'median':>9}{'p95':>9}  ms")
            good = True
            async with ClientSession() as session:
                await measure(session, f"{base}/login", 1)
            for who, path in pages(orders, calls):
                token = await Sessions(service.redis).open(who)
                async with ClientSession(headers={"Cookie": f"console={token}"}) as session:
                    first, middle, most = await measure(session, base + path, rounds)
                quick = most <= limit and first <= FIRST * limit
                good = good and quick
                print(f"{path:<44}{first:>9.1f}{middle:>9.1f}{most:>9.1f}  {'' if quick else 'TOO SLOW'}")
            await runner.cleanup()
    return good


def pages(orders: int, calls: int) -> list[tuple[str, str]]:
    late = orders - 10
    paths = [
        *("/", "/calls", f"/calls/c{calls // 2 + 1}", "/calls/print", "/orders", f"/orders/shop/{late}"),
        *(f"/orders?q={query}" for query in (late, phone(late), 700_000_000 + late)),
        *(f"/orders?q={quote(query)}" for query in ("مشتری", f"کریمی {late}", "۰۰", f"سفارش {late}", "4321")),
        *("/deposits", "/priority", "/messages", "/parked", "/texts", "/texts/order_packed", "/desk", "/staff"),
        *("/inbox", "/callbacks", "/tracking", "/promises", "/absence", "/deliveries", "/me", "/owner"),
        *("/figures", "/figures?from=2026-11-17&to=2026-11-23", "/figures?from=2026-09-23&to=2026-11-23"),
    ]
    supervisor = ("/desk", "/staff", "/figures", "/owner", "/deliveries")
    return [("boss" if path.startswith(supervisor) else "agent1", path) for path in paths]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=50_000)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--limit", type=float, default=LIMIT, help="ms that 95 %% of the answers of a page may take")
    given = parser.parse_args()
    os.chdir(Path(__file__).parents[1])
    sys.exit(0 if asyncio.run(run(given.orders, given.calls, given.rounds, given.limit)) else 1)
