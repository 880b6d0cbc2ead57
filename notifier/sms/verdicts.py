"""What becomes of a message in hand: before it is sent, and after the provider has answered. Pure."""

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from msgspec.structs import replace

from notifier.domain.back_off import back_off, doubling
from notifier.domain.channels import Channel
from notifier.domain.messages import Attempt, MessageState
from notifier.sms.outbox import ClaimedMessage, Settled
from notifier.sms.providers.base import MOST_CALLS, Accepted, DeliveryStatus, Failure, Result

FIRST_REPORT = timedelta(minutes=5)
"""When a provider is first asked how far a message has come."""

DEDUPLICATED = timedelta(hours=12)
"""A provider is not counted on to know our ids for longer."""

RECONCILE_AFTER = timedelta(minutes=1)

WAITS = doubling(timedelta(seconds=1), timedelta(minutes=5))
"""Between tries; chance makes each up to twice as long: a provider that comes back is not met by all at once."""

TRIED_FOR = timedelta(hours=48)
"""How long a message is tried that has no time limit of its own, or none any more."""

STATES = {
    DeliveryStatus.DELIVERED: MessageState.DELIVERED,
    DeliveryStatus.UNDELIVERED: MessageState.UNDELIVERED,
    DeliveryStatus.FAILED: MessageState.UNDELIVERED,
    DeliveryStatus.BLOCKED: MessageState.BLOCKED,
    DeliveryStatus.CANCELLED: MessageState.FAILED,
}
"""What a provider's status means for the ledger; any other means that it was taken and may still arrive."""

REASONS = {
    DeliveryStatus.FAILED: "the operator's gateway failed",
    DeliveryStatus.CANCELLED: "the provider cancelled it and gave the cost back",
}

UNREPORTED = "unreported"
"""The reason of an accepted attempt of which its provider never tells more."""

TextingTime = Callable[[datetime], datetime]


def beforehand(
    claimed: ClaimedMessage,
    now: datetime,
    *,
    safe_to_repeat: bool,
    texting_time: TextingTime,
    channel: Channel = Channel.SMS,
) -> Settled | None:
    """What becomes of a message that is not to be sent after all, or not yet; None when it is to be sent now."""
    perhaps_sent = in_doubt(claimed, safe_to_repeat=safe_to_repeat)
    if claimed.lapsed and claimed.called and not safe_to_repeat:
        return _unknown(claimed, now)
    if claimed.expires_at is not None and claimed.expires_at <= now:
        # "Not sent" may be said only of what surely was not.
        return _unknown(claimed, now) if perhaps_sent else _too_late(claimed, now)
    if perhaps_sent and now - claimed.first > DEDUPLICATED:
        return _unknown(claimed, now)
    if channel is Channel.VOICE and taken(claimed) >= MOST_CALLS and not perhaps_sent:
        return Settled(claimed=claimed, state=MessageState.FAILED, now=now, reason="called_twice")
    allowed = texting_time(now) if _held(claimed, channel) else now
    if allowed > now:
        return Settled(claimed=claimed, state=MessageState.QUEUED, now=now, again_at=allowed, bound=perhaps_sent)
    return None


def taken(claimed: ClaimedMessage) -> int:
    """How often the line that has it now took it before."""
    return 0 if not claimed.attempts else calls_by(claimed.provider, claimed.attempts, claimed.message.to_since)


def calls_by(line: str, attempts: Sequence[Attempt], since: datetime | None) -> int:
    """How often a line took a message for its present phone, which may hold only ``since`` then."""
    return sum(
        one.provider == line and one.outcome == "accepted" and (since is None or one.at > since) for one in attempts
    )


@lru_cache(maxsize=16)  # one moment for a batch
def _first_report(now: datetime) -> datetime:
    return now + FIRST_REPORT


@lru_cache(maxsize=64)  # most texts of a batch cost the same
def _accepted(now: datetime, line: str, cost: int, reported: bool, channel: Channel) -> Attempt:
    reason = "" if reported else UNREPORTED
    return Attempt(at=now, provider=line, outcome="accepted", cost=cost, reason=reason, channel=channel)


