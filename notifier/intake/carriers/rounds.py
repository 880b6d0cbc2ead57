"""Asking carriers of parcels under way, and noticing those that stand still.

One process at a time goes round: whoever moves ``due`` on has the round, and one that nobody goes on with lapses. Each
carrier is asked at most so often a minute and left alone while it does not answer; one that fails
keeps no other waiting. A parcel is asked for while that matters: from when it left until it is delivered, 30 days at
most.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import structlog
from msgspec.structs import replace
from redis.exceptions import RedisError

from notifier.clock import Clock
from notifier.domain.back_off import back_off, doubling
from notifier.domain.events import EventType
from notifier.domain.orders import Order, Stage
from notifier.domain.parcels import FINAL, FOLLOWED, WRONG_WAY, Movement, Trail, after_working_days, codes_of
from notifier.errors import StoreAway
from notifier.intake.carriers.adapter import CarrierAdapter, CarrierOdd, Feed, FeedPlace, PerParcel
from notifier.intake.carriers.asking import CarrierAway, CarrierClient
from notifier.intake.carriers.following import ParcelFollower
from notifier.intake.carriers.refusals import CarrierRefusals
from notifier.store import keys as names
from notifier.store import work
from notifier.store.keys import Keys
from notifier.store.publishing import Alert
from notifier.store.records import ms
from notifier.store.work import UnitOfWork

log = structlog.get_logger()

ROUND = timedelta(minutes=1)
_LEASE = timedelta(minutes=3)
_WAITS = doubling(timedelta(minutes=5), timedelta(hours=6))
_JITTER = 0.2
_AT_ONCE = 500  # orders of one partition in a round
_SOON = timedelta(hours=1)
_LATER = timedelta(days=1)
_DAYTIME = range(8, 21)
_OVERLAP = timedelta(hours=1)

OnAnswer = Callable[[str, str], None]
"""Counts answers of a carrier by what they were: taken, unknown, odd, failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierPace:
    """How often a carrier is asked: a parcel ``every`` so long, and no more than ``rate`` questions a minute.

    A parcel that does not move in ``stalled_after`` of working days stands still; 0 says that it never does.
    """

    every: timedelta
    rate: int
    stalled_after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedCarrier:
    """A carrier with what asks it."""

    adapter: CarrierAdapter
    client: CarrierClient
    pace: CarrierPace


@dataclass(slots=True)
class _Standing:
    """How a carrier stands with us, as stored. Times are unix ms."""

    due: int = 0
    since: str = ""
    failures: int = 0
    heard: int = 0
    left: int = 0  # questions that may still be asked in this round
    is_down: bool = False


@dataclass(slots=True)
class _Round:
    """The right to ask, as long as ``due`` is what it was set to."""

    due: bytes
    carriers: dict[str, _Standing] = field(default_factory=dict)
    renewing: asyncio.Lock = field(default_factory=asyncio.Lock)


