"""What days came to: counted from the records, day by day, and kept for a while."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import Any

from msgspec import Struct

from notifier.clock import TEHRAN
from notifier.console.parts import Parts
from notifier.domain.calls import BookedCall, CallState
from notifier.domain.messages import Audience, MessageState
from notifier.sms.parts import parts as parts_of
from notifier.store import keys as names
from notifier.store.keys import Keys
from notifier.store.reading import StoredMessage
from notifier.store.records import decode, encode, ms
from scheduler.rules import Outcome

_CHUNK = 500
_TODAY_KEPT, _YESTERDAY_KEPT, _PAST_KEPT = 60, 3600, 30 * 86400  # seconds
_LEFT = frozenset({MessageState.ACCEPTED, MessageState.DELIVERED, MessageState.UNDELIVERED, MessageState.BLOCKED})
"""States of texts that left for the customer."""


class Figures(Struct, frozen=True, kw_only=True):
    """One day. Pairs are (sent, delivered) texts, and (made, reached) calls by id of staff."""

    day: date
    hours: tuple[tuple[int, int], ...]
    stages: dict[str, tuple[int, int]]
    states: dict[str, int]
    cost: int
    parts: int
    seconds: float | None  # median between deciding on a text and the provider's taking it
    people: dict[str, tuple[int, int]]
    calls: dict[str, int]
    webhooks: dict[str, int]


async def figures(parts: Parts, day: date) -> Figures:
    """Counted lately, or now."""
    key = names.figures(day.isoformat())
    raw: Any = await parts.redis.get(key)
    if raw is not None:
        return decode(raw, Figures)
    counted = await _count(parts, day)
    age = (parts.clock.now().astimezone(TEHRAN).date() - day).days
    kept = _TODAY_KEPT if age < 1 else _YESTERDAY_KEPT if age < 3 else _PAST_KEPT  # by then nothing changes any more
    await parts.redis.set(key, encode(counted), ex=kept)
    return counted


async def _count(parts: Parts, day: date) -> Figures:
    start = ms(datetime.combine(day, time(), TEHRAN))
    end = ms(datetime.combine(day + timedelta(days=1), time(), TEHRAN)) - 1
    hours = [[0, 0] for _ in range(24)]
    stages: dict[str, list[int]] = {}
    states: Counter[str] = Counter()
    waits: list[float] = []
    cost = sms_parts = 0
    for keys in parts.reader.everywhere:
        for state in MessageState:
            members: Any = await parts.redis.zrangebyscore(keys.messages(state), start, end)
            for stored in await _messages(parts, keys, members):
                states[stored.state] += 1
                cost += stored.cost or 0
                if stored.message.audience is Audience.STAFF or stored.state not in _LEFT:
                    continue
                arrived = int(stored.state is MessageState.DELIVERED)
                hour = hours[stored.message.created_at.astimezone(TEHRAN).hour]
                hour[0], hour[1] = hour[0] + 1, hour[1] + arrived
                stage = stages.setdefault(stored.message.template, [0, 0])
                stage[0], stage[1] = stage[0] + 1, stage[1] + arrived
                sms_parts += parts_of(stored.message.text)
                waits += _wait(stored)
    people, calls = await _calls(parts, start, end)
    return Figures(
        day=day,
        hours=tuple((sent, arrived) for sent, arrived in hours),
        stages={name: (sent, arrived) for name, (sent, arrived) in stages.items()},
        states=dict(states),
        cost=cost,
        parts=sms_parts,
        seconds=median(waits) if waits else None,
        people=people,
        calls=calls,
        webhooks=await _webhooks(parts, day),
    )


async def _messages(parts: Parts, keys: Keys, members: Sequence[bytes]) -> list[StoredMessage]:
    found: list[StoredMessage] = []
    for at in range(0, len(members), _CHUNK):
        found += await parts.reader.messages([(keys, member.decode()) for member in members[at : at + _CHUNK]])
    return found


def _wait(stored: StoredMessage) -> Iterable[float]:
    """Seconds until the provider took it, for a text that was not to wait."""
    if stored.message.not_before is None:
        for attempt in stored.attempts:
            if attempt["outcome"] == "accepted":
                yield (datetime.fromisoformat(attempt["at"]) - stored.message.created_at).total_seconds()


async def _calls(parts: Parts, start: int, end: int) -> tuple[dict[str, tuple[int, int]], dict[str, int]]:
    """Made and reached by person, and how many ended how."""
    made: Counter[str] = Counter()
    reached: Counter[str] = Counter()
    ended: Counter[str] = Counter()
    seen: dict[str, BookedCall] = {}
    for keys in parts.reader.everywhere:
        for state in (CallState.DONE, CallState.EXHAUSTED, CallState.CANCELLED):
            members: Any = await parts.redis.zrangebyscore(keys.calls(state), start, end)
            ended[state] += len(members)
            if state is not CallState.CANCELLED:
                for at in range(0, len(members), _CHUNK):
                    chunk = [(keys, member.decode()) for member in members[at : at + _CHUNK]]
                    seen |= {one.call.id: one.call for one in await parts.reader.calls(chunk)}
    for staff in await parts.calling.staff.active():  # what they tried and try again is open still
        seen |= {call.id: call for call in await parts.calling.book.assigned_to(staff.id)}
    outcomes = frozenset(Outcome)
    for call in seen.values():
        for entry in call.history:
            outcome = entry.what.partition(",")[0]
            if outcome in outcomes and start <= entry.at <= end:
                made[entry.by] += 1
                reached[entry.by] += outcome == Outcome.REACHED
    return {one: (made[one], reached[one]) for one in made}, dict(ended)


async def _webhooks(parts: Parts, day: date) -> dict[str, int]:
    """Events by ``source status``."""
    found: Any = await parts.redis.hgetall(names.webhooks(day.isoformat()))
    return {name.decode(): int(count) for name, count in found.items()}
