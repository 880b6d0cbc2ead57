"""What follows from a carrier's report: the parcel's way, and news of its order, under the carrier's name.

News is committed before the way is written. Whoever dies in between says the same again under the same ids, and it is
known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from msgspec.structs import replace
from redis.asyncio import Redis

from notifier.clock import Clock
from notifier.domain import persian
from notifier.domain.decide import derived_id
from notifier.domain.events import Details, Event, EventType
from notifier.domain.orders import Order, Stage
from notifier.domain.parcels import WRONG_WAY, CarrierReport, Movement, Step, Trail, codes_of, heard
from notifier.intake.carriers.adapter import CarrierAdapter
from notifier.intake.committer import Committer
from notifier.intake.delivery import Delivery
from notifier.store import work
from notifier.store.keys import Keys
from notifier.store.reading import Reader
from notifier.store.records import as_text, decode, ms
from notifier.store.work import UnitOfWork

log = structlog.get_logger()

_NEWS: Mapping[Movement, EventType] = {
    Movement.ACCEPTED: EventType.SHIPPED,
    Movement.IN_TRANSIT: EventType.SHIPPED,
    Movement.OUT_FOR_DELIVERY: EventType.OUT_FOR_DELIVERY,
    Movement.ATTEMPT_FAILED: EventType.DELIVERY_FAILED,
    Movement.DELIVERED: EventType.DELIVERED,
}

_WRONG: Mapping[Movement, str] = {
    Movement.RETURNING: "شرکت حمل مرسوله را به فرستنده برمی‌گرداند",
    Movement.RETURNED: "شرکت حمل مرسوله را به فرستنده برگردانده است",
    Movement.LOST: "شرکت حمل می‌گوید مرسوله گم شده یا آسیب دیده است",
}


@dataclass(frozen=True, slots=True)
class UnknownWord:
    """A report in words that nobody has explained."""

    report: CarrierReport
    order: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelFollower:
    """Takes what carriers say of parcels whose orders are known."""

    redis: Redis
    reader: Reader
    clock: Clock
    committer: Committer
    carriers: Mapping[str, CarrierAdapter]

    def carrier_of(self, order: Order, code: str) -> CarrierAdapter | None:
        """Whose parcel it is, by what the shop calls its carrier; where it does not say and there is one, that one."""
        given = {known: parcel.carrier for known, parcel in order.parcels.items()}
        spelt = codes_of(order).get(code, code)
        said = persian.fold(given.get(spelt) or order.details.carrier or "")
        if not said:
            return next(iter(self.carriers.values())) if len(self.carriers) == 1 else None
        fits = [
            (len(folded), carrier)
            for carrier in self.carriers.values()
            for name in carrier.names
            if (folded := persian.fold(name)) and f" {folded} " in f" {said} "
        ]
        return max(fits, key=lambda fit: fit[0])[1] if fits else None

    async def order_of(self, code: str) -> tuple[Keys, Order] | None:
        """The order that a tracking code was given for."""
        for keys in self.reader.everywhere:
            member: Any = await self.redis.hget(keys.codes(code), code)
            if member is None:
                continue
            source, _, order_id = member.decode().partition(":")
            order = await self.reader.order(source, order_id)
            if order is not None and code in codes_of(order):
                return keys, order
        return None

    async def trails(self, keys: Keys, order: Order) -> dict[str, tuple[Trail, bytes]]:
        """What is known of an order's parcels, with the records as they are stored."""
        raw: Any = await self.redis.hgetall(keys.trails(order.source, order.id))
        return {code.decode(): (decode(one, Trail), one) for code, one in raw.items()}

    async def take(self, carrier: CarrierAdapter, reports: Sequence[CarrierReport]) -> tuple[int, list[UnknownWord]]:
        """Take reports of any parcels; those of no order, or of one that another carrier has, are left.

        Returns how many parcels were known, and what nobody understands.
        """
        by_code: dict[str, list[CarrierReport]] = {}
        for one in reports:
            by_code.setdefault(one.code, []).append(one)
        known, unknown = 0, list[UnknownWord]()
        for code, lines in by_code.items():
            found = await self.order_of(code)
            if found is None:
                continue
            keys, order = found
            whose = self.carrier_of(order, code)
            if whose is not None and whose.name != carrier.name:
                continue
            known += 1
            unknown += await self.hear(carrier, keys, order, code, lines)
        return known, unknown

    async def hear(
        self,
        carrier: CarrierAdapter,
        keys: Keys,
        order: Order,
        code: str,
        reports: Sequence[CarrierReport],
        *,
        answered: bool = False,
        due: datetime | None = None,
    ) -> list[UnknownWord]:
        """Take what a carrier says of one parcel of an order. Returns what of it is new and not understood."""
        now, trails = self.clock.now(), await self.trails(keys, order)
        before, raw = trails.get(code, (Trail(carrier=carrier.name), b""))
        said = [(one, carrier.scale.movement(one)) for one in reports]
        after, fresh = heard(before, said, now)
        if before.carrier != carrier.name:
            after = replace(after, carrier=carrier.name)
        if fresh:
            others = {other: trail for other, (trail, _) in trails.items()}
            after = await self._tell(carrier, order, code, before, after, fresh, others)
        after = replace(
            after,
            asked=ms(now) if answered else after.asked,
            due=ms(due) if due is not None else after.due,
        )
        if after != before or not raw:
            await self.write(keys, order, code, after, raw)
        strange = {step.words for step in fresh if step.movement is Movement.UNKNOWN}
        return [
            UnknownWord(one, order.id)
            for one, movement in said
            if movement is Movement.UNKNOWN and strange and carrier_knows_not(carrier, one)
        ]

    async def ask_soon(self, carrier: CarrierAdapter, code: str) -> bool:
        """Have a parcel asked for in the next round; False where nobody knows it."""
        found = await self.order_of(code)
        if found is None:
            return False
        keys, order = found
        trail, raw = (await self.trails(keys, order)).get(code, (Trail(carrier=carrier.name), b""))
        await self.write(keys, order, code, replace(trail, due=1), raw)
        await self.redis.zadd(keys.under_way, {f"{order.source}:{order.id}": ms(self.clock.now())}, xx=True)
        return True

    async def write(self, keys: Keys, order: Order, code: str, trail: Trail, raw: bytes) -> bool:
        """Write a trail in the place of what was read; False where somebody else wrote it meanwhile."""
        key, unit = keys.trails(order.source, order.id), UnitOfWork()
        unit.require_field(key, code, raw)
        unit.do("HSET", key, code, as_text(trail))
        return (await work.commit(self.redis, [unit]))[0][0] == "done"

    async def stall(self, carrier: CarrierAdapter, order: Order, code: str, trail: Trail, days: int) -> Trail:
        """Have the customer called about a parcel that does not move."""
        now, last = self.clock.now(), trail.steps[-1] if trail.steps else None
        said = f"آخرین خبر شرکت حمل: «{last.words}»" if last else "شرکت حمل هنوز خبری از آن نداده است"
        if last and last.place:
            said += f" در {last.place}"
        note = f"بیش از {days} روز کاری است که مرسوله جابه‌جا نشده است؛ {said}."
        event = self._event(carrier, order, EventType.STALLED, now, f"{code} {trail.moved}", note=note)
        await self._submit(order, event.id, [event])
        return replace(trail, stalled=ms(now))

    async def _tell(
        self,
        carrier: CarrierAdapter,
        order: Order,
        code: str,
        before: Trail,
        after: Trail,
        fresh: Sequence[Step],
        trails: Mapping[str, Trail],
    ) -> Trail:
        """Submit the news in new steps, all at once: of several stages the newest is told."""
        now, events = self.clock.now(), list[Event]()
        was, stands = before.movement, after.movement
        for step in fresh:
            kind = _NEWS.get(step.movement)
            if kind is None or (stands in WRONG_WAY and kind is EventType.SHIPPED):
                continue
            if kind is EventType.SHIPPED and EventType.SHIPPED in order.news:
                continue  # the shop has said it
            if kind is EventType.DELIVERED and not self._all_delivered(order, code, after, trails):
                continue
            events.append(
                self._event(carrier, order, kind, _moment(step.at), f"{code} {step.at}", code=code, step=step)
            )
        moved = any(step.movement is not Movement.UNKNOWN for step in fresh) and after.moved >= before.moved
        if before.stalled and moved and (stands not in WRONG_WAY or stands is not was):
            after = replace(after, stalled=0)
            if stands is not Movement.DELIVERED:
                events.append(self._moved(carrier, order, code, after))
        if stands in WRONG_WAY and stands is not was:
            last = next(step for step in reversed(after.steps) if step.movement is stands)
            note = f"{_WRONG[stands]}: «{last.words}»" + (f" در {last.place}" if last.place else "") + "."
            at = now + timedelta(milliseconds=1)
            about = f"{code} {stands} {last.at}"
            events.append(self._event(carrier, order, EventType.STALLED, at, about, note=note, step=last))
            after = replace(after, stalled=ms(now))
        if events:
            about = "|".join(f"{step.at}{step.movement}{step.words}" for step in fresh)
            await self._submit(order, derived_id(carrier.source, order.source, order.id, code, about), events)
        return after

    def _all_delivered(self, order: Order, code: str, after: Trail, trails: Mapping[str, Trail]) -> bool:
        """An order of several parcels is delivered when all of them are."""
        standing_now = {other: trail.movement for other, trail in trails.items()} | {code: after.movement}
        return all(standing_now.get(other) is Movement.DELIVERED for other in codes_of(order))

    def _moved(self, carrier: CarrierAdapter, order: Order, code: str, after: Trail) -> Event:
        """That a parcel left, once more: known already, so it is told to nobody, and what waits for it to move ends."""
        now = self.clock.now()
        spelt = codes_of(order).get(code, code)
        left = order.parcels.get(spelt)
        event = self._event(carrier, order, EventType.SHIPPED, now, f"{code} moved {after.moved}")
        if left is None:
            return event
        details = Details(tracking_code=spelt, carrier=left.carrier, tracking_url=left.url)
        return replace(event, details=details)

    def _event(
        self,
        carrier: CarrierAdapter,
        order: Order,
        kind: EventType,
        at: datetime,
        about: str,
        *,
        code: str = "",
        step: Step | None = None,
        note: str | None = None,
    ) -> Event:
        details = Details(parcel_note=note)
        if kind is EventType.SHIPPED and code:
            details = Details(tracking_code=codes_of(order).get(code, code), carrier=order.details.carrier)
        extra = {"source": carrier.source, "carrier": carrier.name}
        if step is not None:
            extra |= {"words": step.words} | ({"place": step.place} if step.place else {})
        return Event(
            id=derived_id(carrier.source, order.source, order.id, kind, about),
            source=carrier.source,
            type=kind,
            order_id=order.id,
            at=at,
            details=details,
            extra=extra,
        )

    async def _submit(self, order: Order, event_id: str, events: Sequence[Event]) -> None:
        def read(stored: Order | None) -> Sequence[Event]:
            if stored is None:
                return []
            over = stored.cancelled or stored.stage >= Stage.DELIVERED
            return [one for one in events if not over or (one.type is EventType.DELIVERED and not stored.cancelled)]

        await self.committer.submit(
            Delivery(
                source=order.source,
                event_id=f"carrier-{event_id}",
                digest=event_id,
                order_id=order.id,
                phone=order.details.phone,
                events=read,
            )
        )


def carrier_knows_not(carrier: CarrierAdapter, report: CarrierReport) -> bool:
    """Whether a report's word is explained nowhere; some numbers are known to have no meaning."""
    return not (report.word and report.word.strip().lower() in carrier.scale.codes)


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)
