"""The sum of the day: what was promised to the shops against what reached the phones."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from notifier.demo.happenings import Posted, Summary
from notifier.demo.stage import DemoStage
from notifier.demo.watch import Watch
from notifier.domain.calls import CallState
from notifier.domain.messages import Audience, MessageState

_WAITING = (MessageState.QUEUED, MessageState.HELD, MessageState.SENDING)


async def summary(stage: DemoStage, watch: Watch, posted: Sequence[Posted], day: date) -> Summary:
    """Count everything. Lost is what was acknowledged and is neither on a phone nor anywhere else it may be."""
    texts = stage.simulator.messages
    on_phones = {str(text.localid) for text in texts}
    same = Counter((text.receptor, text.text) for text in texts)
    stored = {one.message.id: one for one in await watch.messages()}
    to_customers = {key for key, one in stored.items() if one.message.audience is Audience.CUSTOMER}
    answered = {message["id"] for one in posted for message in one.answer.get("messages", ())}
    acknowledged = to_customers | answered
    unsent = Counter(stored[key].state for key in acknowledged - on_phones if key in stored)
    waiting = sum(unsent[state] for state in _WAITING)
    calls = await watch.calls()
    cancelled = {one.call.id for one in calls if one.state is CallState.CANCELLED}
    sent = len(acknowledged & on_phones)
    withdrawn, expired = unsent[MessageState.CANCELLED], unsent[MessageState.EXPIRED]
    return Summary(
        date=day.isoformat(),
        events=len(posted),
        refused=sum(one.status >= 300 for one in posted),
        duplicates=sum(bool(one.answer.get("duplicate")) for one in posted),
        parked=sum(bool(one.answer.get("parked")) for one in posted),
        acknowledged=len(acknowledged),
        sent=sent,
        withdrawn=withdrawn,
        expired=expired,
        waiting=waiting,
        lost=len(acknowledged) - sent - withdrawn - expired - waiting,
        doubled=sum(count - 1 for count in same.values()),
        reminders=len(on_phones - acknowledged),
        parts=sum(text.parts for text in texts),
        cost=sum(text.cost for text in texts),
        calls=len(calls),
        calls_due=len(watch.fell_due),
        calls_cancelled=len(cancelled - watch.fell_due),
    )
