"""The sender: takes messages from the outbox, hands them to the provider, and writes down what became of them."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from notifier.clock import Clock
from notifier.domain import phones
from notifier.domain.messages import Message, MessageState, Via
from notifier.sms import outbox
from notifier.sms.ledger import Attempt
from notifier.sms.outbox import Claimed, Settled
from notifier.sms.providers.base import MAX_BATCH, Accepted, Failed, Failure, Outgoing, Provider, Result, Status
from notifier.store.keys import Keys

log = structlog.get_logger()

LEASE = timedelta(seconds=60)
"""How long a worker may keep a message: well over the provider's time limit, so that nobody else takes it meanwhile."""

_BATCHES = 8  # under way at once
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=2), timedelta(minutes=10)
_GIVE_UP_AFTER = timedelta(hours=48)  # for a message without a time limit of its own
_ACCOUNT_WAIT = timedelta(minutes=1)

_STATES = {
    Status.DELIVERED: MessageState.DELIVERED,
    Status.UNDELIVERED: MessageState.UNDELIVERED,
    Status.FAILED: MessageState.UNDELIVERED,
    Status.BLOCKED: MessageState.BLOCKED,
    Status.CANCELLED: MessageState.FAILED,
}
"""What a provider's status means for the ledger; any other means that it was taken and may still arrive."""


@dataclass(slots=True)
class Sender:
    """Sends whatever is ready, for as long as it runs. Any number of senders share the work."""

    redis: Redis
    provider: Provider
    clock: Clock
    partitions: int = 1
    chance: random.Random = field(default_factory=random.Random)
    on_settled: Callable[[Sequence[Settled]], None] = lambda _: None
    paused_until: datetime | None = None
    _bell: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def wake(self) -> None:
        """Something may be ready now."""
        self._bell.set()

    async def run(self) -> None:
        """Send until cancelled. Messages under way are settled or left to their lease."""
        places = asyncio.Semaphore(_BATCHES)
        while True:
            self._bell.clear()
            try:
                busy = False
                for partition in range(self.partitions):
                    await places.acquire()
                    claimed = await self._claim(Keys(partition))
                    if not claimed:
                        places.release()
                        continue
                    busy = True
                    task = asyncio.create_task(self._send(claimed))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
                    task.add_done_callback(lambda _: places.release())
            except (RedisError, OSError) as error:
                places.release()
                log.warning("store away", action="claim_failed", error=type(error).__name__)
                busy = False
            if not busy:
                await self._rest()

    async def drain(self) -> None:
        """Wait until what is under way is settled."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def send_ready(self) -> int:
        """Send what is ready at this moment, and return how many messages were taken."""
        count = 0
        for partition in range(self.partitions):
            while claimed := await self._claim(Keys(partition)):
                await self._send(claimed)
                count += len(claimed)
        return count

    async def _rest(self) -> None:
        """Until something is put into the outbox, or for a moment: times come without a bell."""
        try:
            await asyncio.wait_for(self._bell.wait(), timeout=0.25)
        except TimeoutError:
            return

    async def _claim(self, keys: Keys) -> list[Claimed]:
        now = self.clock.now()
        if self.paused_until is not None and now < self.paused_until:
            return []
        return await outbox.claim(self.redis, keys, now=now, lease=LEASE, count=MAX_BATCH)

    async def _send(self, claimed: Sequence[Claimed]) -> None:
        now = self.clock.now()
        late = [one for one in claimed if one.message.expires_at is not None and one.message.expires_at <= now]
        plain = [one for one in claimed if one not in late and one.message.via is Via.SEND]
        patterns = [one for one in claimed if one not in late and one.message.via is Via.LOOKUP]
        settled = [Settled(claimed=one, state=MessageState.EXPIRED) for one in late]
        # A pattern has no id that makes repeating safe: what a dead worker may have sent is not sent again.
        lost = [one for one in patterns if one.lapsed]
        settled += [Settled(claimed=one, state=MessageState.UNKNOWN) for one in lost]
        patterns = [one for one in patterns if not one.lapsed]
        if plain:
            results = await self.provider.send([_outgoing(one.message) for one in plain])
            settled += [self._settled(one, result) for one, result in zip(plain, results, strict=True)]
        if patterns:
            answers = await asyncio.gather(*(self.provider.lookup(_outgoing(one.message)) for one in patterns))
            settled += [self._settled(one, result) for one, result in zip(patterns, answers, strict=True)]
        try:
            await outbox.settle(self.redis, settled)
        except (RedisError, OSError) as error:
            log.warning("store away", action="settle_failed", error=type(error).__name__, messages=len(settled))
            return
        for outcome in settled:
            _tell(outcome)
        self.on_settled(settled)

    def _settled(self, claimed: Claimed, result: Result) -> Settled:
        now, name = self.clock.now(), self.provider.name
        if isinstance(result, Accepted):
            return Settled(
                claimed=claimed,
                state=_STATES.get(result.status, MessageState.ACCEPTED),
                attempt=Attempt(at=now, provider=name, outcome="accepted", cost=result.cost),
                provider=name,
                provider_id=result.provider_id,
                cost=result.cost,
            )
        attempt = Attempt(at=now, provider=name, outcome=result.failure, code=result.code, reason=result.reason)
        match result.failure:
            case Failure.REFUSED:
                return Settled(claimed=claimed, state=MessageState.FAILED, attempt=attempt, provider=name)
            case Failure.UNKNOWN:
                return Settled(claimed=claimed, state=MessageState.UNKNOWN, attempt=attempt, provider=name)
            case Failure.ACCOUNT:
                return self._later(claimed, attempt, self._pause(result))
            case Failure.RETRY:
                return self._later(claimed, attempt, now + self._back_off(len(claimed.attempts), result.retry_after))

    def _later(self, claimed: Claimed, attempt: Attempt, again_at: datetime) -> Settled:
        """Back to the outbox, unless that would be too late."""
        limit = claimed.message.expires_at or claimed.message.created_at + _GIVE_UP_AFTER
        state = MessageState.QUEUED if again_at < limit else MessageState.EXPIRED
        return Settled(claimed=claimed, state=state, attempt=attempt, again_at=again_at)

    def _pause(self, failed: Failed) -> datetime:
        """Nothing leaves by this account for a while; nobody's message is to blame."""
        wait = timedelta(seconds=failed.retry_after) if failed.retry_after else _ACCOUNT_WAIT
        until = self.clock.now() + wait
        if self.paused_until is None or self.paused_until < until:
            self.paused_until = until
            log.error(
                "provider account paused",
                action="account_paused",
                provider=self.provider.name,
                code=failed.code,
                reason=failed.reason,
                until=until.isoformat(),
            )
        return until

    def _back_off(self, tries: int, at_least: float | None) -> timedelta:
        """Exponential with full jitter, so that a provider that comes back is not met by all at once."""
        longest: timedelta = min(_FIRST_WAIT * 2 ** min(tries, 20), _LONGEST_WAIT)
        return max(timedelta(seconds=at_least or 0), longest * self.chance.random())


def _outgoing(message: Message) -> Outgoing:
    return Outgoing(
        id=int(message.id), to=message.to, text=message.text, pattern=message.pattern, tokens=message.tokens or None
    )


def _tell(outcome: Settled) -> None:
    message, attempt = outcome.claimed.message, outcome.attempt
    log.info(
        f"message {outcome.state}",
        action="message_settled",
        message=message.id,
        template=message.template,
        order=message.order_id,
        to=phones.mask(message.to),
        code=attempt.code if attempt else None,
        provider_id=outcome.provider_id,
    )
