"""What a day came to: counters that are kept as things happen, in the unit of work that makes them happen.

One hash for each day of Tehran's in each partition. Nothing is counted afterwards, so figures stay when orders go. A
text counts for the day and hour in which the provider took it, also when it arrives later.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from notifier.domain.messages import Audience, Message
from notifier.store.keys import Keys
from notifier.store.records import ms
from notifier.store.work import UnitOfWork

_TEHRAN = ZoneInfo("Asia/Tehran")
_HALF_HOUR = 30 * 60 * 1000  # ms
_KEPT = 800 * 24 * 3600  # seconds: two years can be compared


class DayCounts(Struct, frozen=True, kw_only=True):
    """The counters of one day. Texts by template and by hour, waits by milliseconds, calls by id of staff."""

    sent: Counter[str]
    arrived: Counter[str]
    sent_at: Counter[int]
    arrived_at: Counter[int]
    cost: int  # rial
    parts: int
    until_taken: Counter[int]
    until_arrived: Counter[int]
    planned: int
    made: Counter[str]
    reached: Counter[str]


def left(unit: UnitOfWork, keys: Keys, message: Message, *, at: int, cost: int | None, parts: int) -> None:
    """The provider took a text at ``at`` (unix ms). What staff are texted costs, and is no news to a customer."""
    counts = {"cost": cost} if cost else {}
    if message.audience is Audience.CUSTOMER:
        counts |= {f"sent {message.template}": 1, f"sent-at {_hour(at)}": 1, "parts": parts}
        counts |= _waited("taken", message, at)
    _count(unit, keys, at, counts)


def arrived(unit: UnitOfWork, keys: Keys, message: Message, *, accepted: int, at: int) -> None:
    """A text that the provider took at ``accepted`` reached the phone; ``at`` is when that was learnt."""
    if message.audience is Audience.CUSTOMER:
        counts = {f"arrived {message.template}": 1, f"arrived-at {_hour(accepted)}": 1}
        _count(unit, keys, accepted, counts | _waited("arrived-after", message, at))


def given_back(unit: UnitOfWork, keys: Keys, *, accepted: int, cost: int | None) -> None:
    """The provider gave the cost of a text back."""
    _count(unit, keys, accepted, {"cost": -cost} if cost else {})


def planned(unit: UnitOfWork, keys: Keys, at: int) -> None:
    """A call came to be."""
    _count(unit, keys, at, {"planned": 1})


def called(unit: UnitOfWork, keys: Keys, at: int, by: str, *, reached: bool) -> None:
    """Somebody of the staff tried to reach a customer."""
    _count(unit, keys, at, {f"made {by}": 1} | ({f"reached {by}": 1} if reached else {}))


def not_called(unit: UnitOfWork, keys: Keys, at: int, by: str, *, reached: bool) -> None:
    """What ``called`` counted at ``at`` was a slip."""
    _count(unit, keys, at, {f"made {by}": -1} | ({f"reached {by}": -1} if reached else {}))


def read(counts: Mapping[bytes, bytes]) -> DayCounts:
    """The hash of a day as it is stored."""
    kinds: dict[str, dict[str, int]] = {}
    for name, count in counts.items():
        kind, _, rest = name.decode().partition(" ")
        kinds.setdefault(kind, {})[rest] = int(count)

    def named(kind: str) -> Counter[str]:
        return Counter(kinds.get(kind))

    def numbered(kind: str) -> Counter[int]:
        return Counter({int(number): count for number, count in kinds.get(kind, {}).items()})

    return DayCounts(
        sent=named("sent"),
        arrived=named("arrived"),
        sent_at=numbered("sent-at"),
        arrived_at=numbered("arrived-at"),
        cost=named("cost").total(),
        parts=named("parts").total(),
        until_taken=numbered("taken"),
        until_arrived=numbered("arrived-after"),
        planned=named("planned").total(),
        made=named("made"),
        reached=named("reached"),
    )


@lru_cache(maxsize=256)
def _half_hour(number: int) -> tuple[str, int]:
    """Day and hour of Tehran's for a half of an hour since 1970: Tehran's clocks differ from UTC by halves of hours."""
    at = datetime.fromtimestamp(number * _HALF_HOUR / 1000, _TEHRAN)
    return at.date().isoformat(), at.hour


def _hour(at: int) -> int:
    return _half_hour(at // _HALF_HOUR)[1]


def _waited(kind: str, message: Message, at: int) -> dict[str, Any]:
    """How long it took, to two digits: enough for a median. Nothing for a text that was to wait."""
    if message.not_before is not None:
        return {}
    wait = max(at - ms(message.created_at), 0)
    return {f"{kind} {round(wait, 2 - len(str(wait)))}": 1}


def _count(unit: UnitOfWork, keys: Keys, at: int, counts: Mapping[str, int]) -> None:
    if counts:
        unit.count(keys.day(_half_hour(at // _HALF_HOUR)[0]), counts, kept=_KEPT)
