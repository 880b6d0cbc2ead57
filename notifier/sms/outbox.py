"""The outbox: messages are taken from it for a line, and given back with what became of them."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import chain
from typing import Any

import structlog
from msgspec import Struct, msgpack
from msgspec.structs import replace
from redis.asyncio import Redis

from notifier.domain.ladder import Descent, Unreached, arrival
from notifier.domain.messages import Attempt, Message, MessageState
from notifier.errors import StoreError
from notifier.sms import ledger
from notifier.sms.holds import ALIVE, Hold
from notifier.sms.segments import segments
from notifier.store import daily, provider_ids, work, writes
from notifier.store.keys import Keys
from notifier.store.publishing import Publish, no_op
from notifier.store.records import as_text, decode, ms, ms_again
from notifier.store.work import Script, UnitOfWork

log = structlog.get_logger()

UNREADABLE = "unreadable"
"""In the place of a state: messages that cannot be read. They are kept and shown, never deleted."""

_CLAIM, _MARK, _SETTLE_TAKEN = Script("claim"), Script("mark"), Script("settle_taken")
_ABSENT = 7 * 24 * 3600  # seconds for which a line is not asked again for somebody it does not have
_OF_A_LINE = ("provider", "provider_id", "accepted", "cost", "saved", "reason", "unconfirmed")
_SPACED = 24 * 3600  # seconds for which the last text to a customer is remembered
_MINUTE = 60 * 1000
_TERMS = {
    "late": 5 * _MINUTE,
    "patience": _MINUTE,
    "look_again": 100,
    "look_again_bound": 1000,
    "look_again_essential": _MINUTE // 2,
    "ahead": 20,
    "hour": 60 * _MINUTE,
    "day": 24 * 60 * _MINUTE,
}
"""What claims go by, as claim.lua explains: ms, and a number of texts."""


@lru_cache(maxsize=64)
def _moment(unix: int, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(unix / 1000, zone)


class ClaimedMessage(Struct, frozen=True, kw_only=True):
    """A message in our hands, for as long as ``token`` is the one that the store knows for it.

    ``lapsed``: a worker had it before us and died. ``called``: it was calling the provider, or about to, in a way that
    is marked. ``bound``: the provider may have it from an earlier try. ``first`` is since when that may be.
    ``by_hand``: a person had it sent, so that no quiet hours hold it. ``descents`` are the rungs that it has left
    behind, ``passed`` others before this one, by which nothing left. ``absent``: the line said lately that it has
    nobody with this number. ``created`` is when the message was (unix ms), its score in the list of each state.
    ``spaced``: texts to a customer are to be apart, so that it is to be remembered when this one left.
    """

    keys: Keys
    provider: str
    token: str
    message: Message
    attempts: tuple[Attempt, ...]
    lapsed: bool
    called: bool
    bound: bool
    by_hand: bool
    first: datetime
    expires_at: datetime | None
    created: int
    descents: tuple[Descent, ...] = ()
    descents_as_stored: bytes = b""
    passed: tuple[Descent, ...] = ()
    absent: bool = False
    spaced: bool = False

    @property
    def arrival(self) -> Descent | None:
        """The rung that it has left behind and that said meanwhile that it had arrived."""
        return arrival(self.descents, self.message.to_since)

    @property
    def has_arrived(self) -> bool:
        return self.arrival is not None


class Settled(Struct, frozen=True, kw_only=True):
    """What became of a claimed message.

    Back to ``queued`` it goes with the time of the next try; ``bound`` then says that the provider may have sent it
    already, so that no other may have it, and ``retrying`` that later texts to the customer wait for it. ``ask_at`` is
    when the provider is first asked about an accepted message, or when an ``unknown`` one is looked into. ``began`` is
    when the provider was given it in this attempt, where there was one. ``rewritten_from`` is the message as it is
    stored, where it is to be another from now on. ``descent`` is the rung it leaves behind, ``goes`` the route it is
    queued by then. ``next_at`` is when the next rung has it if nobody says that it arrived, ``saved`` how much less
    (rial) than a text it cost. ``absent``: the line has nobody with this number, which is to be remembered.
    """

    claimed: ClaimedMessage
    state: MessageState
    now: datetime
    began: datetime | None = None
    attempt: Attempt | None = None
    again_at: datetime | None = None
    bound: bool = False
    retrying: bool = False
    ask_at: datetime | None = None
    provider_id: str | None = None
    cost: int | None = None  # rial
    reason: str | None = None
    rewritten_from: Message | None = None
    descent: Descent | None = None
    goes: str | None = None
    next_at: datetime | None = None
    saved: int | None = None
    absent: bool = False

    @property
    def left(self) -> list[Descent]:
        """The rungs that it has behind it now, and had not before; none while this one is only tried again."""
        if self.descent is None and not self.claimed.passed:
            return []  # most texts
        again = self.attempt is None or (self.state is MessageState.QUEUED and self.goes is None and not self.bound)
        return [*(() if again else self.claimed.passed), *([self.descent] if self.descent else [])]


async def claim(
    redis: Redis,
    keys: Keys,
    provider: str,
    *,
    bound: bool,
    route: str = "",
    now: datetime,
    lease: timedelta,
    count: int,
    essential_only: bool = False,
    gap: timedelta = timedelta(),
    most: tuple[int, int, int] = (0, 0, 0),
    on_held: Callable[[Message, str], None] = lambda _, __: None,
    hold: Hold | None = None,
    remembers: bool = False,
) -> list[ClaimedMessage]:
    """Take up to ``count`` messages that are ready. Not settled within ``lease``, they are taken by somebody else.

    ``bound`` says whether from those that this provider alone may have, ``route`` of which source that has lines of its
    own; empty: of all others. ``gap`` is the least time between two texts to one customer, essential ones apart.
    ``most`` are the texts to a number in an hour, in a day, and in a day of essential ones, 0 for no limit; ``on_held``
    hears of each that is held for one, and for which. ``hold`` is the heartbeat that tells others that we live; a claim
    without one is ours until the lease ends. ``remembers`` says whether the line has only some people, and it is
    remembered whom not.
    """
    token, any_of = hold.token if hold else secrets.token_hex(8), "%s"
    number_hour, number_day, number_day_essential = most
    terms = _TERMS | {
        "now": ms(now),
        "lapse": ms(now + lease),
        "count": count,
        "line": provider,
        "token": token,
        "common": not bound,
        "essential_only": essential_only,
        "remembers": remembers,
        "gap": gap // timedelta(milliseconds=1),
        "number_hour": number_hour,
        "number_day": number_day,
        "number_day_essential": number_day_essential,
        "alive": ALIVE // timedelta(milliseconds=1) if hold else None,
    }
    taken, held = await _CLAIM.run(
        redis,
        [
            keys.bound(provider) if bound else writes.box(keys, route),
            keys.sending(provider),
            keys.opted_out,
            keys.message(any_of),
            keys.texts(any_of),
            keys.last_text(any_of),
            keys.counted(any_of),
            keys.told(any_of),
            keys.messages(any_of),
            keys.absent(any_of),
            keys.claim(token),
        ],
        msgpack.encode(terms),
    )
    claimed = []
    for row in taken:
        try:
            claimed.append(_claimed(row, keys, provider, token, now.tzinfo, spaced=bool(gap)))
        except (StoreError, ValueError) as error:
            await _set_aside(redis, keys, provider, row[0].decode(), error)
    for message_id, limit, message in held:
        try:
            on_held(decode(message or b"", Message), limit.decode())
        except (StoreError, ValueError) as error:
            await _set_aside(redis, keys, provider, message_id.decode(), error)
    return claimed


async def mark(
    redis: Redis, claimed: Sequence[ClaimedMessage], *, now: datetime, lease: timedelta
) -> list[ClaimedMessage]:
    """Mark messages before a call that must not be made twice; returns those that are still ours.

    Raises TooFewReplicas when a dying primary could take the marks along.
    """
    if not claimed:
        return []
    one = claimed[0]
    ids = [each.message.id for each in claimed]
    sending, lapse = one.keys.sending(one.provider), ms(now + lease)
    marked = await _MARK.run_safely(redis, [sending, *map(one.keys.message, ids)], lapse, one.token, *ids)
    ours = {member.decode() for member in marked}
    return [each for each in claimed if each.message.id in ours]


async def rewrite(redis: Redis, claimed: Sequence[ClaimedMessage]) -> list[ClaimedMessage]:
    """Store claimed messages as they will be sent, before they are; returns those that are still ours."""
    units = []
    for one in claimed:
        unit, key = UnitOfWork(), one.keys.message(one.message.id)
        unit.require_field(key, "owner", one.token)
        unit.require_field(key, "state", MessageState.SENDING)
        unit.do("HSET", key, "message", as_text(one.message))
        units.append(unit)
    outcomes = await work.commit(redis, units) if units else []
    return [one for one, (outcome, _) in zip(claimed, outcomes, strict=True) if outcome == "done"]


async def settle(redis: Redis, settled: Sequence[Settled], *, publish: Publish = no_op) -> list[Settled]:
    """Write down what became of claimed messages, each for itself, in one round trip.

    Returns those of which nothing was written, since a rung that they have left behind has said more meanwhile.
    """
    if not settled:
        return []
    if _are_simply_taken(settled):
        await _settle_taken(redis, settled)
        return []
    outcomes = await work.commit(redis, [_unit(outcome, publish) for outcome in settled])
    return [one for one, (outcome, _) in zip(settled, outcomes, strict=True) if outcome == "conflict"]


async def heard_meanwhile(redis: Redis, claimed: Sequence[ClaimedMessage]) -> list[ClaimedMessage]:
    """Claimed messages with what rungs that they have left behind have said since; those that are still ours."""
    pipeline = redis.pipeline(transaction=False)
    for one in claimed:
        pipeline.hmget(one.keys.message(one.message.id), ["owner", "state", "descents"])
    rows: list[Any] = await pipeline.execute() if claimed else []
    return [
        replace(one, descents=_descents(descents), descents_as_stored=descents or b"")
        for one, (owner, state, descents) in zip(claimed, rows, strict=True)
        if (owner, state) == (one.token.encode(), MessageState.SENDING.encode())
    ]


def put_back(
    unit: UnitOfWork, keys: Keys, message: Message, due: datetime, *, bound: str | None, retrying: bool = False
) -> None:
    """Have a message wait again; ``bound`` names the provider that alone may have it."""
    key, at = keys.message(message.id), ms(due)
    unit.do("HSET", key, "due", at, *(("bound", bound) if bound else ()), *(("retrying", 1) if retrying else ()))
    if gone := [name for name, stays in (("bound", bound), ("retrying", retrying)) if not stays]:
        unit.do("HDEL", key, *gone)
    unit.do("ZADD", keys.bound(bound) if bound else writes.box(keys, message.route), at, message.id)
    unit.do("ZADD", keys.texts(message.to), "NX", ms(message.created_at), message.id)


def go_down(
    unit: UnitOfWork, keys: Keys, message: Message, descents: Sequence[Descent], route: str, due: datetime
) -> None:
    """Have a message wait for another rung; what was known of its line is kept with the rung that it leaves behind."""
    key, gone = keys.message(message.id), replace(message, route=route)
    unit.do("HSET", key, "message", as_text(gone), "descents", as_text(list(descents)))
    unit.do("HSET" if route else "HDEL", key, "route", *((route,) if route else ()))
    unit.do("HDEL", key, *_OF_A_LINE)
    unit.do("ZREM", keys.rung_waits, message.id)
    put_back(unit, keys, gone, due, bound=None)


def _are_simply_taken(settled: Sequence[Settled]) -> bool:
    """Whether the line of one claim took all and will say whether they arrived, and nothing else is to be noted."""
    accepted, token, now, ask_at = MessageState.ACCEPTED, settled[0].claimed.token, settled[0].now, settled[0].ask_at
    for one in settled:
        claimed = one.claimed
        if claimed.token != token or one.now != now or one.ask_at != ask_at or claimed.descents or claimed.passed:
            return False
        if one.state is not accepted or not one.provider_id or ask_at is None or one.attempt is None or claimed.spaced:
            return False
        if one.descent or one.next_at or one.saved or one.absent or one.rewritten_from or one.reason:
            return False
    return True


async def _settle_taken(redis: Redis, settled: Sequence[Settled]) -> None:
    """What ``_unit`` would write of texts of one claim that were simply taken, at half the cost: nearly all are."""
    first = settled[0]
    keys, provider, at = first.claimed.keys, first.claimed.provider, ms_again(first.now)
    source, target = MessageState.SENDING, MessageState.ACCEPTED
    names = [
        keys.sending(provider),
        keys.messages(source),
        keys.messages(target),
        keys.reports(provider),
        daily.day_at(keys, at),
        provider_ids.given(keys, provider, at),
    ]
    # Most texts of a batch count for the same, told by identity, and were tried as the others were.
    counts: dict[int, tuple[int, Mapping[str, int]]] = {}
    records: dict[tuple[Any, ...], list[str | int]] = {}
    texts = []
    for one in settled:
        claimed, provider_id, cost = one.claimed, one.provider_id or "", one.cost
        message, created = claimed.message, claimed.created
        names += keys.message(message.id), keys.texts(message.to)
        parts = segments(message.text)
        count = daily.counts_of_left(message, at=at, cost=cost, parts=parts, line=provider, created=created)
        which, _ = counts.setdefault(id(count), (len(counts) + 1, count))
        tries = (*claimed.attempts, one.attempt, cost)
        if (record := records.get(tries)) is None:
            fields = {"attempts": tries[:-1], "provider": provider, "cost": cost, "accepted": at}
            record = records[tries] = ledger.noted(message.id, source, target, fields)
        texts.append([message.id, created, which, "provider_id", provider_id, *record])
    terms = {
        "token": first.claimed.token,
        "ask_at": ms_again(first.ask_at) if first.ask_at else 0,
        "remembered": provider_ids.KEPT,
        "kept": daily.KEPT,
        "counts": [list(chain.from_iterable(count.items())) for _, count in counts.values()],
        "texts": texts,
    }
    await _SETTLE_TAKEN.run_safely(redis, names, msgpack.encode(terms))


def _unit(outcome: Settled, publish: Publish) -> UnitOfWork:
    """Only what is still in the hands of this claim is settled by it."""
    claimed, keys, message, state = outcome.claimed, outcome.claimed.keys, outcome.claimed.message, outcome.state
    provider, provider_id, now = claimed.provider, outcome.provider_id, ms_again(outcome.now)
    key, ours, after, unit = keys.message(message.id), UnitOfWork(), UnitOfWork(), UnitOfWork()
    ours.do("ZREM", keys.sending(provider), message.id)
    if (former := outcome.rewritten_from) is not None:
        writes.rewrite_message(after, keys, message, former=former)
    if outcome.absent:
        after.do("SADD", keys.absent(message.to), provider)
        after.do("EXPIRE", keys.absent(message.to), _ABSENT)
    down = outcome.goes is not None and state is MessageState.QUEUED
    left = outcome.left if claimed.passed or outcome.descent else []
    arrived = claimed.arrival if state is MessageState.DELIVERED else None  # by a rung that it had left
    ends_elsewhere = arrived is not None and (outcome.descent is not None or provider_id is None)
    if left and not down:
        after.do("HSET", key, "descents", as_text([*claimed.descents, *left]))
    if outcome.descent is not None and outcome.descent.why is Unreached.UNKNOWN:
        daily.cost_unknown(after, keys, message, at=now, line=provider)
    if arrived is not None and provider_id is not None:
        parts = segments(message.text)
        counts = daily.counts_of_left(message, at=now, cost=outcome.cost, parts=parts, line=provider, again=True)
        daily.left(after, keys, counts, at=now)
    if down:
        descents = [*claimed.descents, *left]
        go_down(after, keys, message, descents, outcome.goes or "", outcome.again_at or outcome.now)
    elif state is MessageState.QUEUED:
        due = outcome.again_at or outcome.now
        put_back(after, keys, message, due, bound=provider if outcome.bound else None, retrying=outcome.retrying)
    else:
        after.do("ZREM", keys.texts(message.to), message.id)
    if outcome.ask_at is not None:
        if state is MessageState.ACCEPTED:
            after.index(keys.reports(provider), ms_again(outcome.ask_at), message.id)
        elif state is MessageState.UNKNOWN:
            after.do("ZADD", keys.reconciling, ms_again(outcome.ask_at), message.id)
    if outcome.next_at is not None:
        after.do("ZADD", keys.rung_waits, ms(outcome.next_at), message.id)
    if provider_id is not None:
        if provider_id:
            provider_ids.note(after, keys, message.id, provider, provider_id, at=now)
        if claimed.spaced:
            after.do("SET", keys.last_text(message.to), now, "EX", _SPACED)
    ledger.apply_report(
        ours,
        keys,
        message,
        MessageState.SENDING,
        state,
        now=now,
        publish=publish,
        also=after,
        attempts=[*claimed.attempts, outcome.attempt] if outcome.attempt else None,
        accepted=ms(arrived.taken) if arrived is not None and arrived.taken is not None else None,
        line="" if arrived is not None else provider,
        taken=down and provider_id is not None,
        again=bool(claimed.descents) and any(one.is_of_report for one in claimed.descents),
        cost=None if ends_elsewhere else outcome.cost,
        saved=None if ends_elsewhere else outcome.saved,
        provider=None if down or ends_elsewhere else provider,
        provider_id=None if down or ends_elsewhere else provider_id,
        reason=None if down else outcome.reason,
    )
    if claimed.descents:
        unit.require_field(key, "descents", claimed.descents_as_stored)
    unit.when(key, "owner", claimed.token, ours)
    return unit


def _claimed(
    row: Sequence[Any], keys: Keys, provider: str, token: str, zone: tzinfo | None, *, spaced: bool
) -> ClaimedMessage:
    _, how, message, attempts, first, expires, by_hand, called, bound, descents, absent, created = row
    return ClaimedMessage(
        keys=keys,
        provider=provider,
        token=token,
        message=decode(message or b"", Message),
        attempts=tuple(decode(attempts, list[Attempt])) if attempts else (),
        lapsed=how == b"lapsed",
        called=bool(called),
        bound=bool(bound),
        by_hand=bool(by_hand),
        first=_moment(int(first), zone),
        expires_at=_moment(int(expires), zone) if expires else None,
        created=int(created),
        descents=_descents(descents) if descents else (),
        descents_as_stored=descents or b"",
        absent=bool(absent),
        spaced=spaced,
    )


def _descents(stored: bytes | None) -> tuple[Descent, ...]:
    return tuple(decode(stored, list[Descent])) if stored else ()


async def _set_aside(redis: Redis, keys: Keys, provider: str, message_id: str, error: Exception) -> None:
    """A record that cannot be read is kept where it can be looked at, and holds nobody up."""
    log.error("a message is set aside", action="message_unreadable", message=message_id, error=str(error))
    unit = UnitOfWork()
    unit.do("ZREM", keys.sending(provider), message_id)
    unit.do("HSET", keys.message(message_id), "state", UNREADABLE)
    unit.move(message_id, source=keys.messages(MessageState.SENDING), target=keys.messages(UNREADABLE))
    await work.commit(redis, [unit])
