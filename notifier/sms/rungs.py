"""The rungs of a message one after the other: when each was tried, by which channel, and what it answered."""

from datetime import datetime

from msgspec import Struct

from notifier.domain.channels import Channel
from notifier.domain.ladder import CALL, rungs_of
from notifier.domain.messages import Attempt, MessageState
from notifier.sms import verdicts
from notifier.store.reading import StoredMessage

_ANSWERED = frozenset(
    {
        MessageState.ACCEPTED,
        MessageState.DELIVERED,
        MessageState.UNDELIVERED,
        MessageState.BLOCKED,
        MessageState.FAILED,
        MessageState.UNKNOWN,
    }
)


class Rung(Struct, frozen=True, kw_only=True):
    """``outcome`` is why it did not reach, or the state of a message that is on it; a line that tells no more than
    that it took one is not ``reported``. ``cost`` is rial."""

    provider: str
    channel: Channel
    at: datetime
    outcome: str
    taken_at: datetime | None = None
    ended_at: datetime | None = None
    arrived_at: datetime | None = None
    code: int | None = None
    reason: str = ""
    cost: int | None = None
    reported: bool = True


def rungs(stored: StoredMessage) -> list[Rung]:
    """The rungs that a message has left behind, and the one that it is on, or has ended on."""
    found = [
        Rung(
            provider=one.provider,
            channel=one.channel,
            at=one.taken or one.at,
            outcome=one.why,
            taken_at=one.taken,
            ended_at=one.at,
            arrived_at=one.arrived,
            code=one.code,
            reason=one.reason,
            cost=one.cost if one.is_of_report else None,
        )
        for one in stored.descents
    ]
    present = _present(stored)
    return [*found, present] if present is not None else found


def waits_for(stored: StoredMessage) -> str | None:
    """The rung that a message waits to leave by, where it is on its way down."""
    left = [rung for rung in rungs_of(stored.message.route) if rung != CALL]
    return left[0] if left and stored.descents and stored.state is MessageState.QUEUED else None


def _present(stored: StoredMessage) -> Rung | None:
    last: Attempt | None = stored.attempts[-1] if stored.attempts else None
    if last is None or stored.provider is None or stored.state not in _ANSWERED:
        return None
    taken = datetime.fromtimestamp(stored.accepted / 1000, last.at.tzinfo) if stored.accepted else None
    reached = stored.state is MessageState.DELIVERED and not stored.has_arrived
    arrived = datetime.fromtimestamp(stored.delivered / 1000, last.at.tzinfo) if stored.delivered and reached else None
    late = stored.state is MessageState.DELIVERED and stored.has_arrived
    return Rung(
        provider=stored.provider,
        channel=last.channel,
        at=taken or last.at,
        outcome=MessageState.ACCEPTED if late else stored.state,
        taken_at=taken,
        arrived_at=arrived,
        code=last.code,
        reason=stored.reason or ("" if last.reason == verdicts.UNREPORTED else last.reason),
        cost=stored.cost,
        reported=last.reason != verdicts.UNREPORTED,
    )
