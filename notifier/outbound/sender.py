"""The sender of news: posts what is due to each endpoint, and switches off one that is there no more."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from notifier.clock import Clock
from notifier.outbound import outbox, posting, retrying
from notifier.outbound.breaker import FAILING, GONE, EndpointStates
from notifier.outbound.endpoint import Endpoint, EndpointAnswer
from notifier.outbound.outbox import ClaimedNews
from notifier.store import keys as names
from notifier.store import work
from notifier.store.keys import Keys
from notifier.store.publishing import Alert

log = structlog.get_logger()

_AT_ONCE = 8  # posts to one endpoint under way in one process
_IDLE = 0.5  # seconds between looks when nothing is due
_AFTER_TROUBLE = 5.0  # seconds until the store is asked again

_WHY_OFF = {
    FAILING: "وب‌هوک «{}» غیرفعال شد: مدت‌هاست هیچ خبری را نمی‌گیرد. سرور فروشگاه را بررسی و سپس دوباره فعالش کنید.",
    GONE: "وب‌هوک «{}» غیرفعال شد: سرور فروشگاه گفت این نشانی دیگر نیست (410). نشانی را درست و دوباره فعالش کنید.",
}


@dataclass(slots=True)
class NewsSender:
    """Posts for as long as it runs, to each endpoint by itself: a slow one holds up no other. Any number may run.

    News is posted at least once, under one id; what happened first is posted first, but what failed comes later.
    """

    redis: Redis
    everywhere: Sequence[Keys]
    endpoints: Sequence[Endpoint]
    clock: Clock
    alert: Alert
    on_attempt: Callable[[Endpoint, EndpointAnswer], None] = lambda _endpoint, _answer: None
    on_dropped: Callable[[Endpoint, int], None] = lambda _endpoint, _count: None
    chance: random.Random = field(default_factory=random.Random)
    _ending: bool = False

    @property
    def standings(self) -> EndpointStates:
        return EndpointStates(self.redis)

    async def run(self) -> None:
        """Post until told to finish. What is in hand when cancelled is posted again when its claim lapses."""
        async with posting.session() as connections:
            await asyncio.gather(*(self._serve(connections, endpoint) for endpoint in self.endpoints))

    def finish(self) -> None:
        """Take nothing more; ``run`` ends when what is in hand is settled."""
        self._ending = True

    async def send_ready(self) -> int:
        """Post what is due at this moment, and return how much that was."""
        async with posting.session() as connections:
            return sum([await self._drain(connections, endpoint) for endpoint in self.endpoints])

    async def prune(self) -> int:
        """Drop what no endpoint will be told any more: too old, or too much. Returns how many."""
        count = 0
        for endpoint in (*self.endpoints, *await self._former()):
            # Each partition may hold its share, so that the whole is bounded.
            share = max(1, endpoint.terms.at_most // len(self.everywhere))
            for keys in self.everywhere:
                dropped = await outbox.prune(self.redis, keys, endpoint, now=self.clock.now(), at_most=share)
                if dropped:
                    await self.standings.drop(endpoint.name, dropped)
                    self.on_dropped(endpoint, dropped)
                    log.error("news was dropped", action="news_dropped", endpoint=endpoint.name, count=dropped)
                count += dropped
        return count

    async def _former(self) -> list[Endpoint]:
        """Endpoints that were taken out of the configuration: what waits for them grows old like any other news."""
        configured = {endpoint.name for endpoint in self.endpoints}
        if configured:
            await self.redis.sadd(names.ENDPOINTS, *configured)
        found: Any = await self.redis.smembers(names.ENDPOINTS)
        former = {name.decode() for name in found} - configured
        return [Endpoint(name=name, url="", secrets=(), topics=frozenset()) for name in sorted(former)]

    async def _serve(self, connections: aiohttp.ClientSession, endpoint: Endpoint) -> None:
        while not self._ending:
            try:
                if not await self._drain(connections, endpoint):
                    await asyncio.sleep(_IDLE)
            except (RedisError, OSError) as error:
                about = {"endpoint": endpoint.name, "error": type(error).__name__}
                log.warning("store unreachable", action="news_failed", **about)
                await asyncio.sleep(_AFTER_TROUBLE)
            except Exception:  # whatever it was, the next round is to be had
                log.exception("a round of posting failed", action="news_failed", endpoint=endpoint.name)
                await asyncio.sleep(_AFTER_TROUBLE)

    async def _drain(self, connections: aiohttp.ClientSession, endpoint: Endpoint) -> int:
        count = 0
        while not self._ending and (claimed := await self._claim(endpoint)):
            await self._round(connections, endpoint, claimed)
            count += len(claimed)
        return count

    async def _claim(self, endpoint: Endpoint) -> list[ClaimedNews]:
        """What is due and may be posted now: one at a time while the endpoint is in trouble."""
        now = self.clock.now()
        standing = await self.standings.of(endpoint.name, now=now)
        if standing.off or (standing.paused_until is not None and now < standing.paused_until):
            return []
        room = 1 if standing.failing else _AT_ONCE
        found: list[ClaimedNews] = []
        for keys in self.chance.sample(self.everywhere, len(self.everywhere)):  # none is always the last
            if len(found) < room:
                found += await outbox.claim(self.redis, keys, endpoint, now=now, count=room - len(found))
        return found

    async def _round(
        self, connections: aiohttp.ClientSession, endpoint: Endpoint, claimed: Sequence[ClaimedNews]
    ) -> None:
        answers = await asyncio.gather(*(self._post(connections, endpoint, one) for one in claimed))
        now = self.clock.now()
        await work.commit(
            self.redis,
            [
                outbox.delivered(endpoint, one)
                if answer.taken
                else outbox.again(
                    endpoint,
                    one,
                    now + retrying.next_try(one.entry.tries, answer.retry_after, self.chance.random()),
                )
                for one, answer in zip(claimed, answers, strict=True)
            ],
        )
        await self._judge(endpoint, answers)

    async def _post(
        self, connections: aiohttp.ClientSession, endpoint: Endpoint, claimed: ClaimedNews
    ) -> EndpointAnswer:
        entry = claimed.entry
        answer = await posting.post(connections, endpoint, entry.id, bytes(entry.body), now=self.clock.now())
        (log.info if answer.taken else log.warning)(
            "news taken" if answer.taken else "news not taken",
            action="news_posted",
            endpoint=endpoint.name,
            news=entry.id,
            topic=entry.topic,
            tries=entry.tries + 1,
            answer=str(answer),
            seconds=round(answer.seconds, 3),
        )
        self.on_attempt(endpoint, answer)
        return answer

    async def _judge(self, endpoint: Endpoint, answers: Sequence[EndpointAnswer]) -> None:
        """What a round says of the endpoint itself."""
        name, now = endpoint.name, self.clock.now()
        refused = [answer for answer in answers if not answer.taken]
        if len(refused) < len(answers):
            await self._recover(endpoint)
        elif now - await self.standings.failed(name, str(refused[-1]), now=now) >= endpoint.terms.off_after:
            await self._switch_off(endpoint, FAILING)
        if any(answer.gone for answer in refused):
            await self._switch_off(endpoint, GONE)
        elif overloaded := [answer for answer in refused if answer.overloaded]:
            asked = max((answer.retry_after for answer in overloaded if answer.retry_after), default=None)
            until = await self.standings.pause(name, asked, now=now)
            log.warning("endpoint left alone", action="news_paused", endpoint=name, until=until.isoformat())

    async def _recover(self, endpoint: Endpoint) -> None:
        """Note that an endpoint takes news; if it did not before, what waits for a later try need not wait."""
        now = self.clock.now()
        before = await self.standings.of(endpoint.name, now=now)
        await self.standings.took(endpoint.name, now=now)
        if before.failing:
            for keys in self.everywhere:
                # Up to then it may be in somebody's hands, and comes soon anyway.
                await outbox.hasten(self.redis, keys, endpoint, after=now + endpoint.terms.lease)
            log.info("endpoint is back", action="news_resumed", endpoint=endpoint.name)

    async def _switch_off(self, endpoint: Endpoint, why: str) -> None:
        # Told first: a crash in between tells it again, and the alerts tell one thing once.
        await self.alert(f"webhook_off:{endpoint.name}", _WHY_OFF[why].format(endpoint.name))
        if await self.standings.switch_off(endpoint.name, why, now=self.clock.now()):
            log.error("endpoint switched off", action="news_off", endpoint=endpoint.name, why=why)
