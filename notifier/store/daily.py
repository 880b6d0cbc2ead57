"""What a day came to: counters that are kept as things happen, in the unit of work that makes them happen.

One hash for each day of Tehran's in each partition. Nothing is counted afterwards, so figures stay when orders go. A
text counts for the day and hour in which the provider took it, also when it arrives later. What is about an order
counts for its shop: the field then begins with ``@SOURCE``.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from notifier.domain import tally
from notifier.domain.messages import Audience, Message
from notifier.domain.orders import Order
from notifier.store.keys import Keys
from notifier.store.records import ms
from notifier.store.work import UnitOfWork

_TEHRAN = ZoneInfo("Asia/Tehran")
_HALF_HOUR = 30 * 60 * 1000  # ms
KEPT = 800 * 24 * 3600  # seconds: two years can be compared


class DayCounts(Struct, frozen=True, kw_only=True):
    """The counters of one day. Texts by template and by hour, waits by milliseconds, calls by id of staff.

    ``first``, ``timely`` and ``missed`` are by purpose and id of staff. Money is rial.
    """

    sent: Counter[str]
    arrived: Counter[str]
    sent_at: Counter[int]
    arrived_at: Counter[int]
    cost: int  # rial
    parts: int
    line_sent: Counter[str]  # by line: messages taken, and those it said to have arrived
    line_reached: Counter[str]
    line_cost: Counter[str]  # rial; and how much less than texts it came to
    line_saved: Counter[str]
    line_unknown: Counter[str]  # messages that a line may have taken: what they cost cannot be known
    until_taken: Counter[int]
    until_arrived: Counter[int]
    planned: int
    made: Counter[str]
    reached: Counter[str]
    orders: int  # that were placed
    cancelled: int
    paid: int  # orders paid in advance, and for how much; of ``unpriced`` ones the shop did not say
    revenue: int
    unpriced: int
    refunded: int
    cash: int  # orders delivered that are paid then, and for how much
    cash_rial: int
    deposits: Counter[str]  # looked up: confirmed, rejected
    deposit_waits: Counter[int]
    first: Counter[str]  # calls tried for the first time
    timely: Counter[str]  # those of them that were not late yet
    missed: Counter[str]  # calls that were late and came to nothing before anybody tried
    outcomes: Counter[str]
    satisfaction: Counter[str]
    marks: Counter[int]  # orders by the last mark of their customer

    @property
    def lines(self) -> set[str]:
        """Every line that something is counted of."""
        return {*self.line_sent, *self.line_cost, *self.line_saved, *self.line_unknown}


def left(unit: UnitOfWork, keys: Keys, counts: Mapping[str, int], *, at: int) -> None:
    """A line took a text at ``at`` (unix ms) that counts for so much, as ``counts_of_left`` says."""
    if counts:
        unit.count(day_at(keys, at), counts, kept=KEPT)


def day_at(keys: Keys, at: int) -> str:
    """The counters of the day of a moment (unix ms)."""
    return keys.day(_half_hour(at // _HALF_HOUR)[0])


def counts_of_left(
    message: Message,
    *,
    at: int,
    cost: int | None,
    parts: int,
    line: str = "",
    saved: int | None = None,
    again: bool = False,
    created: int | None = None,
) -> Mapping[str, int]:
    """What a text counts for that a line took at ``at`` (unix ms); the same object for texts that count for the same.

    What staff are texted costs, and is no news to a customer; one that left before by another line, as ``again`` says,
    is the same text. ``created`` is when it was (unix ms), where that is known already: to ask a moment takes longer
    than all else.
    """
    customer = message.audience is Audience.CUSTOMER
    new = customer and not again
    return _of_text(
        message.source,
        line,
        cost or 0,
        saved or 0,
        int(customer),
        message.template if new else None,
        _half_hour(at // _HALF_HOUR)[1],
        parts,
        _wait(message, at, created) if new else None,
    )


@lru_cache(maxsize=512)  # of a batch many are alike
def _of_text(
    source: str | None,
    line: str,
    cost: int,
    saved: int,
    taken: int,
    template: str | None,
    hour: int,
    parts: int,
    wait: int | None,
) -> Mapping[str, int]:
    counts = {"cost": cost, f"line-cost {line}": cost, f"line-saved {line}": saved, f"line-sent {line}": taken}
    if template is not None:
        counts |= {f"sent {template}": 1, f"sent-at {hour}": 1, "parts": parts}
    if wait is not None:
        counts[f"taken {wait}"] = 1
    return _of_source(source, {name: count for name, count in counts.items() if count})


def arrived(unit: UnitOfWork, keys: Keys, message: Message, *, accepted: int, at: int, line: str = "") -> None:
    """A text that the provider took at ``accepted`` reached the phone; ``at`` is when that was learnt."""
    if message.audience is Audience.CUSTOMER:
        counts = {f"arrived {message.template}": 1, f"arrived-at {_hour(accepted)}": 1}
        if (wait := _wait(message, at)) is not None:
            counts[f"arrived-after {wait}"] = 1
        _count(unit, keys, accepted, counts, message.source)
        if line:
            arrived_by(unit, keys, message, accepted=accepted, line=line)


def arrived_by(unit: UnitOfWork, keys: Keys, message: Message, *, accepted: int, line: str) -> None:
    """A text that a line took at ``accepted`` arrived by it."""
    if message.audience is Audience.CUSTOMER:
        _count(unit, keys, accepted, {f"line-reached {line}": 1}, message.source)


def given_back(
    unit: UnitOfWork, keys: Keys, message: Message, *, accepted: int, cost: int | None, line: str = ""
) -> None:
    """The provider gave the cost of a text back."""
    counts = {"cost": -cost, f"line-cost {line}": -cost} if cost else {}
    _count(unit, keys, accepted, counts, message.source)


def not_saved(unit: UnitOfWork, keys: Keys, message: Message, *, accepted: int, text: int, line: str) -> None:
    """A message that a line took for less than a text costs (rial) has to leave by another all the same."""
    _count(unit, keys, accepted, {f"line-saved {line}": -text} if text else {}, message.source)


def cost_unknown(unit: UnitOfWork, keys: Keys, message: Message, *, at: int, line: str, times: int = 1) -> None:
    """Nobody can know whether a line took a message that it was given at ``at`` (unix ms). ``times`` -1 takes that
    back: the line is asked once more."""
    _count(unit, keys, at, {f"line-unknown {line}": times}, message.source)


def planned(unit: UnitOfWork, keys: Keys, at: int, *, source: str) -> None:
    """A call came to be."""
    _count(unit, keys, at, {"planned": 1}, source)


def called(unit: UnitOfWork, keys: Keys, at: int, by: str, *, source: str, reached: bool) -> None:
    """Somebody of the staff tried to reach a customer."""
    _count(unit, keys, at, {f"made {by}": 1} | ({f"reached {by}": 1} if reached else {}), source)


def not_called(unit: UnitOfWork, keys: Keys, at: int, by: str, *, source: str, reached: bool) -> None:
    """What ``called`` counted at ``at`` was a slip."""
    _count(unit, keys, at, {f"made {by}": -1} | ({f"reached {by}": -1} if reached else {}), source)


def tried(
    unit: UnitOfWork,
    keys: Keys,
    at: int,
    by: str,
    *,
    source: str,
    purpose: str,
    outcome: str,
    timely: bool | None,
    satisfaction: str | None = None,
    times: int = 1,
) -> None:
    """What came of an attempt; ``timely`` is None for one that is not a call's first. ``times`` -1 takes it back."""
    counts = {f"outcome {outcome}": times}
    if timely is not None:
        counts[f"first {purpose} {by}"] = times
    if timely:
        counts[f"timely {purpose} {by}"] = times
    if satisfaction:
        counts[f"satisfaction {satisfaction}"] = times
    _count(unit, keys, at, counts, source)


