"""Tells the staff by the first of their channels that works. Any number of workers may."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog
from redis.asyncio import Redis

from notifier.channels import reminders, told
from notifier.channels.bots import buttons
from notifier.channels.bots.answer import BotAnswer
from notifier.channels.bots.bindings import BotBindings
from notifier.channels.ladder import ladder
from notifier.channels.reminders import LIVES, NOT_REACHED, ClaimedNotice
from notifier.channels.told import TellingOutcome
from notifier.channels.web_push import notices
from notifier.clock import Clock
from notifier.domain.calls import CallState
from notifier.domain.channels import BOTS, StaffChannel
from notifier.store import audit, work, writes
from notifier.store.reading import Reader
from notifier.store.records import ms
from notifier.store.staff import Staff, StaffBook
from notifier.store.work import UnitOfWork

if TYPE_CHECKING:
    from notifier.channels.bots.api import BotApi  # most have no bot
    from notifier.channels.web_push.sender import PushSender

log = structlog.get_logger()

IN_DOUBT = timedelta(minutes=3)
"""How long whoever may have been told has to do something about it, before the next channel tells them."""

_PATIENCE = timedelta(seconds=30)  # that a messenger may ask for; after more the next channel is quicker
_TRIES = 3
_AT_ONCE = 20
_WAITING = frozenset({CallState.SCHEDULED, CallState.DUE})


async def _nobody(kind: StaffChannel, answer: BotAnswer) -> None:
    """Where nobody wants to know how bots are doing."""


@dataclass(slots=True)
class StaffTeller:
    """Goes down somebody's ladder. A step is left when it is *known* that it did not reach them; where that is in doubt
    they get some minutes, and the next step is for calls that nobody has taken up by then. No step is taken twice."""

    reader: Reader
    staff: StaffBook
    clock: Clock
    bots: "Mapping[StaffChannel, BotApi]"
    pusher: "PushSender | None" = None
    usual: Sequence[StaffChannel] = ()
    wake: Callable[[], None] = lambda: None
    heard: Callable[[StaffChannel, BotAnswer], Awaitable[None]] = _nobody
    on_told: Callable[[StaffChannel, TellingOutcome], None] = lambda _step, _told: None
    on_nobody: Callable[[], None] = lambda: None

    @property
    def redis(self) -> Redis:
        return self.reader.redis

    async def tick(self) -> int:
        """Tell all that is due; returns how many were looked at."""
        count = 0
        for keys in self.reader.everywhere:
            while claimed := await reminders.claim(self.redis, keys, now=ms(self.clock.now()), count=_AT_ONCE):
                count += len(claimed)
                people = {one.id: one for one in await self.staff.active()}
                await asyncio.gather(*(self._tell(one, people.get(one.notice.staff)) for one in claimed))
        return count

    async def close(self) -> None:
        """Let go of the connections to the messengers."""
        for bot in self.bots.values():
            await bot.close()

    async def _tell(self, claimed: ClaimedNotice, staff: Staff | None) -> None:
        now, notice = ms(self.clock.now()), claimed.notice
        if staff is None or now - notice.at > LIVES // timedelta(milliseconds=1):
            await work.commit(self.redis, [reminders.settled(claimed)])
            return
        if not notice.ladder:
            found = await self._begun(claimed, staff)
            if found is None:
                return
            claimed = found
        left: ClaimedNotice | None = claimed
        while left is not None:
            step = StaffChannel(left.notice.ladder[0])
            take = self._by_bot if step in BOTS else self._by_push if step is StaffChannel.PUSH else self._by_sms
            if (missed := await take(left, staff, step)) is None:
                return
            left = await self._down(missed)

    async def _down(self, claimed: ClaimedNotice) -> ClaimedNotice | None:
        """With the next step; None where there is none, or it is in other hands."""
        if len(claimed.notice.ladder) == 1:
            if not claimed.notice.alone:
                log.error("nobody could be told", action="staff_not_told", staff=claimed.notice.staff)
            if await self._done(reminders.settled(claimed)) and not claimed.notice.alone:
                self.on_nobody()
            return None
        unit, after = reminders.changed(claimed, ladder=claimed.notice.ladder[1:], posting="", tries=0)
        return after if await self._done(unit) else None

    async def _begun(self, claimed: ClaimedNotice, staff: Staff) -> ClaimedNotice | None:
        """With its ladder; None where it is in other hands."""
        available = {*self.bots, StaffChannel.SMS}
        if self.pusher is not None and staff.channels:
            available.add(StaffChannel.PUSH)
        unit, after = reminders.changed(claimed, ladder=ladder(staff.channels, self.usual, available))
        if self.pusher is not None and not staff.channels and claimed.notice.calls:
            notices.queue(unit, claimed.keys, claimed.notice.push)  # beside all else, until somebody gives it a place
        return after if await self._done(unit) else None

    # Each of these answers with the notice when its step is known to have missed, so that the next one is taken.

    async def _by_sms(self, claimed: ClaimedNotice, staff: Staff, step: StaffChannel) -> ClaimedNotice | None:
        """What becomes of a text is known later, or never."""
        ends = claimed.notice.at + LIVES // timedelta(milliseconds=1) + 1
        if claimed.notice.posting != step:
            unit, _ = reminders.changed(claimed, ends, posting=step)
            writes.queue_message(unit, claimed.keys, claimed.notice.message)
            if await self._done(unit):
                self.on_told(step, TellingOutcome.QUEUED)
                self.wake()
            return None
        state: Any = await self.redis.hget(claimed.keys.message(claimed.notice.message.id), "state")
        if state is not None and state.decode() in NOT_REACHED:
            self.on_told(step, TellingOutcome.UNDELIVERED)
            return claimed
        unit, _ = reminders.changed(claimed, ends)
        await self._done(unit)
        return None

    async def _by_push(self, claimed: ClaimedNotice, staff: Staff, step: StaffChannel) -> ClaimedNotice | None:
        """A browser knows a push by its tag, so that one more says nothing twice."""
        answers = await self.pusher.post_at_once(claimed.notice.push) if self.pusher is not None else []
        self.on_told(step, TellingOutcome.TAKEN if any(answer.taken for answer in answers) else TellingOutcome.CLOSED)
        if not any(answer.taken for answer in answers):
            return claimed
        await self._done(reminders.settled(claimed))
        return None

    async def _by_bot(self, claimed: ClaimedNotice, staff: Staff, step: StaffChannel) -> ClaimedNotice | None:
        notice, now = claimed.notice, self.clock.now()
        if notice.posting == step:  # it may have been told before: whether it was is known to nobody
            if notice.calls and await self._is_waiting(claimed):
                return claimed
            await self._done(reminders.settled(claimed))
            return None
        bot, chat = self.bots.get(step), (await BotBindings(self.redis).of(staff)).get(step)
        if bot is None or chat is None:
            return claimed
        unit, claimed = reminders.changed(claimed, posting=step)
        if not await self._done(unit):
            return None
        answer = await bot.send(chat, notice.message.text, buttons.keyboard(notice.calls))
        (log.info if answer.taken else log.warning)(
            "told by a bot" if answer.taken else "not told by a bot",
            action="staff_told",
            staff=staff.id,
            channel=step,
            answer=str(answer),
        )
        await self.heard(step, answer)
        is_later = answer.limited and _wait(answer) <= _PATIENCE and notice.tries < _TRIES
        self.on_told(step, TellingOutcome.LATER if is_later else told.of_bot(answer))
        if answer.taken:
            unit = reminders.settled(claimed)
        elif answer.unknown:
            unit, _ = reminders.changed(claimed, ms(now + IN_DOUBT))
        elif is_later:
            unit, _ = reminders.changed(claimed, ms(now + _wait(answer)), posting="", tries=notice.tries + 1)
        else:
            if answer.chat_closed:
                await BotBindings(self.redis).unbind(step, staff.id, now, by=audit.SERVICE)
            return claimed
        await self._done(unit)
        return None

    async def _is_waiting(self, claimed: ClaimedNotice) -> bool:
        found = await self.reader.calls((claimed.keys, call.id) for call in claimed.notice.calls)
        return any(stored.call.state in _WAITING for stored in found)

    async def _done(self, unit: UnitOfWork) -> bool:
        """Whether it was ours to do: somebody else may have it by now."""
        return (await work.commit(self.redis, [unit]))[0][0] == "done"


def _wait(answer: BotAnswer) -> timedelta:
    return answer.retry_after or timedelta(seconds=1)
