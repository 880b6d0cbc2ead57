"""How a message goes down a ladder: from a rung that is known not to have reached to the next that may."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from msgspec.structs import replace

from notifier.domain import messages
from notifier.domain.channels import Channel
from notifier.domain.ladder import PASSED_OVER, Descent, Unreached
from notifier.domain.messages import Attempt, Message, MessageState
from notifier.sms import outbox, verdicts
from notifier.sms.ladders import Ladders
from notifier.sms.outbox import ClaimedMessage, Settled
from notifier.sms.providers.base import MOST_CALLS, DeliveryStatus, Failure
from notifier.sms.segments import segments
from notifier.store import daily
from notifier.store.keys import Keys
from notifier.store.reading import StoredMessage
from notifier.store.records import as_text, ms
from notifier.store.work import UnitOfWork

log = structlog.get_logger()

REDIAL = timedelta(minutes=10)
"""Who did not pick up is called once more so much later."""

NO_RUNG = "no_rung"
"""Why a message failed that every line of its ladder has left behind."""

OnDescent = Callable[[Message, Descent], None]

_BY_STATE = {
    MessageState.UNDELIVERED: Unreached.UNDELIVERED,
    MessageState.BLOCKED: Unreached.BLOCKED,
    MessageState.FAILED: Unreached.CANCELLED,
}
_BY_FAILURE: dict[str, Unreached] = {Failure.ELSEWHERE: Unreached.ELSEWHERE, Failure.REFUSED: Unreached.REFUSED}
_MAY_HAVE_REACHED = frozenset({MessageState.ACCEPTED, MessageState.UNKNOWN, MessageState.QUEUED})

BY_STATUS = {
    DeliveryStatus.UNDELIVERED: Unreached.UNDELIVERED,
    DeliveryStatus.FAILED: Unreached.UNDELIVERED,
    DeliveryStatus.BLOCKED: Unreached.BLOCKED,
    DeliveryStatus.CANCELLED: Unreached.CANCELLED,
}


def tell(message: Message, descent: Descent) -> None:
    """A line in the log for a rung that is left behind."""
    log.info(
        "the next rung has the message",
        action="message_descended",
        message=message.id,
        source=message.source,
        order=message.order_id,
        provider=descent.provider,
        why=str(descent.why),
    )


def passed_over(ladders: Ladders, claimed: ClaimedMessage, channel: Channel, now: datetime) -> Settled | None:
    """A message for which the line is known to have nobody, that it had before or that is none of its business: it goes
    on at once."""
    message, line = claimed.message, claimed.provider
    left = bool(claimed.descents) and _is_left(claimed, channel)
    skipped = left or ladders.is_skipped(message, line)
    if left and ladders.below(message, line) is None:
        return Settled(claimed=claimed, state=MessageState.FAILED, now=now, reason=NO_RUNG)
    if not (skipped or claimed.absent) or (goes := ladders.below(message, line)) is None:
        return None
    known = Descent(at=now, provider=line, channel=channel, why=Unreached.KNOWN_ELSEWHERE)
    return Settled(
        claimed=claimed,
        state=MessageState.QUEUED,
        now=now,
        again_at=now,
        goes=goes,
        descent=None if skipped else known,
    )


def _is_left(claimed: ClaimedMessage, channel: Channel) -> bool:
    """Whether the message has left this rung behind, and came to it once more from the beginning of a ladder."""
    if claimed.by_hand or (channel is Channel.VOICE and verdicts.taken(claimed) < MOST_CALLS):
        return False
    since = claimed.message.to_since
    return any(
        one.provider == claimed.provider and one.why not in PASSED_OVER and not one.is_of_former_phone(since)
        for one in claimed.descents
    )


def reached(settled: Settled, channel: Channel) -> Settled:
    """What becomes of a message instead, of which a rung that it has left behind has said that it arrived: it goes no
    further, and whatever this line answered is told with it."""
    claimed, attempt = settled.claimed, settled.attempt
    if not claimed.has_arrived or settled.state is MessageState.DELIVERED:
        return settled
    descent = settled.descent
    if settled.state is MessageState.UNKNOWN or (settled.state is MessageState.QUEUED and settled.bound):
        why, reason = Unreached.UNKNOWN, attempt.reason if attempt else ""
        descent = Descent(at=settled.now, provider=claimed.provider, channel=channel, why=why, reason=reason)
    elif descent is None and settled.state in _BY_STATE:
        descent = next(iter(last(claimed.provider, settled.state, channel, attempt, settled.now)), None)
        if descent is not None and settled.provider_id is not None:
            descent = replace(descent, cost=settled.cost or 0, provider_id=settled.provider_id)
    return replace(
        settled,
        state=MessageState.DELIVERED,
        descent=descent,
        again_at=None,
        bound=False,
        retrying=False,
        ask_at=None,
        reason=None,
        goes=None,
        next_at=None,
    )


def onward(ladders: Ladders, settled: Settled, channel: Channel, *, text_price: Callable[[Message], int]) -> Settled:
    """What a line's answer makes of a message; ``text_price`` tells what it would cost as a text, in rial."""
    claimed, message, now, attempt = settled.claimed, settled.claimed.message, settled.now, settled.attempt
    line, accepted = claimed.provider, settled.provider_id is not None
    if accepted and channel is not Channel.SMS and channel is not Channel.VOICE and (price := text_price(message)):
        settled = replace(settled, saved=price - (settled.cost or 0))
    if settled.state in _MAY_HAVE_REACHED:
        wait = ladders.wait(message, line)
        if wait is None or (settled.state is MessageState.QUEUED and not settled.bound):
            return settled
        since = now if accepted else claimed.first
        return replace(settled, next_at=max(since + wait, now))
    failed = attempt is not None and attempt.outcome == Failure.ELSEWHERE
    settled = replace(settled, absent=failed and channel is Channel.BALE)
    if settled.state not in _BY_STATE or attempt is None:
        return settled
    why = _BY_FAILURE.get(attempt.outcome, _BY_STATE[settled.state])
    calls = verdicts.taken(claimed) + accepted
    if channel is Channel.VOICE and why is Unreached.UNDELIVERED and calls < MOST_CALLS:
        goes, due = ladders.again(message, line), now + REDIAL
    elif (below := ladders.below(message, line)) is not None:
        goes, due = below, now
    else:
        return settled
    descent = Descent(
        at=now,
        provider=line,
        channel=channel,
        why=why,
        taken=now if accepted else None,
        code=attempt.code,
        reason=settled.reason or attempt.reason,
        cost=settled.cost or 0,
        saved=settled.saved or 0,
        provider_id=settled.provider_id,
    )
    return replace(settled, state=MessageState.QUEUED, again_at=due, goes=goes, descent=descent, ask_at=None)