def missed(unit: UnitOfWork, keys: Keys, at: int, whose: str | None, *, source: str, purpose: str) -> None:
    """A call that was late came to nothing before anybody tried."""
    _count(unit, keys, at, {f"missed {purpose} {whose or ''}": 1}, source)


def ordered(unit: UnitOfWork, keys: Keys, before: Order | None, after: Order) -> None:
    """News of an order was taken."""
    days: dict[str, dict[str, int]] = {}
    for one in tally.of_order(before, after, after.updated_at):
        counts = days.setdefault(day_at(keys, one.at), {})
        more = one.counts if one.wait is None else one.counts | {f"deposit-took {_rounded(one.wait)}": 1}
        for name, count in more.items():
            counts[name] = counts.get(name, 0) + count
    for day, counts in days.items():
        unit.count(day, _of_source(after.source, counts), kept=KEPT)


def read(counts: Mapping[bytes, bytes], sources: Collection[str] | None = None) -> DayCounts:
    """The hash of a day as it is stored: of these shops alone, or all that was counted."""
    kinds: dict[str, Counter[str]] = {}
    for stored, count in counts.items():
        source, kind, rest = _parsed(stored)
        if sources is None or source in sources:
            if (found := kinds.get(kind)) is None:
                found = kinds[kind] = Counter()
            found[rest] = found.get(rest, 0) + int(count)

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
        line_sent=named("line-sent"),
        line_reached=named("line-reached"),
        line_cost=named("line-cost"),
        line_saved=named("line-saved"),
        line_unknown=named("line-unknown"),
        until_taken=numbered("taken"),
        until_arrived=numbered("arrived-after"),
        planned=named("planned").total(),
        made=named("made"),
        reached=named("reached"),
        orders=named("orders").total(),
        cancelled=named("cancelled").total(),
        paid=named("paid").total(),
        revenue=named("revenue").total(),
        unpriced=named("unpriced").total(),
        refunded=named("refunded").total(),
        cash=named("cash").total(),
        cash_rial=named("cash-rial").total(),
        deposits=named("deposits"),
        deposit_waits=numbered("deposit-took"),
        first=named("first"),
        timely=named("timely"),
        missed=named("missed"),
        outcomes=named("outcome"),
        satisfaction=named("satisfaction"),
        marks=numbered("mark"),
    )


