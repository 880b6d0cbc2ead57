"""All that belongs to an order: its timeline, messages and calls, as they lie and as they are kept together.

While an order is open each has its own key. When it has been closed for a while they are packed into one record; what
comes after that has keys of its own again, and is packed to the rest later.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Raw, Struct
from redis.asyncio import Redis

from notifier.domain.calls import Call
from notifier.domain.messages import Attempt, Message
from notifier.domain.orders import Order
from notifier.domain.timeline import LineKind, TimelineEntry
from notifier.store import packing
from notifier.store.keys import Keys
from notifier.store.records import decode, encode

KEPT_FIELDS = ("state", "provider", "provider_id", "cost", "reason", "unconfirmed", "accepted", "delivered", "descents")
"""What is kept of a message beside its record and its attempts; all else serves sending."""


class KeptMessage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message as it is kept when it is over."""

    id: str
    message: Raw
    attempts: Raw = Raw(b"[]")
    fields: dict[str, str] = {}

    def hash(self) -> dict[bytes, bytes]:
        """The hash that an unpacked message is in its own key."""
        found = {name.encode(): value.encode() for name, value in self.fields.items()}
        return found | {b"message": bytes(self.message), b"attempts": bytes(self.attempts)}


class OrderBundle(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What happened to an order, what was texted and who called: records as they were written."""

    timeline: list[Raw] = []
    messages: list[KeptMessage] = []
    calls: list[Raw] = []


class Dossier(Struct, frozen=True, kw_only=True):
    """An order as read, with what is needed to remove it if nothing of it has changed since.

    ``live`` are its messages with keys of their own, by id; ``open_to`` its calls with keys of their own.
    """

    keys: Keys
    order: Order
    story: OrderBundle
    lines: int  # of the timeline that has a key of its own
    live: dict[str, dict[bytes, bytes]]
    calls: dict[str, Call]

    @property
    def member(self) -> str:
        return f"{self.order.source}:{self.order.id}"


def kept_message(message_id: str, fields: Mapping[bytes, bytes]) -> KeptMessage:
    """A message's hash as it is kept. Raises StoreError when it cannot be read."""
    record = fields.get(b"message", b"")
    decode(record, Message)
    attempts = fields.get(b"attempts", b"[]")
    decode(attempts, list[Attempt])
    kept = {name: fields[name.encode()].decode() for name in KEPT_FIELDS if name.encode() in fields}
    return KeptMessage(id=message_id, message=Raw(record), attempts=Raw(attempts), fields=kept)


def packed(story: OrderBundle) -> bytes:
    return packing.packed(encode(story))


def unpacked(raw: bytes | None) -> OrderBundle | None:
    """Raises StoreError."""
    return decode(packing.unpacked(raw), OrderBundle) if raw is not None else None


async def dossiers(redis: Redis, orders: Sequence[tuple[Keys, Order]]) -> list[Dossier]:
    """Everything about some orders, in two round trips. Raises StoreError when something cannot be read."""
    pipeline = redis.pipeline(transaction=False)
    for keys, order in orders:
        pipeline.lrange(keys.timeline(order.source, order.id), 0, -1)
        pipeline.get(keys.closed(order.source, order.id))
    read: list[Any] = await pipeline.execute()
    rows = [(read[place], unpacked(read[place + 1])) for place in range(0, len(read), 2)]
    pipeline = redis.pipeline(transaction=False)
    refs = []
    for (keys, _), (raw_lines, closed) in zip(orders, rows, strict=True):
        lines = [decode(line, TimelineEntry) for line in (*(closed.timeline if closed else ()), *raw_lines)]
        texts, calls = references(lines, LineKind.MESSAGE), references(lines, LineKind.CALL)
        for text in texts:
            pipeline.hgetall(keys.message(text))
        for call in calls:
            pipeline.get(keys.call(call))
        refs.append((texts, calls))
    answers = iter(await pipeline.execute())
    return [
        _dossier(
            keys, order, raw_lines, closed, {one: next(answers) for one in texts}, {one: next(answers) for one in calls}
        )
        for (keys, order), (raw_lines, closed), (texts, calls) in zip(orders, rows, refs, strict=True)
    ]


def references(lines: Iterable[TimelineEntry], kind: LineKind) -> list[str]:
    """The messages or calls that a timeline names."""
    return list(dict.fromkeys(line.ref for line in lines if line.kind is kind and line.ref))


def _dossier(
    keys: Keys,
    order: Order,
    lines: Sequence[bytes],
    closed: OrderBundle | None,
    texts: Mapping[str, dict[bytes, bytes]],
    calls: Mapping[str, bytes | None],
) -> Dossier:
    before = closed or OrderBundle()
    live = {one: fields for one, fields in texts.items() if b"message" in fields}
    booked = {one: (raw, decode(raw, Call)) for one, raw in calls.items() if raw is not None}
    kept_calls = [raw for raw in before.calls if decode(raw, Call).id not in booked]
    return Dossier(
        keys=keys,
        order=order,
        story=OrderBundle(
            timeline=[*before.timeline, *(Raw(line) for line in lines)],
            messages=[
                *(one for one in before.messages if one.id not in live),
                *(kept_message(one, fields) for one, fields in live.items()),
            ],
            calls=[*kept_calls, *(Raw(raw) for raw, _ in booked.values())],
        ),
        lines=len(lines),
        live=live,
        calls={one: call for one, (_, call) in booked.items()},
    )
