"""Messages that may have been sent: found out about where a provider can tell, never blindly sent again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog
from msgspec.structs import replace
from redis.asyncio import Redis

from notifier.clock import Clock
from notifier.domain.channels import Channel
from notifier.domain.ladder import Unreached
from notifier.domain.messages import MAYBE_SENT, Message, MessageState
from notifier.sms import descending, ledger
from notifier.sms.accounts import Accounts
from notifier.sms.call_fallback import CallFallback
from notifier.sms.descending import OnDescent
from notifier.sms.local_ids import local_id
from notifier.sms.outbox import put_back
from notifier.sms.providers.base import DeliveryStatus, Provider, ProviderError
from notifier.sms.receipts import due_members
from notifier.sms.verdicts import DEDUPLICATED, FIRST_REPORT, REASONS, STATES
from notifier.store import daily, provider_ids, work
from notifier.store.keys import Keys
from notifier.store.publishing import Alert, Publish, no_op
from notifier.store.reading import Reader, StoredMessage
from notifier.store.records import ms
from notifier.store.work import UnitOfWork

log = structlog.get_logger()

WINDOW = timedelta(minutes=15)
"""For how long it is looked into before the policy for unknown messages decides."""

_AGAIN = timedelta(minutes=2)
_BESIDE = timedelta(minutes=1)  # the provider's clock need not be ours
_LOST = timedelta(minutes=1)  # how long a worker that died may have been at it
_AT_ONCE = 100


class Afterwards(StrEnum):
    """What becomes of a message about which nothing can be found out."""

    HOLD = "hold"  # a person decides
    RESEND = "resend"  # rather twice than never
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Looks into unknown messages; any number of processes may."""

    redis: Redis
    reader: Reader
    accounts: Accounts
    clock: Clock
    unreached: CallFallback
    alert: Alert
    afterwards: Afterwards = Afterwards.HOLD
    publish: Publish = no_op
    on_descent: OnDescent = descending.tell

    async def tick(self) -> int:
        """Look into what is due; returns how many messages came to an end."""
        count = 0
        for keys in self.reader.everywhere:
            due = await due_members(self.redis, keys.reconciling, now=self.clock.now(), count=_AT_ONCE)
            for stored in await self.reader.messages([(keys, member) for member in due]):
                count += await self._look_into(keys, stored)
        return count

    async def _look_into(self, keys: Keys, stored: StoredMessage) -> bool:
        """Find out about one message; whether it is no longer unknown."""
        line, now, message = self.accounts.named(stored.provider or ""), self.clock.now(), stored.message
        span = _span(stored, now)
        try:
            known = await self._known(line.provider, keys, stored, span) if line else None
            asked = line is not None
        except ProviderError as error:
            log.warning("reconciliation inconclusive", action="reconcile_failed", message=message.id, reason=str(error))
            known, asked = None, False
        unit = UnitOfWork()
        if known is not None:
            await self._found(unit, keys, stored, *known)
        elif now - span[1] < (WINDOW if asked else DEDUPLICATED):
            # While the provider cannot be asked at all, there is nothing that a person could know better.
            await self.redis.zadd(keys.reconciling, {message.id: ms(now + _AGAIN)}, xx=True)
            return False
        else:
            await self._give_up(unit, keys, stored)
        unit.do("ZREM", keys.reconciling, message.id)
        await work.commit(self.redis, [unit])
        return True

    async def _found(
        self, unit: UnitOfWork, keys: Keys, stored: StoredMessage, provider_id: str, status: DeliveryStatus
    ) -> None:
        message, now, unknown = stored.message, self.clock.now(), MessageState.UNKNOWN
        provider, key = stored.provider or "", keys.message(message.id)
        if status is DeliveryStatus.UNKNOWN_ID and message.expires_at is not None and message.expires_at <= now:
            await self.unreached.ends(keys, message, MessageState.EXPIRED)
            ledger.move(unit, keys, message.id, unknown, MessageState.EXPIRED, reason="too_late")
        elif status is DeliveryStatus.UNKNOWN_ID:
            # It never arrived there: sent again by the same provider, under the same id, it cannot double.
            _again(unit, keys, message, now, provider)
        else:
            target = STATES.get(status, MessageState.ACCEPTED)
            known = descending.BY_STATUS.get(status)
            if known is not None and await self._goes_down(unit, keys, stored, known, provider_id):
                return
            await self.unreached.ends(keys, message, target, stored.descents)
            after = UnitOfWork()
            provider_ids.note(after, keys, message.id, provider, provider_id, at=ms(now))
            if target is MessageState.ACCEPTED:
                after.do("ZADD", keys.reports(provider), ms(now + FIRST_REPORT), message.id)
            unit.when(key, "state", unknown, after)
            ledger.apply_report(
                unit, keys, message, unknown, target,
                now=ms(now), line=provider, accepted=ms(_span(stored, now)[1]), provider_id=provider_id,
                reason=REASONS.get(status), publish=self.publish,
            )  # fmt: skip
            log.info(
                f"message {target}",
                action="message_found",
                message=message.id,
                source=message.source,
                order=message.order_id,
            )

    async def _give_up(self, unit: UnitOfWork, keys: Keys, stored: StoredMessage) -> None:
        message, now, unknown = stored.message, self.clock.now(), MessageState.UNKNOWN
        log.warning(
            "message stays unknown",
            action="gave_up",
            message=message.id,
            order=message.order_id,
            policy=self.afterwards,
        )
        if message.essential and await self._goes_down(unit, keys, stored, Unreached.UNKNOWN):
            return  # never again by the same rung, and worth a second copy by another
        told = UnitOfWork()
        daily.cost_unknown(told, keys, message, at=ms(stored.given_at), line=stored.provider or "")
        unit.when(keys.message(message.id), "state", unknown, told)
        in_time = message.expires_at is None or message.expires_at > now
        if self.afterwards is Afterwards.RESEND and in_time:
            _again(unit, keys, message, now, stored.provider or "")
        elif self.afterwards is Afterwards.FAIL:
            await self.unreached.ends(keys, message, MessageState.FAILED, stored.descents)
            ledger.apply_report(
                unit, keys, message, unknown, MessageState.FAILED,
                now=ms(now), line=stored.provider or "", reason=MAYBE_SENT, publish=self.publish,
            )  # fmt: skip
        else:
            ledger.move(unit, keys, message.id, unknown, MessageState.HELD, reason=MAYBE_SENT)
            await self.alert("held", "پیامکی هست که معلوم نیست رفته باشد؛ دربارهٔ ارسال دوباره‌اش تصمیم بگیرید.")

    async def _goes_down(
        self, unit: UnitOfWork, keys: Keys, stored: StoredMessage, why: Unreached, provider_id: str | None = None
    ) -> bool:
        """Have the next rung take a message over, where there is one that may."""
        ladders, now, line = self.accounts.ladders, self.clock.now(), stored.provider or ""
        onward = descending.goes(ladders, stored, line, why, now)
        if onward is None:
            return False
        channel = ladders.channels.get(line, Channel.SMS)
        descent = descending.left_behind(stored, line, channel, why, now)
        if provider_id is not None:  # it took the message, whenever that was
            descent = replace(descent, provider_id=provider_id, taken=_span(stored, now)[1])
        self.on_descent(stored.message, descent)
        unit.then(descending.down(keys, stored, descent, *onward))
        return True

    async def _known(
        self, provider: Provider, keys: Keys, stored: StoredMessage, span: tuple[datetime, datetime]
    ) -> tuple[str, DeliveryStatus] | None:
        """What the provider knows of a message: its id and status there; None when it cannot tell."""
        message = stored.message
        by_pattern = provider.kind in message.patterns
        if provider.repeatable and not by_pattern:
            known = (await provider.statuses_by_local_id([local_id(message)])).get(local_id(message))
            if (
                known is not None
                and known[1] is DeliveryStatus.UNKNOWN_ID
                and self.clock.now() - span[0] > DEDUPLICATED
            ):
                return None  # it forgets our ids, so that means nothing any more
            return known
        if await self._under_way(keys, message):
            return None  # what is found could be that other text
        sent = await provider.sent_to(message.to, since=span[0] - _BESIDE, until=span[1] + _BESIDE)
        ids, now = [provider_id for provider_id, _ in sent], ms(self.clock.now())
        taken = await provider_ids.known(self.redis, keys, provider.name, ids, now=now)
        return next((found for found in sent if found[0] not in taken), None)

    async def _under_way(self, keys: Keys, message: Message) -> bool:
        """Whether another text to the same customer is being sent."""
        others: Any = await self.redis.zrange(keys.texts(message.to), 0, -1)
        states = [await self.redis.hget(keys.message(other.decode()), "state") for other in others]
        return MessageState.SENDING.encode() in states


def _span(stored: StoredMessage, now: datetime) -> tuple[datetime, datetime]:
    """From when to when the provider may have been given a message."""
    made = stored.message.created_at
    last = stored.attempts[-1].at if stored.attempts else None
    first = datetime.fromtimestamp(stored.first / 1000, now.tzinfo) if stored.first else last or made
    return first, max(first, last) if last else first + _LOST


def _again(unit: UnitOfWork, keys: Keys, message: Message, now: datetime, provider: str) -> None:
    after = UnitOfWork()
    put_back(after, keys, message, now, bound=provider)
    after.do("HDEL", keys.message(message.id), "first")
    unit.when(keys.message(message.id), "state", MessageState.UNKNOWN, after)
    ledger.move(unit, keys, message.id, MessageState.UNKNOWN, MessageState.QUEUED)
