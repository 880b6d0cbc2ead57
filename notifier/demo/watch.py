"""Watching the service: what is new in its store and on the simulated phones since the last look."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

from notifier.demo.happenings import Arrived, CallHappening, Happening, PutOff
from notifier.demo.stage import STAFF, DemoStage
from notifier.domain.calls import Call, CallState
from notifier.domain.messages import Audience, Message, MessageState
from notifier.store.reading import StoredCall, StoredMessage

_MANY = 100_000
_NAMES = {staff.phone: staff.name for staff in STAFF}


class Watch:
    """Tells each thing once, in the order a person would tell it."""

    def __init__(self, stage: DemoStage) -> None:
        self._stage, self._reader = stage, stage.service.reader
        self._calls: dict[str, Call] = {}
        self._put_off: dict[str, MessageState] = {}
        self._arrived = 0
        self.fell_due: set[str] = set()

    async def news(self) -> Sequence[Happening]:
        """Everything since the last look: what was dropped, the customers' texts, what is planned, what is due now."""
        stored = {one.message.id: one for one in await self.messages()}
        delays = [delay for one in stored.values() if (delay := await self._delay(one))]
        calls = [calling for one in await self.calls() for calling in self._callings(one)]
        planned = {one.reason.id for one in calls if one.state == "planned"}
        texts = [text async for text in self._texts(stored)]
        return [
            *(one for one in delays if one.state != "waiting"),
            *(one for one in calls if one.state == CallState.CANCELLED and one.reason.id not in planned),
            *(one for one in texts if one.message.audience is Audience.CUSTOMER),
            *(one for one in delays if one.state == "waiting"),
            *(one for one in calls if one.state == "planned"),
            *(one for one in calls if one.state == CallState.CANCELLED and one.reason.id in planned),
            *(one for one in calls if one.state not in ("planned", CallState.CANCELLED)),
            *(one for one in texts if one.message.audience is Audience.STAFF),
        ]

    async def messages(self) -> list[StoredMessage]:
        """All messages, oldest first."""
        sets = [(keys, keys.messages(state)) for keys in self._reader.everywhere for state in MessageState]
        page = await self._reader.page(sets, after=None, size=_MANY)
        return await self._reader.messages(reversed(page.members))

    async def calls(self) -> list[StoredCall]:
        """All calls, by when they are due."""
        sets = [(keys, keys.calls(state)) for keys in self._reader.everywhere for state in CallState]
        page = await self._reader.page(sets, after=None, size=_MANY)
        return await self._reader.calls(reversed(page.members))

    async def _delay(self, stored: StoredMessage) -> PutOff | None:
        """A text that begins to wait, or that will not be sent."""
        message, state = stored.message, stored.state
        before = self._put_off.get(message.id)
        waits = state is MessageState.QUEUED and message.not_before is not None
        if state is before or not (waits or state in (MessageState.CANCELLED, MessageState.EXPIRED)):
            return None
        self._put_off[message.id] = state
        return PutOff(
            at=self._stage.clock.now(),
            message=message,
            name=await self._name(message),
            state="waiting" if waits else "expired" if state is MessageState.EXPIRED else "withdrawn",
        )

    def _callings(self, stored: StoredCall) -> Iterator[CallHappening]:
        """Reasons that a call took in or lost, and what became of it."""
        call, now = stored.call, self._stage.clock.now()
        before = self._calls.get(call.id)
        self._calls[call.id] = call
        known = {reason.id for reason in before.reasons} if before else set()
        left = {reason.id for reason in call.reasons}
        for reason in before.reasons if before else ():
            if reason.id not in left:
                yield CallHappening(at=now, call=call, reason=reason, state=CallState.CANCELLED)
        for reason in call.reasons:
            if reason.id not in known:
                yield CallHappening(at=now, call=call, reason=reason, state="planned")
        if call.state not in (CallState.SCHEDULED, CallState.CANCELLED):
            self.fell_due.add(call.id)
        if call.state not in (before.state if before else None, CallState.SCHEDULED):
            yield CallHappening(at=now, call=call, reason=call.first, state=call.state)

    async def _texts(self, stored: Mapping[str, StoredMessage]) -> AsyncIterator[Arrived]:
        arrived = self._stage.simulator.messages[self._arrived :]
        self._arrived += len(arrived)
        for text in arrived:
            message = stored[str(text.localid)].message
            yield Arrived(at=text.sent_at, message=message, name=await self._name(message), parts=text.parts)

    async def _name(self, message: Message) -> str:
        if message.audience is Audience.STAFF:
            return _NAMES.get(message.to, "")
        order = await self._reader.order(message.source or "", message.order_id or "")
        return (order and order.details.name) or ""