def left_behind(
    stored: StoredMessage, line: str, channel: Channel, why: Unreached, now: datetime, *, reason: str | None = None
) -> Descent:
    """The rung on which a message is, as it is remembered when it is given up."""
    taken = datetime.fromtimestamp(stored.accepted / 1000, now.tzinfo) if stored.accepted else None
    return Descent(
        at=now,
        provider=line,
        channel=channel,
        why=why,
        taken=taken,
        reason=reason or "",
        cost=stored.cost or 0,
        saved=stored.saved or 0,
        provider_id=stored.provider_id,
    )


def goes(
    ladders: Ladders, stored: StoredMessage, line: str, why: Unreached, now: datetime
) -> tuple[str, datetime] | None:
    """Where a message goes that its line did not reach, and when; None where only a person is left."""
    if stored.pointless:
        return None
    calls = verdicts.calls_by(line, stored.attempts, stored.message.to_since)
    if ladders.channels.get(line) is Channel.VOICE and why is Unreached.UNDELIVERED and calls < MOST_CALLS:
        return ladders.again(stored.message, line), now + REDIAL
    below = ladders.below(stored.message, line)
    return None if below is None else (below, now)


def down(
    keys: Keys, stored: StoredMessage, descent: Descent, route: str, due: datetime, *, polled: bool = False
) -> UnitOfWork:
    """Take a message from where it was read to another rung; nothing if it is elsewhere by now.

    With ``polled`` the line is still asked whether it arrived after all.
    """
    unit, message, key = UnitOfWork(), stored.message, keys.message(stored.message.id)
    inner = UnitOfWork()
    if stored.state is not MessageState.QUEUED:
        messages.require_transition(message.id, stored.state, MessageState.QUEUED)
        inner.do("HSET", key, "state", MessageState.QUEUED)
        inner.move(message.id, source=keys.messages(stored.state), target=keys.messages(MessageState.QUEUED))
    outbox.go_down(inner, keys, message, [*stored.descents, descent], route, due)
    inner.do("ZREM", keys.bound(descent.provider), message.id)
    inner.do("ZREM", keys.reconciling, message.id)
    if not polled:
        inner.do("ZREM", keys.reports(descent.provider), message.id)
    if stored.state is MessageState.UNKNOWN and descent.taken is not None:
        again, parts = any(one.is_of_report for one in stored.descents), segments(message.text)
        at = ms(descent.taken)
        counts = daily.counts_of_left(
            message, at=at, cost=descent.cost, parts=parts, line=descent.provider, again=again
        )
        daily.left(inner, keys, counts, at=at)
    if stored.accepted and descent.saved:
        text = descent.saved + descent.cost
        daily.not_saved(inner, keys, message, accepted=stored.accepted, text=text, line=descent.provider)
    if descent.why is Unreached.UNKNOWN and descent.taken is None:
        daily.cost_unknown(inner, keys, message, at=ms(stored.given_at), line=descent.provider)
    if descent.why is Unreached.CANCELLED and stored.accepted:
        daily.given_back(inner, keys, message, accepted=stored.accepted, cost=stored.cost, line=descent.provider)
    unit.when(key, "state", stored.state, same_try(keys, stored, inner))
    return unless_told_more(keys, stored, unit)


