"""Receipts: what became of the messages a provider took, told by callbacks and asked for by polling.

A callback proves nothing of its sender, so it counts only for messages that we sent, and a message never goes back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from msgspec import Struct
from redis.asyncio import Redis

from notifier.clock import Clock
from notifier.domain import messages
from notifier.domain.channels import Channel
from notifier.domain.ladder import Unreached
from notifier.domain.messages import MessageState
from notifier.sms import descending, ledger
from notifier.sms.accounts import Account, Accounts
from notifier.sms.call_fallback import CallFallback
from notifier.sms.descending import OnDescent
from notifier.sms.providers.base import REMEMBERED, DeliveryStatus, ProviderError
from notifier.sms.verdicts import FIRST_REPORT, REASONS, STATES
from notifier.store import provider_ids, work
from notifier.store.keys import Keys
from notifier.store.publishing import Publish, no_op
from notifier.store.reading import Reader, StoredMessage
from notifier.store.records import ms
from notifier.store.work import Script, UnitOfWork

log = structlog.get_logger()

_POSTPONE = Script("postpone")
_AT_ONCE = 500
_MOST_LOOKS = 5  # at a message that somebody else moves whenever it was read
_LONGEST_WAIT = timedelta(hours=2)
_GOES_DOWN = frozenset({MessageState.ACCEPTED, MessageState.UNKNOWN})
_LATE = frozenset(
    {
        MessageState.QUEUED,
        MessageState.ACCEPTED,
        MessageState.UNKNOWN,
        MessageState.HELD,
        MessageState.UNDELIVERED,
    }
)
"""States that end when a rung that was given up says that it has reached; what is being sent now ends after that."""


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
    on_descent: OnDescent = descending.tell
    on_reported: Callable[[Reported], None] = lambda _: None

    async def report(self, provider: str, statuses: Mapping[str, DeliveryStatus]) -> int:
        """Take in statuses by the provider's ids; returns how many of them were about messages of ours."""
        found = await self._ours(provider, list(statuses))
        changed = await self._taken_in(provider, found, statuses)
        for _ in range(_MOST_LOOKS):
            if not changed:
                break
            changed = await self._taken_in(provider, await self._ours(provider, changed), statuses)
        if changed:  # whoever reports may say it again, and where nobody does we ask
            log.warning("reports not taken in", action="reports_put_off", provider=provider, messages=len(changed))
        return len(found)

    async def _taken_in(
        self,
        provider: str,
        found: Sequence[tuple[Keys, str, StoredMessage]],
        statuses: Mapping[str, DeliveryStatus],
    ) -> list[str]:
        """Write down what is reported; returns the ids of messages that have moved on since they were read."""
        units: dict[str, UnitOfWork] = {}
        for keys, provider_id, stored in found:
            status = statuses[provider_id]
            if status not in STATES:
                continue
            if (stored.provider, stored.provider_id) != (provider, provider_id):
                if (late := await self._late(keys, provider, provider_id, stored, status)) is not None:
                    units[provider_id] = late
            elif stored.state in messages.sources(STATES[status]):
                units[provider_id] = await self._ended(keys, provider, stored, status)
        outcomes = await work.commit(self.redis, list(units.values())) if units else []
        return [one for one, (outcome, _) in zip(units, outcomes, strict=True) if outcome == "conflict"]

    async def _late(
        self, keys: Keys, provider: str, provider_id: str, stored: StoredMessage, status: DeliveryStatus
    ) -> UnitOfWork | None:
        """A rung that the message has left behind says more: only that it arrived there after all changes anything."""
        named = [(one.provider, one.provider_id) for one in stored.descents]
        if STATES[status] is not MessageState.DELIVERED or (provider, provider_id) not in named:
            return None
        place = named.index((provider, provider_id))
        if stored.descents[place].arrived is not None:
            return None
        now, message = self.clock.now(), stored.message
        # Whom the rung reached with a phone that was corrected since is not the customer.
        too_late = await self.unreached.has_moved(message)
        note, heard = descending.noted(keys, stored, place, now, too_late=too_late), UnitOfWork()
        former = too_late or stored.descents[place].is_of_former_phone(message.to_since)
        if stored.state in _LATE and not former:
            note.do("ZREM", keys.texts(message.to), message.id)
            note.do("ZREM", keys.rung_waits, message.id)
            taken = stored.descents[place].taken
            ledger.apply_report(
                heard, keys, message, stored.state, MessageState.DELIVERED,
                now=ms(now), line="", accepted=ms(taken or now), publish=self.publish, also=note,
            )  # fmt: skip
            self.on_reported(Reported(provider=provider, stored=stored, state=MessageState.DELIVERED, now=now))
        else:
            heard.then(note)
        log.info(
            "a rung that was given up has reached",
            action="message_reached_late",
            message=message.id,
            source=message.source,
            order=message.order_id,
            provider=provider,
            provider_id=provider_id,
        )
        unit = UnitOfWork()
        unit.require_field(keys.message(message.id), "state", stored.state)
        unit.then(heard)
        return descending.unless_told_more(keys, stored, unit)

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
            named = {one for stored in waiting for one in _ids(stored, line.name)}
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
            message = stored.message
            if stored.provider != line.name or stored.state is not MessageState.ACCEPTED:
                self._asked_late(unit, line, keys, stored, statuses)
                continue
            status = statuses.get(stored.provider_id or "")
            age = timedelta(milliseconds=ms(now) - (stored.first or ms(message.created_at)))
            if status in STATES:
                continue
            if status is DeliveryStatus.UNKNOWN_ID or age >= REMEMBERED:
                unit.do("ZREM", keys.reports(line.name), message.id)
                unit.do("HSET", keys.message(message.id), "unconfirmed", 1)
                log.warning(
                    "message unconfirmed", action="message_unconfirmed", message=message.id, order=message.order_id
                )
            else:
                later = now + min(max(age, FIRST_REPORT), _LONGEST_WAIT)
                unit.do("ZADD", keys.reports(line.name), "XX", ms(later), message.id)
        return unit

    def _asked_late(
        self, unit: UnitOfWork, line: Account, keys: Keys, stored: StoredMessage, statuses: Mapping[str, DeliveryStatus]
    ) -> None:
        """What went down from this line unreported is asked about for as long as its report may come."""
        now, box = self.clock.now(), keys.reports(line.name)
        ids = [one for one in _ids(stored, line.name) if statuses.get(one) not in (*STATES, DeliveryStatus.UNKNOWN_ID)]
        since = [one.taken for one in stored.descents if one.provider_id in ids and one.taken is not None]
        if since and (age := now - max(since)) < REMEMBERED:
            unit.do("ZADD", box, "XX", ms(now + min(max(age, FIRST_REPORT), _LONGEST_WAIT)), stored.message.id)
        else:
            unit.do("ZREM", box, stored.message.id)

    async def _ours(self, provider: str, ids: list[str]) -> list[tuple[Keys, str, StoredMessage]]:
        """The messages that have, or had on their way down, these ids of a line."""
        found: list[tuple[Keys, str, StoredMessage]] = []
        for keys in self.reader.everywhere:
            named = await provider_ids.known(self.redis, keys, provider, ids, now=ms(self.clock.now()))
            read = await self.reader.messages([(keys, member) for member in dict.fromkeys(named.values())])
            known = {stored.message.id: stored for stored in read}
            found += [(keys, one, known[member]) for one, member in named.items() if member in known]
        return found

    async def _ended(self, keys: Keys, provider: str, stored: StoredMessage, status: DeliveryStatus) -> UnitOfWork:
        """The message has come to its end. The call comes first: done twice it is planned once."""
        message, target, reason = stored.message, STATES[status], REASONS.get(status)
        now, ladders = self.clock.now(), self.accounts.ladders
        channel = ladders.channels.get(provider, Channel.SMS)
        if (why := descending.BY_STATUS.get(status)) is not None and stored.state in _GOES_DOWN:
            descent = descending.left_behind(stored, provider, channel, why, now, reason=reason)
            onward = None if stored.has_arrived else descending.goes(ladders, stored, provider, why, now)
            if stored.has_arrived:
                target, reason = MessageState.DELIVERED, None
            elif onward is not None:
                self.on_descent(message, descent)
                return descending.down(keys, stored, descent, *onward)
            elif not stored.pointless:
                await self.unreached.ends(keys, message, target, [*stored.descents, descent])
        ended = UnitOfWork()
        for source in sorted(messages.sources(target)):
            ledger.apply_report(
                ended, keys, message, source, target, now=ms(now), line="" if stored.has_arrived else provider,
                accepted=stored.accepted, cost=stored.cost, reason=reason, publish=self.publish,
            )  # fmt: skip
        unit = UnitOfWork()
        ended.do("ZREM", keys.reports(provider), message.id)
        ended.do("ZREM", keys.rung_waits, message.id)
        unit.require_field(keys.message(message.id), "provider_id", stored.provider_id or "")
        unit.then(ended)
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


def _ids(stored: StoredMessage, line: str) -> list[str]:
    """What a line may be asked about of a message: what it has, and what went down from it unreported."""
    left = [
        one.provider_id
        for one in stored.descents
        if one.provider == line and one.provider_id and one.why is Unreached.NO_REPORT and one.arrived is None
    ]
    return [*left, stored.provider_id] if stored.provider == line and stored.provider_id else left


async def due_members(redis: Redis, key: str, *, now: datetime, count: int) -> list[str]:
    """Members of a sorted set of times whose time has come, put off for a while so that nobody else takes them."""
    found = await _POSTPONE.run(redis, [key], ms(now), ms(now + FIRST_REPORT), count)
    return [member.decode() for member in found]
