"""A year of parcels and what carriers are asked about them: ``python -m bench.parcels``.

Twenty parcels a day, seeded, on an embedded Redis with a clock that is turned: half with a carrier asked for each
parcel, half with one whose report of the day is read. Most arrive in some days; some meet a closed door, stand still,
turn back, are lost, or are told of in words nobody explained. The carriers are away now and then, answer HTML, or say
that they are asked too often. Every parcel's way is known, so that a stage that is told wrong can be counted. It must
be none.
"""

import argparse
import asyncio
import json
import logging
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jdatetime
import structlog

from bench.table import Row, show
from notifier.clock import TEHRAN, StillClock
from notifier.config.loading import in_data_dir, load
from notifier.domain.events import Details, Event, EventType, PaymentMethod
from notifier.domain.orders import Order, Stage
from notifier.intake.carriers.adapter import CarrierOdd, Question
from notifier.intake.carriers.asking import CarrierAway, CarrierClient
from notifier.service.process import WEB, Service
from notifier.store.reading import Reader

ROOT = Path(__file__).parents[1]
_START = datetime(2026, 3, 23, 9, tzinfo=TEHRAN)
_STEP = timedelta(hours=1)
_AFTER = timedelta(days=40)  # until the last parcel is asked for no more
_FOLLOWED = timedelta(days=31)
RATE = 30

WRONG = "stages told wrong"
LATE = "requests for a parcel after its 30 days"
PER_PARCEL = "asked for each"
BY_REPORT = "by report"

_WORDS = {
    "accepted": "accepted",
    "on the way": "in_transit",
    "with courier": "out_for_delivery",
    "nobody in": "attempt_failed",
    "handed over": "delivered",
    "turned back": "returning",
    "back with the sender": "returned",
}
_NUMBERS = {"accepted": 5, "on the way": 13, "with courier": 50, "handed over": 7, "turned back": 10}


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What happens to one parcel, as its carrier would tell: the moment, the word, the place."""

    code: str
    carrier: str
    left: datetime
    steps: tuple[tuple[datetime, str, str], ...]

    @property
    def delivered(self) -> datetime | None:
        return next((at for at, word, _ in self.steps if word == "handed over"), None)

    def told(self, now: datetime) -> Iterator[tuple[datetime, str, str]]:
        return (step for step in self.steps if step[0] <= now)


def way(code: str, carrier: str, left: datetime, chance: random.Random) -> Way:
    """An ordinary parcel's days, and now and then one that is not."""
    kind = chance.random()
    at = left + timedelta(hours=chance.uniform(2, 10))
    steps = [(at, "accepted", "تهران")]

    def go_on(hours: float, word: str, place: str) -> None:
        nonlocal at
        at += timedelta(hours=hours)
        steps.append((at, word, place))

    if kind < 0.005:  # lost without a word
        return Way(code=code, carrier=carrier, left=left, steps=tuple(steps))
    for hub in range(chance.choice((1, 2, 2, 3))):
        go_on(chance.lognormvariate(2.9, 0.4), "on the way", f"مرکز {hub + 1}")
    if kind < 0.02:  # it stands still for days, and goes on
        go_on(24 * chance.uniform(5, 9), "on the way", "مرکز آخر")
    elif kind < 0.03 and carrier == PER_PARCEL:
        go_on(3, "scan 77-B", "مرکز آخر")  # nobody has explained this
    elif kind < 0.04:
        go_on(20, "turned back", "مرکز آخر")
        return Way(code=code, carrier=carrier, left=left, steps=tuple(steps))
    morning = (at + timedelta(days=1)).replace(hour=9, minute=0)
    go_on((morning - at) / timedelta(hours=1), "with courier", "شیراز")
    if kind < 0.10 and carrier == PER_PARCEL:
        go_on(4, "nobody in", "شیراز")
        go_on(20, "with courier", "شیراز")
    go_on(chance.uniform(1, 8), "handed over", "شیراز")
    return Way(code=code, carrier=carrier, left=left, steps=tuple(steps))