def same_try(keys: Keys, stored: StoredMessage, then: UnitOfWork) -> UnitOfWork:
    """Do it only while the message is on the rung, and in the try, in which it was read."""
    if stored.first is None:
        return then
    unit = UnitOfWork()
    unit.when(keys.message(stored.message.id), "first", str(stored.first), then)
    return unit


def unless_told_more(keys: Keys, stored: StoredMessage, then: UnitOfWork) -> UnitOfWork:
    """Do it, or stop with ``conflict`` when a rung left behind has been written about since the message was read."""
    unit = UnitOfWork()
    unit.require_field(keys.message(stored.message.id), "descents", stored.descents_as_stored)
    unit.then(then)
    return unit


def noted(keys: Keys, stored: StoredMessage, place: int, now: datetime, *, too_late: bool) -> UnitOfWork:
    """A rung that was given up has reached after all: that is written down with it, and whether it was ``too_late``, as
    the order had another phone by then."""
    descents = [
        replace(one, arrived=now, too_late=too_late) if at == place else one for at, one in enumerate(stored.descents)
    ]
    unit, late = UnitOfWork(), stored.descents[place]
    unit.do("HSET", keys.message(stored.message.id), "descents", as_text(descents))
    daily.arrived_by(unit, keys, stored.message, accepted=ms(late.taken or now), line=late.provider)
    return unit


def last(line: str, state: MessageState, channel: Channel, attempt: Attempt | None, now: datetime) -> list[Descent]:
    """The rung that a message ends on, when it has not reached either."""
    if (why := _BY_STATE.get(state)) is None or attempt is None:
        return []
    why = _BY_FAILURE.get(attempt.outcome, why)
    taken = attempt.at if attempt.outcome == "accepted" else None
    return [
        Descent(at=now, provider=line, channel=channel, why=why, taken=taken, code=attempt.code, reason=attempt.reason)
    ]
