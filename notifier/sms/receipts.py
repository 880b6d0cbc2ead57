"""Receipts: what became of the messages a provider took, told by callbacks and asked for by polling.

A callback proves nothing of its sender, so it counts only for messages that we sent, and a message never goes back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from msgspec import Struct
from redis.asyncio import Redis

from notifier.clock import Clock
from notifier.domain import messages
from notifier.domain.messages import MessageState
from notifier.sms import ledger
from notifier.sms.accounts import Account, Accounts
from notifier.sms.call_fallback import CallFallback
from notifier.sms.providers.base import REMEMBERED, DeliveryStatus, ProviderError
from notifier.sms.verdicts import FIRST_REPORT, REASONS, STATES
from notifier.store import work
from notifier.store.keys import Keys
from notifier.store.publishing import Publish, no_op
from notifier.store.reading import Reader, StoredMessage
from notifier.store.records import ms
from notifier.store.work import Script, UnitOfWork

log = structlog.get_logger()

_POSTPONE = Script("postpone")
_AT_ONCE = 500
_LONGEST_WAIT = timedelta(hours=2)


class Reported(Struct, frozen=True, kw_only=True):
    """What a provider said to have become of a message."""

    provider: str
    stored: StoredMessage
    state: MessageState
    now: datetime


@dataclass(frozen=True, slots=True)
class Receipts:
    """Writes down what providers report, and has customers called whom an essential text did not reach."""

    redis: Redis
    reader: Reader
    accounts: Accounts
    clock: Clock
    unreached: CallFallback
    publish: Publish = no_op
    on_reported: Callable[[Reported], None] = lambda _: None

    async def report(self, provider: str, statuses: Mapping[str, DeliveryStatus]) -> int:
        """Take in statuses by the provider's ids; returns how many of them were about messages of ours."""
        found = await self._ours(provider, list(statuses))
        units = []
        for keys, stored in found:
            status = statuses[stored.provider_id or ""]
            if status in STATES and stored.state in messages.sources(STATES[status]):
                units.append(await self._ended(keys, provider, stored, status))
        if units:
            await work.commit(self.redis, units)
        return len(found)

    async def poll(self) -> int:
        """Ask about messages that nobody has reported the end of; returns how many were asked about."""
        count = 0
        for line in self.accounts:
            for keys in self.reader.everywhere:
                count += await self._poll(line, keys)
        return count

    async def _poll(self, line: Account, keys: Keys) -> int:
        """Ask about all that is due. Every one is asked about once: it is put off before it is asked about."""
        count = 0
        while due := await due_members(self.redis, keys.reports(line.name), now=self.clock.now(), count=_AT_ONCE):
            waiting = await self.reader.messages([(keys, member) for member in due])
            named = {stored.provider_id for stored in waiting if stored.provider_id}
            try:
                statuses = await line.provider.statuses(sorted(named)) if named else {}
            except ProviderError as error:
                log.warning("reports unavailable", action="poll_failed", provider=line.name, reason=str(error))
                return count
            await self.report(line.name, statuses)
            await work.commit(self.redis, [self._asked(line, keys, due, waiting, statuses)])
            count += len(waiting)
        return count

    def _asked(
        self,
        line: Account,
        keys: Keys,
        due: Sequence[str],
        waiting: Sequence[StoredMessage],
        statuses: Mapping[str, DeliveryStatus],
    ) -> UnitOfWork:
        """What was asked about and has not ended: when it is asked about next, or that nobody will ever say."""
        unit, now = UnitOfWork(), self.clock.now()
        if gone := set(due) - {stored.message.id for stored in waiting}:
            unit.do("ZREM", keys.reports(line.name), *sorted(gone))
        for stored in waiting:
            message, status = stored.message, statuses.get(stored.provider_id or "")
            age = timedelta(milliseconds=ms(now) - (stored.first or ms(message.created_at)))
            if status in STATES:
                continue
            if stored.state is not MessageState.ACCEPTED:
                unit.do("ZREM", keys.reports(line.name), message.id)
            elif status is DeliveryStatus.UNKNOWN_ID or age >= REMEMBERED:
                unit.do("ZREM", keys.reports(line.name), message.id)
                unit.do("HSET", keys.message(message.id), "unconfirmed", 1)
                log.warning(
                    "message unconfirmed", action="message_unconfirmed", message=message.id, order=message.order_id
                )
            else:
                later = now + min(max(age, FIRST_REPORT), _LONGEST_WAIT)
                unit.do("ZADD", keys.reports(line.name), "XX", ms(later), message.id)
        return unit

    async def _ours(self, provider: str, ids: list[str]) -> list[tuple[Keys, StoredMessage]]:
        found: list[tuple[Keys, StoredMessage]] = []
        for keys in self.reader.everywhere:
            names: Any = await self.redis.mget([keys.provider_message(provider, one) for one in ids]) if ids else []
            members = [(keys, name.decode()) for name in names if name is not None]
            found += [(keys, stored) for stored in await self.reader.messages(members)]
        return found

    async def _ended(self, keys: Keys, provider: str, stored: StoredMessage, status: DeliveryStatus) -> UnitOfWork:
        """The message has come to its end. The call comes first: done twice it is planned once."""
        message, target, reason = stored.message, STATES[status], REASONS.get(status)
        await self.unreached.ends(keys, message, target)
        unit, now = UnitOfWork(), self.clock.now()
        for source in sorted(messages.sources(target)):
            ledger.apply_report(
                unit, keys, message, source, target,
                now=ms(now), accepted=stored.accepted, cost=stored.cost, reason=reason, publish=self.publish,
            )  # fmt: skip
        unit.do("ZREM", keys.reports(provider), message.id)
        self.on_reported(Reported(provider=provider, stored=stored, state=target, now=now))
        log.info(
            f"message {target}",
            action="message_reported",
            message=message.id,
            source=message.source,
            order=message.order_id,
            provider=provider,
            provider_id=stored.provider_id,
        )
        return unit


async def due_members(redis: Redis, key: str, *, now: datetime, count: int) -> list[str]:
    """Members of a sorted set of times whose time has come, put off for a while so that nobody else takes them."""
    found = await _POSTPONE.run(redis, [key], ms(now), ms(now + FIRST_REPORT), count)
    return [member.decode() for member in found]