@dataclass
class StandIns:
    """Both carriers, without the wire: what they are asked, and what each answers at this moment."""

    clock: StillClock
    chance: random.Random
    ways: dict[str, Way] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)  # by carrier
    of_parcel: Counter[str] = field(default_factory=Counter)
    in_minute: Counter[tuple[str, datetime]] = field(default_factory=Counter)
    late: int = 0
    away_until: datetime = _START
    failing: int = 0

    def ask(self, question: Question) -> Any:
        now, name = self.clock.now(), BY_REPORT if question.json else PER_PARCEL
        self.asked[name] += 1
        self.in_minute[name, now] += 1
        code = question.url.rpartition("/")[2]
        if name == PER_PARCEL:
            self.of_parcel[code] += 1
            self.late += now - self.ways[code].left > _FOLLOWED
        if now >= self.away_until and self.chance.random() < 0.0004:
            self.away_until, self.failing = now + timedelta(hours=self.chance.uniform(1, 30)), self.chance.randrange(3)
        if now < self.away_until:
            match self.failing:
                case 0:
                    raise CarrierAway("it answered HTTP 500.")
                case 1:
                    raise CarrierAway("it answered HTTP 429.", wait=timedelta(minutes=40))
                case _:
                    raise CarrierOdd("it answered with text/html that is no JSON")
        return self._way(code, now) if name == PER_PARCEL else self._report(question.json, now)

    def _way(self, code: str, now: datetime) -> Any:
        told = [
            {"state": word, "when": at.isoformat(), "where": place} for at, word, place in self.ways[code].told(now)
        ]
        return {"parcel": code, "way": told} if told else None

    def _report(self, asked: Any, now: datetime) -> Any:
        day = jdatetime.date(*(int(part) for part in asked["date"].split("-"))).togregorian()
        entries = [
            {"barcode": one.code, "status": _NUMBERS[word], "last_change_status": f"{at:%Y-%m-%dT%H:%M:%S}"}
            for one in self.ways.values()
            if one.carrier == BY_REPORT and day - timedelta(days=60) < one.left.date() <= day
            for at, word, _ in one.told(now)
            if at.date() == day
        ]
        first = (asked["page"] - 1) * asked["count"]
        return {"returns": {"status": 200}, "entries": {"list": entries[first : first + asked["count"]]}}


class StandInClient(CarrierClient):
    """Asks the stand-ins."""

    def __init__(self, carriers: StandIns) -> None:
        super().__init__(timedelta(seconds=1))
        self.carriers = carriers

    async def ask(self, question: Question) -> Any:
        return self.carriers.ask(question)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelYear:
    """What came of it."""

    parcels: int
    delivered: int
    asked: Counter[str]
    most: int
    in_minute: int
    late: int
    wrong: int
    missed: int
    stalled: int
    stood_still: int
    seconds: float


async def measured(days: int, daily: int, seed: int) -> ParcelYear:
    """A year, or so many days."""
    begun, chance = time.perf_counter(), random.Random(seed)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    clock = StillClock(_START)
    carriers = StandIns(clock, random.Random(seed + 1))
    described = {
        "kind": "http",
        "names": ["one by one"],
        "url": "http://127.0.0.1:9/{code}",
        "fields": {"steps": "way", "code": "parcel", "word": "state", "time": "when", "place": "where"},
        "words": _WORDS,
        "rate": RATE,
    }
    environment = {
        "NOTIFIER__SOURCES__SHOP__SECRET": "whsec_" + "QUJD" * 11,
        "NOTIFIER__SOURCES__WOO__SECRET": "w" * 32,
        "NOTIFIER__SMS__PROVIDER": "simulator",
        "NOTIFIER__REDIS__DURABILITY": "everysec",  # questions and stages are counted here, and no power is cut
        "NOTIFIER__CALLBACKS__TOKEN": "bench-callbacks-token",
        "NOTIFIER__API__TOKENS": '["bench-api-token"]',
        "NOTIFIER__CARRIERS__OTHER": json.dumps(described),
        "NOTIFIER__CARRIERS__TAPIN": json.dumps({"kind": "tapin", "api_key": "bench-key", "shop_id": "1"}),
    }
    with tempfile.TemporaryDirectory() as folder:
        config = in_data_dir(load(ROOT / "config.toml", environment=environment), Path(folder))
        async with Service(config, clock=clock, roles=[WEB]) as service:
            rounds = service.carrying.rounds
            rounds = replace(
                rounds,
                carriers={name: replace(one, client=StandInClient(carriers)) for name, one in rounds.carriers.items()},
                chance=chance.random,
            )
            sent = 0
            end = _START + timedelta(days=days)
            while clock.now() < end + _AFTER:
                now = clock.now()
                if now < end and now.hour == 9:
                    today = range(sent, sent + daily)
                    await asyncio.gather(*(_send(service, carriers, one, now, chance) for one in today))
                    sent += daily
                await rounds.tick()
                clock.turn(_STEP)
            return await _judged(service.reader, carriers, time.perf_counter() - begun)