@lru_cache(maxsize=8192)
def _parsed(stored: bytes) -> tuple[str, str, str]:
    """Source, kind and what is counted of a counter's name: most names are the same each day."""
    name, source = stored.decode(), ""
    if name.startswith("@"):
        source, _, name = name[1:].partition(" ")
    kind, _, rest = name.partition(" ")
    return source, kind, rest


@lru_cache(maxsize=256)
def _half_hour(number: int) -> tuple[str, int]:
    """Day and hour of Tehran's for a half of an hour since 1970: Tehran's clocks differ from UTC by halves of hours."""
    at = datetime.fromtimestamp(number * _HALF_HOUR / 1000, _TEHRAN)
    return at.date().isoformat(), at.hour


def _hour(at: int) -> int:
    return _half_hour(at // _HALF_HOUR)[1]


def _wait(message: Message, at: int, created: int | None = None) -> int | None:
    """How long it took, to two digits: enough for a median. None for a text that was to wait."""
    if message.not_before is not None:
        return None
    return _rounded(max(at - (ms(message.created_at) if created is None else created), 0))


@lru_cache(maxsize=4096)  # those of a batch were created a few at a time
def _rounded(wait: int) -> int:
    return round(wait, 2 - len(str(wait)))


def _count(unit: UnitOfWork, keys: Keys, at: int, counts: Mapping[str, int], source: str | None) -> None:
    if counts:
        unit.count(day_at(keys, at), _of_source(source, counts), kept=KEPT)


def _of_source(source: str | None, counts: Mapping[str, int]) -> Mapping[str, int]:
    return {f"@{source} {name}": count for name, count in counts.items()} if source else counts
