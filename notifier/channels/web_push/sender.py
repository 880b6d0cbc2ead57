"""Pushes what is due to everybody's browsers. Any number of workers may."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from redis.asyncio import Redis

from notifier.channels.web_push import notices
from notifier.channels.web_push.answer import PushAnswer
from notifier.channels.web_push.notices import LIVES, ClaimedPush, PushNotice
from notifier.channels.web_push.subscriptions import PushSubscription, PushSubscriptions
from notifier.clock import Clock
from notifier.domain.back_off import back_off
from notifier.store import work
from notifier.store.keys import Keys
from notifier.store.records import ms
from notifier.store.staff import StaffBook

if TYPE_CHECKING:
    from notifier.channels.web_push.posting import PushPoster  # it takes long, and most have no key

log = structlog.get_logger()

BACK_OFF = tuple(timedelta(seconds=wait) for wait in (5, 30, 120, 300, 600))
"""Between tries; after the last the text that went beside the push has to do."""

_AT_ONCE = 20


@dataclass(slots=True)
class PushSender:
    """Takes notices and posts them. What a push service does not want for good is not tried again."""

    redis: Redis
    everywhere: Sequence[Keys]
    staff: StaffBook
    clock: Clock
    poster: "PushPoster"
    on_answer: Callable[[PushAnswer], None] = lambda _answer: None

    async def tick(self) -> int:
        """Push all that is due; returns how many posts that took."""
        count = 0
        for keys in self.everywhere:
            while claimed := await notices.claim(self.redis, keys, now=ms(self.clock.now()), count=_AT_ONCE):
                count += await self._round(claimed)
        return count

    async def post_at_once(self, notice: PushNotice) -> list[PushAnswer]:
        """Post to all browsers of somebody now, once; what each push service said."""
        _, answers = await self._posted(notice, await self._valid())
        return [answer for _, answer in answers]

    async def close(self) -> None:
        await self.poster.close()

    async def _round(self, claimed: Sequence[ClaimedPush]) -> int:
        valid = await self._valid()
        counts = await asyncio.gather(*(self._push(one, valid) for one in claimed))
        return sum(counts)

    async def _valid(self) -> list[PushSubscription]:
        epochs = {one.id: one.epoch for one in await self.staff.active()}
        subscriptions = await PushSubscriptions(self.redis).all()
        return [one for one in subscriptions if epochs.get(one.staff) == one.epoch]

    async def _posted(
        self, notice: PushNotice, subscriptions: Sequence[PushSubscription]
    ) -> tuple[timedelta, list[tuple[PushSubscription, PushAnswer]]]:
        """What came of posting to somebody's browsers, and how long the notice lives yet."""
        now = self.clock.now()
        lives = LIVES - timedelta(milliseconds=ms(now) - notice.at)
        to = [
            one
            for one in subscriptions
            if one.staff == notice.staff and (not notice.left or one.digest in notice.left) and lives > timedelta()
        ]
        answers = await asyncio.gather(*(self.poster.post(one, notice, now=now, lives=lives) for one in to))
        for one, answer in zip(to, answers, strict=True):
            self.on_answer(answer)
            (log.info if answer.taken else log.warning)(
                "push taken" if answer.taken else "push not taken",
                action="pushed",
                staff=one.staff,
                browser=one.digest,
                answer=str(answer),
            )
            if answer.gone:
                await PushSubscriptions(self.redis).remove(one.digest)
        return lives, list(zip(to, answers, strict=True))

    async def _push(self, claimed: ClaimedPush, subscriptions: Sequence[PushSubscription]) -> int:
        notice, now = claimed.notice, self.clock.now()
        lives, answers = await self._posted(notice, subscriptions)
        later, asked = list[str](), timedelta()
        for one, answer in answers:
            if not answer.gone and not answer.taken and answer.passing:
                later.append(one.digest)
                asked = max(asked, answer.retry_after or timedelta())
        unit = notices.settled(claimed)
        if later and notice.tries < len(BACK_OFF):
            wait = back_off(notice.tries, BACK_OFF, least=asked)
            if wait < lives:
                unit = notices.again(claimed, later, ms(now + wait))
        await work.commit(self.redis, [unit])
        return len(answers)
