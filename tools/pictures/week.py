"""A week of a shop, played through real signed webhooks into a running demo: something on every page of the console."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from msgspec.structs import replace

from notifier.clock import TEHRAN
from notifier.demo.stage import STAFF, DemoStage
from notifier.domain.calls import CallState
from notifier.domain.events import EventType
from notifier.domain.messages import MessageState
from notifier.practice import standard
from notifier.store import work
from notifier.store.keys import Keys
from notifier.store.staff import Role, Staff
from notifier.store.work import UnitOfWork
from scheduler.outcomes import Report
from scheduler.rules import Outcome

END = datetime(2026, 11, 23, 11, 40, tzinfo=TEHRAN)  # a Monday, late in the morning
DAYS = 6  # before it
LEFT = timedelta(minutes=100)  # for so long nobody has made a call
KEYS = Keys(0)
FIRST = ("سارا", "علی", "مجید", "زهرا", "کاوه", "بابک", "مینا", "امیرحسین", "حسین", "پویا", "نرگس")
LAST = (
    "محمدی",
    "رضایی‌نژاد",
    "باقری",
    "قاسمی",
    "ایزدی",
    "طاهری",
    "شریفی",
    "جعفری",
    "موسوی",
    "نادری",
    "کریمی",
    "صادقی",
    "اسدی",
)
CITIES = (("تهران", "تهران"), ("اصفهان", "اصفهان"), ("تهران", "تهران"), ("شیراز", "فارس"), ("تبریز", "آذربایجان شرقی"))
GOODS = (
    ("Xiaomi 13T Pro", 185_000_000),
    ("Redmi Note 13 Pro (5G)", 98_000_000),
    ("Poco X6 Pro", 142_500_000),
    ("هندزفری Redmi Buds 5", 12_800_000),
    ("ساعت هوشمند Mi Band 8", 21_900_000),
)
COLLEAGUES = (
    Staff(id="reza", name="رضا احمدی", phone="09201110033", role=Role.AGENT),
    Staff(id="shirin", name="شیرین مرادی", phone="09201110044", role=Role.AGENT),
)
OUTCOMES = (Outcome.REACHED, Outcome.REACHED, Outcome.REACHED, Outcome.NO_ANSWER, Outcome.BUSY)


@dataclass(frozen=True, slots=True, order=True)
class Post:
    """One event, posted at its time."""

    at: datetime
    order: str
    kind: EventType = field(compare=False)
    data: dict[str, Any] = field(compare=False)


def opening() -> datetime:
    return (END - timedelta(days=DAYS)).replace(hour=8, minute=30)


def posts() -> list[Post]:
    """All that happens, in turn; the same each time."""
    dice = random.Random(7)
    found: list[Post] = []
    number = 10_400
    for back in range(DAYS, -1, -1):
        day = (END - timedelta(days=back)).replace(hour=9, minute=0)
        for _ in range(dice.randint(9, 14)):
            number += 1
            found += _order(str(number), day + timedelta(minutes=dice.randint(0, 150 if back == 0 else 540)), dice)
    found.append(Post(END - timedelta(minutes=50), "10990", EventType.PACKED, {"customer": {}}))
    found.append(Post(END - timedelta(hours=27), "10991", EventType.SHIPPED, {"customer": {}, "shipment": {}}))
    return sorted(post for post in found if post.at <= END)


def _order(number: str, at: datetime, dice: random.Random) -> Iterator[Post]:
    name = f"{FIRST[int(number) % len(FIRST)]} {LAST[int(number) % len(LAST)]}"
    (city, province), (item, rial) = dice.choice(CITIES), dice.choice(GOODS)
    method = dice.choice(("online", "online", "phone", "cash") if city == "تهران" else ("online", "bank_transfer"))
    customer = {"name": name, "phone": f"0912{345_0000 + int(number) * 137 % 9999:07d}", "city": city}
    data = {
        "customer": customer | {"province": province},
        "payment": {"method": method, "amount": rial, "currency": "IRR"},
        "items": [{"name": item, "quantity": 1}],
    }
    paid = {"payment": {"method": method, "amount": rial, "reference": f"2017{int(number) * 7919 % 10**8:08d}"}}
    yield Post(at, number, EventType.REGISTERED, data)
    if method == "online":
        kind = EventType.PAYMENT_FAILED if dice.random() < 0.15 else EventType.PAID
        yield Post(at + timedelta(minutes=4), number, kind, data | paid)
        if kind is EventType.PAYMENT_FAILED:
            return
    elif method == "bank_transfer":
        yield Post(at + timedelta(minutes=35), number, EventType.DEPOSIT_REPORTED, data | paid)
        if (at.date(), at.hour) < (END.date(), 9):
            yield Post(at + timedelta(minutes=90), number, EventType.DEPOSIT_CONFIRMED, data | paid)
    shipment = {"carrier": "پست پیشتاز", "tracking_code": f"{int(number) * 104729:024d}"} if city != "تهران" else {}
    shipped = {"shipment": shipment or {"carrier": "پیک فروشگاه"}}
    for hours, kind, more in (
        (2, EventType.PREPARING, {}),
        (3.5, EventType.PACKED, {}),
        (5, EventType.SHIPPED, shipped),
        (30, EventType.DELIVERED, {}),
    ):
        yield Post(_by_day(at + timedelta(hours=hours + dice.random())), number, kind, more)


def _by_day(at: datetime) -> datetime:
    """The same while the shop is open, else the next morning."""
    return at if 9 <= at.hour < 19 else (at - timedelta(hours=8)).replace(hour=9) + timedelta(days=1)


@dataclass(slots=True)
class Week:
    """Plays it: turns the clock, posts, and has the desk make the calls that fall due, but the last ones."""

    stage: DemoStage
    dice: random.Random = field(default_factory=lambda: random.Random(3))

    async def play(self) -> None:
        """All of it; afterwards it is a quarter to twelve of the last day."""
        for one in COLLEAGUES:
            await self.stage.service.staff.put(replace(one, password="!"))
        async with aiohttp.ClientSession() as session:
            for post in posts():
                await self._let_pass(post.at)
                await self._post(session, post)
                await self._settle()
            await self._let_pass(END)
            self.stage.clock.turn_to(END)
            await self._settle()
            await self._refused(session)
        await self._troubles()

    async def _post(self, session: aiohttp.ClientSession, post: Post) -> None:
        self.stage.clock.turn_to(post.at)
        payload = {"type": post.kind, "timestamp": post.at.isoformat(), "data": {"order_id": post.order} | post.data}
        event_id = f"{post.order}-{post.kind}"
        body, headers = standard.signed(self.stage.keys.shop, payload, at=post.at, event_id=event_id)
        async with session.post(f"{self.stage.url}/webhooks/shop", data=body, headers=headers) as answer:
            if answer.status != 202:
                raise SystemExit(f"{event_id} was answered {answer.status}: {await answer.text()}")

    async def _refused(self, session: aiohttp.ClientSession) -> None:
        """Deliveries that are kept: one that holds a mistake, and one with another secret."""
        wrong = standard.event(EventType.PAID, at=END, order_id="10612")
        wrong["data"]["customer"]["phone"] = "0912345"
        right = standard.event(EventType.SHIPPED, at=END, order_id="10611")
        other = "whsec_b3RoZXIgc2VjcmV0IG90aGVyIHNlY3JldA=="
        for secret, payload in ((self.stage.keys.shop, wrong), (other, right)):
            body, headers = standard.signed(secret, payload, at=END)
            async with session.post(f"{self.stage.url}/webhooks/shop", data=body, headers=headers) as answer:
                if answer.status not in (401, 422):
                    raise SystemExit(f"taken, though it should not be: {answer.status}")
        await self.stage.service.rejections.write()

    async def _let_pass(self, until: datetime) -> None:
        """A quarter of an hour at a time, as far as the desk is open."""
        clock, step = self.stage.clock, timedelta(minutes=15)
        while clock.now() + step < until:
            night = clock.now().hour >= 19
            clock.turn_to(min(until, clock.now() + (timedelta(hours=13) if night else step)))
            await self._settle()

    async def _settle(self) -> None:
        service = self.stage.service
        await service.reminders.tick()
        await service.sender.send_ready()
        await service.sender.drain()
        await self.stage.simulator.deliver_callbacks()
        if self.stage.clock.now() < END - LEFT:
            await self._make_calls()

    async def _make_calls(self) -> None:
        service = self.stage.service
        due: Any = await service.redis.zrange(KEYS.calls(CallState.DUE), 0, 20)
        for stored in await service.reader.calls([(KEYS, member.decode()) for member in due]):
            report = Report(by=stored.call.assignee or STAFF[0].id, outcome=self.dice.choice(OUTCOMES))
            await service.calling.reporting.report(stored.call.id, report)

    async def _troubles(self) -> None:
        """Texts that need somebody: one refused, one that did not arrive, one nobody knows about."""
        service, unit = self.stage.service, UnitOfWork()
        accepted: Any = await service.redis.zrevrange(KEYS.messages(MessageState.ACCEPTED), 0, -1)
        delivered: Any = await service.redis.zrevrange(KEYS.messages(MessageState.DELIVERED), 0, 40)
        texts = [
            one
            for one in await service.reader.messages([(KEYS, member.decode()) for member in (*accepted, *delivered)])
            if one.message.order_id and one.message.audience == "customer"
        ]
        for one, state, reason in (
            (texts[0], MessageState.FAILED, "شمارهٔ گیرنده پذیرفته نشد"),
            (texts[1], MessageState.HELD, "maybe_sent"),
            (texts[2], MessageState.UNDELIVERED, ""),
        ):
            name = one.message.id
            unit.do("HSET", KEYS.message(name), "state", state, "reason", reason)
            unit.move(name, source=KEYS.messages(one.state), target=KEYS.messages(state))
        await work.commit(service.redis, [unit])
        await service.sending.accounts.each[0].check_credit()