def _held(claimed: ClaimedMessage, channel: Channel) -> bool:
    """Whether it waits for the morning: a call always does, a text unless it may pass or a person had it sent."""
    return channel is Channel.VOICE or (claimed.message.keeps_quiet_hours and not claimed.by_hand)


def put_back(claimed: ClaimedMessage, now: datetime, *, safe_to_repeat: bool) -> Settled:
    """Queue a claimed message again as if nobody had taken it."""
    bound = in_doubt(claimed, safe_to_repeat=safe_to_repeat)
    return Settled(claimed=claimed, state=MessageState.QUEUED, now=now, again_at=now, bound=bound)


def in_doubt(claimed: ClaimedMessage, *, safe_to_repeat: bool) -> bool:
    """Whether the provider may have it from before: what must not be sent twice is marked before it is sent."""
    return claimed.bound or (claimed.lapsed and (claimed.called or safe_to_repeat))


def of(
    claimed: ClaimedMessage,
    result: Result,
    now: datetime,
    *,
    began: datetime,
    safe_to_repeat: bool,
    texting_time: TextingTime,
    chance: random.Random,
    channel: Channel = Channel.SMS,
) -> Settled:
    """What a provider's answer makes of a message that it was given when this attempt ``began``."""
    if isinstance(result, Accepted):
        return Settled(
            claimed=claimed,
            state=STATES.get(result.status, MessageState.ACCEPTED),
            now=now,
            began=began,
            attempt=_accepted(now, claimed.provider, result.cost, result.reported, channel),
            ask_at=_first_report(now) if result.reported else None,
            provider_id=result.provider_id,
            cost=result.cost,
            reason=REASONS.get(result.status),
        )
    attempt = Attempt(
        at=now,
        provider=claimed.provider,
        outcome=result.failure,
        code=result.code,
        reason=result.reason,
        channel=channel,
    )
    # Once a provider may have a message, it stays its own, whatever later tries say: none of them takes that back.
    bound = result.maybe_sent or in_doubt(claimed, safe_to_repeat=safe_to_repeat)
    match result.failure:
        case Failure.REFUSED | Failure.ELSEWHERE:
            settled = _refused(claimed, now, attempt)
        case Failure.UNKNOWN:
            settled = _unknown(claimed, now, attempt)
        case Failure.ACCOUNT:  # the message is not to blame: any line may have it at once
            settled = _later(claimed, attempt, now, now, bound=bound, texting_time=texting_time, channel=channel)
        case Failure.RETRY:
            # Where the line is to be left alone for longer, it is paused, and another may have the message before.
            again_at = now + back_off(len(claimed.attempts), WAITS, jitter=chance.random())
            settled = _later(claimed, attempt, now, again_at, bound=bound, texting_time=texting_time, channel=channel)
    return replace(settled, began=began)


def _later(
    claimed: ClaimedMessage,
    attempt: Attempt,
    now: datetime,
    again_at: datetime,
    *,
    bound: bool,
    texting_time: TextingTime,
    channel: Channel,
) -> Settled:
    """Back to the outbox, unless that would be too late."""
    message = claimed.message
    allowed = texting_time(again_at) if _held(claimed, channel) else again_at
    if allowed >= (claimed.expires_at or (message.not_before or message.created_at) + TRIED_FOR):
        return _unknown(claimed, now, attempt) if bound else _too_late(claimed, now, attempt)
    return Settled(
        claimed=claimed,
        state=MessageState.QUEUED,
        now=now,
        attempt=attempt,
        again_at=allowed,
        bound=bound,
        retrying=allowed == again_at,  # one that waits for the morning holds up nothing that may pass by night
    )


def _too_late(claimed: ClaimedMessage, now: datetime, attempt: Attempt | None = None) -> Settled:
    return Settled(claimed=claimed, state=MessageState.EXPIRED, now=now, attempt=attempt, reason="too_late")


def _refused(claimed: ClaimedMessage, now: datetime, attempt: Attempt) -> Settled:
    return Settled(claimed=claimed, state=MessageState.FAILED, now=now, attempt=attempt, reason=attempt.reason)


def _unknown(claimed: ClaimedMessage, now: datetime, attempt: Attempt | None = None) -> Settled:
    return Settled(claimed=claimed, state=MessageState.UNKNOWN, now=now, attempt=attempt, ask_at=now + RECONCILE_AFTER)