class _RoundLost(Exception):
    """The round went to a process that took over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierRounds:
    """Goes round all carriers. ``chance`` is between 0 and 1."""

    clock: Clock
    follower: ParcelFollower
    carriers: Mapping[str, AskedCarrier]
    refusals: CarrierRefusals
    is_day_off: Callable[[date], bool]
    tell: Alert
    on_answer: OnAnswer
    chance: Callable[[], float] = random.random

    async def close(self) -> None:
        for one in self.carriers.values():
            await one.client.close()

    async def tick(self) -> int:
        """Go round if it is time to; returns how many questions were asked."""
        if not self.carriers:
            return 0
        redis = self.follower.redis
        try:
            found: Any = await redis.hget(names.ROUNDS, "due")
            if found and int(found) > ms(self.clock.now()):
                return 0
            turn = _Round(found or b"")
            await self._move(turn, _LEASE)
            return await self._go(turn)
        except _RoundLost:
            return 0
        except (StoreAway, RedisError, OSError) as error:
            log.warning("store unreachable", action="carriers_failed", error=type(error).__name__)
            return 0

    async def _go(self, turn: _Round) -> int:
        for name, one in self.carriers.items():
            turn.carriers[name] = await self._standing(name, one.pace.rate)
        under_way = await self._any_under_way()
        feeds = [(one, one.adapter) for one in self.carriers.values() if isinstance(one.adapter, Feed) and under_way]
        await asyncio.gather(*(self._read_feed(turn, one, feed) for one, feed in feeds))
        await self._move(turn, _LEASE)
        await self._look_at_orders(turn)
        asked = sum(one.pace.rate - turn.carriers[name].left for name, one in self.carriers.items())
        await self._move(turn, ROUND)
        return asked

    async def _any_under_way(self) -> bool:
        for keys in self.follower.reader.everywhere:
            if await self.follower.redis.exists(keys.under_way):
                return True
        return False

    async def _read_feed(self, turn: _Round, one: AskedCarrier, adapter: Feed) -> None:
        """Page after page, as far as this round's questions go; the next goes on where it stopped."""
        now, state = self.clock.now(), turn.carriers[adapter.name]
        if state.due > ms(now):
            return
        place: FeedPlace | None = _place(state.since, now - one.pace.every - _OVERLAP, now)
        try:
            while place is not None and state.left > 0:
                state.left -= 1
                document = await one.client.ask(adapter.feed(place, until=now))
                page = adapter.page(document, place, until=now)
                await self._take(adapter, page.reports)
                place = page.further
                state.since = _written(place or FeedPlace(now - _OVERLAP))
                await self._keep(adapter.name, {"since": state.since})
        except (CarrierAway, CarrierOdd) as trouble:
            await self._put_off(adapter, state, trouble)
            return
        wait = ROUND if place is not None else one.pace.every * (1 + _JITTER * self.chance() / 2)
        await self._works(adapter, state, {"due": ms(now + wait)} | ({} if place is not None else {"heard": ms(now)}))

    async def _take(self, adapter: CarrierAdapter, reports: Sequence[Any]) -> None:
        known, strange = await self.follower.take(adapter, reports)
        self.refusals.unknown(adapter, strange)
        for outcome, count in (("taken", known), ("unknown", len(strange))):
            for _ in range(count):
                self.on_answer(adapter.name, outcome)

    async def _look_at_orders(self, turn: _Round) -> None:
        """Orders whose time it is, each carrier's by themselves, so that a slow one keeps no other waiting."""
        now, queues = self.clock.now(), dict[str, list[tuple[Keys, Order]]]()
        for keys in self.follower.reader.everywhere:
            members: Any = await self.follower.redis.zrange(
                keys.under_way, 0, ms(now), byscore=True, offset=0, num=_AT_ONCE
            )
            orders = await self.follower.reader.orders([(keys, member.decode()) for member in members])
            known = {f"{order.source}:{order.id}": order for order in orders}
            for member in members:
                order = known.get(member.decode())
                if order is None or self._is_over(order, now):
                    await self.follower.redis.zrem(keys.under_way, member)
                    continue
                of = {carrier.name for code in codes_of(order) if (carrier := self.follower.carrier_of(order, code))}
                if not of:
                    await self._again(keys, order, now + _LATER)
                    continue
                queues.setdefault(min(of), []).append((keys, order))
        await asyncio.gather(*(self._look_at_some(turn, queue) for queue in queues.values()))

    def _is_over(self, order: Order, now: datetime) -> bool:
        left = _left_at(order)
        return order.cancelled or order.stage >= Stage.DELIVERED or now - left > FOLLOWED or not codes_of(order)

    async def _look_at_some(self, turn: _Round, orders: Sequence[tuple[Keys, Order]]) -> None:
        for keys, order in orders:
            await self._look_at(turn, keys, order)

    async def _look_at(self, turn: _Round, keys: Keys, order: Order) -> None:
        """Ask for an order's parcels that are due, see whether they stand still, say when to look again."""
        now, again = self.clock.now(), list[datetime]()
        trails = await self.follower.trails(keys, order)
        for code in codes_of(order):
            carrier = self.follower.carrier_of(order, code)
            if carrier is None:
                continue
            one = self.carriers[carrier.name]
            trail = trails[code][0] if code in trails else Trail(carrier=carrier.name)
            if trail.movement in FINAL:
                continue
            if code not in trails:
                await self._index(keys, order, code)
            if isinstance(carrier, PerParcel) and carrier.can_ask:
                due = datetime.fromtimestamp(trail.due / 1000, UTC) if trail.due else self._first(order, one, now)
                if due <= now:
                    due = await self._ask(turn, carrier, keys, order, code, trail)
                    found = (await self.follower.trails(keys, order)).get(code)
                    trail = found[0] if found else trail
                again.append(due)
            if trail.movement in FINAL:
                continue
            order_now = await self.follower.reader.order(order.source, order.id)
            if order_now is None or self._is_over(order_now, now):
                await self.follower.redis.zrem(keys.under_way, f"{order.source}:{order.id}")
                return
            again.append(await self._stalled(turn, one, keys, order_now, code))
        if again:
            await self._again(keys, order, max(min(again), now + ROUND))
        else:
            await self._again(keys, order, now + _LATER)

    def _first(self, order: Order, one: AskedCarrier, now: datetime) -> datetime:
        """The first question comes when a carrier may know something, each order's at a time of its own."""
        return _left_at(order) + one.pace.every * (1 + _JITTER * self.chance())

    async def _ask(
        self, turn: _Round, adapter: PerParcel, keys: Keys, order: Order, code: str, trail: Trail
    ) -> datetime:
        """Ask for one parcel; returns when it is asked for next."""
        one, now, state = self.carriers[adapter.name], self.clock.now(), turn.carriers[adapter.name]
        if state.is_down or state.due > ms(now):
            return max(datetime.fromtimestamp(state.due / 1000, UTC), now + ROUND)
        if state.left <= 0:
            return now + ROUND
        state.left -= 1
        try:
            document = await one.client.ask(adapter.question(code))
            reports = adapter.answer(document, code) if document is not None else []
        except CarrierAway as trouble:
            await self._put_off(adapter, state, trouble)
            return datetime.fromtimestamp(state.due / 1000, UTC)
        except CarrierOdd as trouble:
            self.refusals.odd(adapter, trouble, code)
            self.on_answer(adapter.name, "odd")
            log.warning("odd answer of a carrier", action="carrier_odd", carrier=adapter.name, error=str(trouble))
            again = now + one.pace.every * (1 + _JITTER * self.chance())
            _, raw = (await self.follower.trails(keys, order)).get(code, (trail, b""))
            await self.follower.write(keys, order, code, replace(trail, due=ms(again)), raw)
            return again
        again = self._next(one, trail)
        strange = await self.follower.hear(adapter, keys, order, code, reports, answered=True, due=again)
        self.refusals.unknown(adapter, strange)
        self.on_answer(adapter.name, "unknown" if strange else "taken")
        await self._works(adapter, state, {"due": 0, "heard": ms(now)})
        await self._renew(turn)
        return again

    def _next(self, one: AskedCarrier, trail: Trail) -> datetime:
        """The last hours are asked for more often, by day."""
        now, wait = self.clock.now(), one.pace.every
        if trail.movement is Movement.OUT_FOR_DELIVERY and now.astimezone(one.adapter.zone).hour in _DAYTIME:
            wait = wait / 4
        return now + wait * (1 + _JITTER * self.chance())

    async def _stalled(self, turn: _Round, one: AskedCarrier, keys: Keys, order: Order, code: str) -> datetime:
        """Have the customer called where nothing moved; returns when to look again.

        What the carrier was not heard about since is not known to stand still.
        """
        now, pace, adapter = self.clock.now(), one.pace, one.adapter
        trail, raw = (await self.follower.trails(keys, order)).get(code, (Trail(carrier=adapter.name), b""))
        if not pace.stalled_after or order.stage < Stage.SHIPPED:
            return now + _LATER
        if trail.stalled or trail.movement in WRONG_WAY:
            return now + _LATER
        since = max(
            trail.moved, order.happened(EventType.SHIPPED) or 0, order.happened(EventType.OUT_FOR_DELIVERY) or 0
        )
        begun = datetime.fromtimestamp(since / 1000, adapter.zone)
        due = after_working_days(begun, pace.stalled_after, self.is_day_off)
        if due > now:
            return due
        state = turn.carriers[adapter.name]
        heard = state.heard if isinstance(adapter, Feed) else trail.asked if adapter.can_ask else ms(now)
        if heard < ms(due):
            return now + _SOON
        days = max(int(pace.stalled_after / _LATER), 1)
        await self.follower.write(keys, order, code, await self.follower.stall(adapter, order, code, trail, days), raw)
        self.on_answer(adapter.name, "stalled")
        return now + _LATER

    async def _index(self, keys: Keys, order: Order, code: str) -> None:
        """Have a parcel's order found by the code as the carrier writes it."""
        await self.follower.redis.hset(keys.codes(code), code, f"{order.source}:{order.id}")

    async def _again(self, keys: Keys, order: Order, at: datetime) -> None:
        await self.follower.redis.zadd(keys.under_way, {f"{order.source}:{order.id}": ms(at)}, xx=True)

    async def _put_off(self, adapter: CarrierAdapter, state: _Standing, trouble: CarrierAway | CarrierOdd) -> None:
        """Leave a carrier alone for a while, the longer the more often it failed."""
        least = trouble.wait if isinstance(trouble, CarrierAway) else timedelta()
        wait = back_off(state.failures, _WAITS, least=least, jitter=_JITTER * self.chance())
        odd = isinstance(trouble, CarrierOdd)
        if isinstance(trouble, CarrierOdd):
            self.refusals.odd(adapter, trouble)
        self.on_answer(adapter.name, "odd" if odd else "failed")
        again_in = int(wait.total_seconds())
        if odd:
            log.warning(
                "odd answer of a carrier",
                action="carrier_odd",
                carrier=adapter.name,
                error=str(trouble),
                again_in=again_in,
            )
        else:
            log.warning(
                "a carrier does not tell of its parcels",
                action="carrier_failed",
                carrier=adapter.name,
                error=str(trouble),
                again_in=again_in,
            )
        state.is_down, state.failures, state.due = True, state.failures + 1, ms(self.clock.now() + wait)
        await self._keep(adapter.name, {"due": state.due, "failures": state.failures})
        lasting = isinstance(trouble, CarrierAway) and trouble.lasting
        if state.failures == (1 if lasting else 5):
            text = (
                f"شرکت حمل «{adapter.name}» پاسخ درستی نمی‌دهد و مسیر مرسوله‌هایش دیده نمی‌شود. "
                "دلیل در گزارش سرویس است (carrier_failed، carrier_odd)."
            )
            await self.tell(f"carrier:{adapter.name}", text)

    async def _works(self, adapter: CarrierAdapter, state: _Standing, fields: Mapping[str, int]) -> None:
        if state.failures:
            log.info("a carrier tells of its parcels again", action="carrier_works", carrier=adapter.name)
        state.failures, state.heard = 0, fields.get("heard", state.heard)
        await self._keep(adapter.name, {**fields, "failures": 0})

    async def _standing(self, name: str, rate: int) -> _Standing:
        found: Any = await self.follower.redis.hmget(names.carrier(name), ["due", "since", "failures", "heard"])
        due, since, failures, heard = found
        return _Standing(
            due=int(due or 0),
            since=since.decode() if since else "",
            failures=int(failures or 0),
            heard=int(heard or 0),
            left=rate,
        )

    async def _keep(self, name: str, fields: Mapping[str, Any]) -> None:
        await self.follower.redis.hset(names.carrier(name), mapping={key: str(value) for key, value in fields.items()})

    async def _renew(self, turn: _Round) -> None:
        """Hold on to the round once a third of the lease has gone."""
        async with turn.renewing:
            if int(turn.due or 0) - ms(self.clock.now()) < _LEASE * 2 / 3 / timedelta(milliseconds=1):
                await self._move(turn, _LEASE)

    async def _move(self, turn: _Round, wait: timedelta) -> None:
        """Say when the round goes on. Raises _RoundLost when another process did."""
        due, unit = str(ms(self.clock.now() + wait)), UnitOfWork()
        if due.encode() == turn.due:
            return
        unit.require_field(names.ROUNDS, "due", turn.due)
        unit.do("HSET", names.ROUNDS, "due", due)
        if (await work.commit(self.follower.redis, [unit]))[0][0] != "done":
            raise _RoundLost
        turn.due = due.encode()


def _left_at(order: Order) -> datetime:
    left = order.happened(EventType.SHIPPED) or order.happened(EventType.PACKED) or order.created_at
    return datetime.fromtimestamp(left / 1000, UTC)


def _written(place: FeedPlace) -> str:
    return f"{ms(place.since)}|{place.page}"


def _place(written: str, first: datetime, now: datetime) -> FeedPlace:
    """Where a feed goes on; not further back than parcels are followed."""
    since, _, page = written.partition("|")
    if not since.isdecimal():
        return FeedPlace(first)
    at = datetime.fromtimestamp(int(since) / 1000, now.tzinfo)
    return FeedPlace(at, int(page or 1)) if now - at < FOLLOWED else FeedPlace(now - FOLLOWED)