async def _send(service: Service, carriers: StandIns, number: int, now: datetime, chance: random.Random) -> None:
    code, carrier = f"{number:024}", (PER_PARCEL, BY_REPORT)[number % 2]
    carriers.ways[code] = way(code, carrier, now, chance)
    called = "one by one" if carrier == PER_PARCEL else "پست پیشتاز"
    about = Details(phone=f"0912{number % 10**7:07}", city="شیراز", method=PaymentMethod.ONLINE, amount=10_000_000)
    parcel = Details(carrier=called, tracking_code=code)
    for kind, details in ((EventType.REGISTERED, about), (EventType.PAID, Details()), (EventType.SHIPPED, parcel)):
        event = Event(id=f"{kind}-{number}", source="shop", type=kind, order_id=f"P{number}", at=now, details=details)
        await service.take(event)


async def _judged(reader: Reader, carriers: StandIns, seconds: float) -> ParcelYear:
    """Every order beside what happened to its parcel."""
    wrong = missed = delivered = stalled = stood_still = 0
    for number, one in enumerate(carriers.ways.values()):
        order = await reader.order("shop", f"P{number}")
        assert order
        came = one.delivered
        delivered += order.stage is Stage.DELIVERED
        wrong += _told_wrong(order, one)
        in_time = came is not None and came - one.left < timedelta(days=29)
        missed += in_time and order.stage is not Stage.DELIVERED
        stalled += order.happened(EventType.STALLED) is not None
        gaps = [second[0] - first[0] for first, second in zip(one.steps, one.steps[1:], strict=False)]
        stood_still += came is None or max(gaps) > timedelta(days=4)
    return ParcelYear(
        parcels=len(carriers.ways),
        delivered=delivered,
        asked=carriers.asked,
        most=max(carriers.of_parcel.values(), default=0),
        in_minute=max(carriers.in_minute.values(), default=0),
        late=carriers.late,
        wrong=wrong,
        missed=missed,
        stalled=stalled,
        stood_still=stood_still,
        seconds=seconds,
    )


_WORD_OF = {
    EventType.OUT_FOR_DELIVERY: "with courier",
    EventType.DELIVERED: "handed over",
    EventType.DELIVERY_FAILED: "nobody in",
}


def _told_wrong(order: Order, one: Way) -> bool:
    """Whether a stage was told that never was, or before it was."""
    for kind, word in _WORD_OF.items():
        truly = [at for at, said, _ in one.steps if said == word]
        for heard in order.news.get(kind, {}).values():
            if not any(abs(at.timestamp() * 1000 - heard) < 1000 for at in truly):
                return True
    return False


def _rows(year: ParcelYear) -> Iterator[Row]:
    one_by_one = (year.parcels + 1) // 2
    yield Row("parcels", f"{year.parcels:,}")
    yield Row("delivered, as the order says", f"{year.delivered:,}")
    yield Row(WRONG, f"{year.wrong:,}", "0", not year.wrong)
    yield Row("delivered, and not told", f"{year.missed:,}", "0", not year.missed)
    yield Row("calls for parcels that stand still", f"{year.stalled:,}")
    yield Row("parcels that stood still, turned back or were lost", f"{year.stood_still:,}")
    yield Row("requests, asked for each", f"{year.asked[PER_PARCEL]:,}")
    yield Row("  for a parcel", f"{year.asked[PER_PARCEL] / max(one_by_one, 1):.1f}")
    yield Row("  at most for one", f"{year.most:,}")
    yield Row("requests, reports of days", f"{year.asked[BY_REPORT]:,}")
    yield Row("  for a parcel", f"{year.asked[BY_REPORT] / max(year.parcels // 2, 1):.1f}")
    yield Row("most in a minute", f"{year.in_minute:,}", f"≤ {RATE}", year.in_minute <= RATE)
    yield Row(LATE, f"{year.late:,}", "0", not year.late)
    yield Row("seconds for all", f"{year.seconds:,.0f}")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--daily", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    show(_rows(await measured(given.days, given.daily, given.seed)))


if __name__ == "__main__":
    asyncio.run(main())
