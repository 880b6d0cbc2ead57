"""Agreeing upon a time of delivery: what may be chosen, and the news that somebody has chosen."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from secrets import token_hex

from msgspec.structs import replace
from redis.asyncio import Redis

from notifier.clock import Clock
from notifier.domain.decide import Decision
from notifier.domain.events import AgreedTime, Details, Event, EventType
from notifier.domain.orders import AGREEING, Order, Stage
from notifier.domain.policy import Rulebook
from notifier.domain.slots import DeliverySlot, SlotMark, SlotRefusal, Timetable, holds
from notifier.domain.timeline import SLOT_MARK, LineKind
from notifier.errors import NotifierError
from notifier.store.slot_places import HeldPlace, PlaceTaken, SlotPlaces


class SlotRefused(NotifierError):
    """A time cannot be chosen; ``why`` says what is the matter with it. Nothing was changed."""

    def __init__(self, why: SlotRefusal) -> None:
        super().__init__(f"This time of delivery cannot be chosen: {why}.")
        self.why = why


@dataclass(frozen=True, slots=True)
class FreeSlot:
    """A slot with the places it has left."""

    slot: DeliverySlot
    free: int


@dataclass(frozen=True, slots=True)
class Agreeing:
    """Choosing a time for an order, by a person at the desk or the customer. ``take`` takes the news as a shop's."""

    redis: Redis
    rulebook: Callable[[], Rulebook]
    clock: Clock
    take: Callable[[Event], Awaitable[None]]

    @property
    def timetable(self) -> Timetable:
        return self.rulebook().timetable

    def serves(self, order: Order) -> bool:
        """Whether there are slots where the order goes."""
        return self.timetable.serves(self.rulebook().region(order))

    async def offered(self, region: str) -> list[FreeSlot]:
        """What may be chosen now, in order. One round trip to the store."""
        now, timetable = self.clock.now(), self.timetable
        taken = await SlotPlaces(self.redis).taken(timetable.open(region, now))
        return [FreeSlot(slot, free) for slot, free in timetable.offered(region, now, taken)]

    async def offered_for(self, order: Order) -> list[FreeSlot]:
        """What may be chosen now for an order: its own slot is among it only if it has a place left."""
        return await self.offered(self.rulebook().region(order))

    async def between(self, region: str, first: date, last: date) -> list[tuple[FreeSlot, bool]]:
        """Every slot of some days with the places it has left, and whether it may be chosen now."""
        now, timetable = self.clock.now(), self.timetable
        slots = list(timetable.between(region, first, last))
        taken, open_now = await SlotPlaces(self.redis).taken(slots), set(timetable.open(region, now))
        found = [FreeSlot(slot, max(slot.places - taken[slot], 0)) for slot in slots]
        return [(one, one.free > 0 and one.slot in open_now) for one in found]

    async def prepare(
        self, order: Order, agreed: AgreedTime, *, by: str | None, seen: str | None = None, freely: bool = False
    ) -> Event | None:
        """The news that a time is agreed upon, for which a place is kept until it is taken; None where it stands.

        ``seen`` is the time, as text, that stood when the chooser looked: another one meanwhile is not overwritten.
        ``freely`` takes any time to come, as whoever phones the customer may agree upon one outside the slots. Raises
        SlotRefused; then nothing was changed.
        """
        self._require_open(order, seen)
        if order.delivery == agreed:
            return None
        now, timetable, region = self.clock.now(), self.timetable, self.rulebook().region(order)
        why = timetable.refusal(region, agreed, now)
        if why is not None and not (freely and why is not SlotRefusal.PAST):
            raise SlotRefused(why)
        slot = timetable.slot(region, agreed)
        if slot is not None:
            (taken,) = await SlotPlaces(self.redis).take([(order.source, order.id, slot)], now)
            if taken is PlaceTaken.FULL:
                raise SlotRefused(SlotRefusal.FULL)
        kind = EventType.DELIVERY_CHANGED if order.delivery else EventType.DELIVERY_AGREED
        return self._news(order, kind, agreed, by)

    async def agree(
        self, order: Order, agreed: AgreedTime, *, by: str | None, seen: str | None = None, freely: bool = False
    ) -> Event | None:
        """Have a time agreed upon for an order, or another than before; returns the news, which is on disk then.

        Raises SlotRefused as ``prepare`` does; StoreAway when it is not known to be on disk, and it may then be asked
        for again.
        """
        event = await self.prepare(order, agreed, by=by, seen=seen, freely=freely)
        if event is not None:
            await self.take(event)
        return event

    async def give_back(self, order: Order) -> None:
        """Give back what was kept for news that does not come after all; ``order`` as it is stored now."""
        held = held_place(order, self.rulebook())
        await SlotPlaces(self.redis).settle([held], self.clock.now(), patience=timedelta())

    async def release(self, order: Order, *, by: str | None, seen: str | None = None) -> None:
        """Give up the time that stands. Raises SlotRefused."""
        self._require_open(order, seen)
        if order.delivery is not None:
            await self.take(self._news(order, EventType.DELIVERY_RELEASED, None, by))

    def _require_open(self, order: Order, seen: str | None) -> None:
        if order.cancelled or order.stage >= Stage.DELIVERED:
            raise SlotRefused(SlotRefusal.CLOSED)
        if seen is not None and seen != str(order.delivery or ""):
            raise SlotRefused(SlotRefusal.CHANGED)

    def _news(self, order: Order, kind: EventType, agreed: AgreedTime | None, by: str | None) -> Event:
        now = self.clock.now()
        return Event(
            id=f"slot-{token_hex(12)}",
            source=order.source,
            type=kind,
            order_id=order.id,
            at=max(now, _just_after(order, now)),
            details=Details(delivery=agreed),
            by=by,
        )


def held_place(order: Order, rulebook: Rulebook) -> HeldPlace:
    """The place that an order has by its record."""
    agreed = holds(order)
    slot = rulebook.timetable.slot(rulebook.region(order), agreed) if agreed else None
    return HeldPlace(order.source, order.id, order.v, slot)


def over(decision: Decision) -> Decision:
    """A decision whose time of delivery lies in a slot that had taken what it holds."""
    lines = list(decision.timeline)
    for place in reversed(range(len(lines))):
        if lines[place].kind is LineKind.EVENT and lines[place].what in AGREEING:
            lines[place] = replace(lines[place], extra=lines[place].extra | {SLOT_MARK: SlotMark.OVER})
            break
    return replace(decision, timeline=tuple(lines), slot_mark=SlotMark.OVER)


async def settle_places(places: SlotPlaces, orders: Sequence[Order], rulebook: Rulebook, now: datetime) -> None:
    """Make the places of orders what their records say."""
    await places.settle([held_place(order, rulebook) for order in orders], now)


def _just_after(order: Order, now: datetime) -> datetime:
    """Two words in one millisecond: the later one is said a moment later."""
    said = order.delivery_said
    return datetime.fromtimestamp((said + 1) / 1000, now.tzinfo) if said is not None else now
