"""Dispatch of claimed messages: what may leave is made true, paid for, handed to the provider and settled."""

import asyncio
import contextlib
import functools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from msgspec.structs import replace
from redis.asyncio import Redis
from redis.exceptions import RedisError

from notifier.clock import Clock
from notifier.domain.channels import Channel
from notifier.domain.ladder import Descent
from notifier.domain.messages import Message, MessageState
from notifier.domain.quiet import polite
from notifier.domain.spoken import spoken_form
from notifier.errors import NotifierError
from notifier.sms import descending, outbox, verdicts
from notifier.sms.accounts import Account, BreakerState
from notifier.sms.call_fallback import ENDS_UNREACHED, CallFallback
from notifier.sms.descending import OnDescent
from notifier.sms.holds import Hold
from notifier.sms.ladders import Ladders
from notifier.sms.limits import Bounds, Cost, Over
from notifier.sms.local_ids import local_id
from notifier.sms.opt_out import footed
from notifier.sms.outbox import ClaimedMessage, Settled
from notifier.sms.passing import Passing
from notifier.sms.providers.base import Failed, Failure, Outgoing, Result
from notifier.sms.providers.transport import may_post
from notifier.sms.renewing import Renewal
from notifier.store.publishing import Publish, no_op
from notifier.store.replicas import TooFewReplicas

log = structlog.get_logger()

LEASE = timedelta(seconds=60)
"""How long a worker may keep a message: well over the provider's time limit, so that nobody else takes it meanwhile."""

_CAREFULLY = 16  # calls at once that must not be made twice: so many are in doubt when a worker dies
_MORNINGS = 4  # that are looked at for an hour to call at; quiet hours by day as well as by night leave none
_SETTLE_AGAIN = 0.5  # seconds
_REPLICAS_AGAIN = timedelta(seconds=5)  # after which a text is tried again that must not be sent without replicas


@dataclass(slots=True)
class Dispatch:
    """Sends batches over a line. A message is settled for as long as it is ours, which is for ``lease``."""

    redis: Redis
    clock: Clock
    texting_time: Callable[[datetime], datetime]
    unreached: CallFallback
    ladders: Ladders
    bounds: Bounds | None = None
    lease: timedelta = LEASE
    chance: random.Random = field(default_factory=random.Random)
    on_settled: Callable[[Sequence[Settled]], None] = lambda _: None
    on_descent: OnDescent = descending.tell
    publish: Publish = no_op
    renewal: Renewal | None = None
    passing: Passing | None = None

    async def send(
        self, line: Account, standing: BreakerState, claimed: Sequence[ClaimedMessage], hold: Hold | None = None
    ) -> None:
        """Send what may leave, and settle all. ``standing`` is how the line was doing when they were claimed.

        Where ``hold`` says that others may have them by now, none is posted any more.
        """
        now = self.clock.now()
        instead: list[Settled] = []
        known: list[ClaimedMessage] = []  # whose words stand: a provider may have them, or they are of no order
        changing: list[ClaimedMessage] = []
        channel, hours = line.provider.channel, functools.cache(self._hours(line))
        for one in claimed:
            safe = _safe_to_repeat(line, one.message)
            outcome = self._reached_before(one, now, safe_to_repeat=safe) if one.descents else None
            if outcome is None:
                outcome = verdicts.beforehand(one, now, safe_to_repeat=safe, texting_time=hours, channel=channel)
            in_doubt = verdicts.in_doubt(one, safe_to_repeat=safe)
            if outcome is None and not in_doubt:
                if self._abroad(one):
                    outcome = Settled(claimed=one, state=MessageState.HELD, now=now, reason=Over.COUNTRY)
                else:
                    outcome = descending.passed_over(self.ladders, one, channel, now)
            if outcome is not None:
                instead.append(outcome)
            elif in_doubt or one.message.order_v == 0:
                known.append(one)
            else:
                changing.append(one)
        plain, careful = await self._renewed(line, known, changing, instead, now)
        if self.passing is not None:
            plain, careful = await self.passing.noted(line.name, plain), await self.passing.noted(line.name, careful)
        await self._settle(instead)
        if any(outcome.reason == Over.COUNTRY for outcome in instead) and self.bounds is not None:
            await self.bounds.held(Over.COUNTRY)
        if standing.on_trial and (plain or careful) and not await line.answers():
            await self._settle(
                [
                    verdicts.put_back(one, now, safe_to_repeat=_safe_to_repeat(line, one.message))
                    for one in plain + careful
                ]
            )
            return
        results: list[Result] = []
        if plain:
            plain = await self._affordable(line, plain)
        if plain:
            results = await self._send_plain(line, plain, hold)
        for start in range(0, len(careful), _CAREFULLY):
            results += await self._send_carefully(line, careful[start : start + _CAREFULLY], hold)
        if results:
            await line.heard(results, standing)

    async def _renewed(
        self,
        line: Account,
        known: list[ClaimedMessage],
        changing: list[ClaimedMessage],
        instead: list[Settled],
        now: datetime,
    ) -> tuple[list[ClaimedMessage], list[ClaimedMessage]]:
        """What is to be sent, as its orders are now: what may be repeated, and what must be sent with care."""
        if self.renewal is not None:
            try:
                changing, moved = await self.renewal.renew(changing, now)
            except TooFewReplicas as error:
                log.warning("not sent yet", action="rewrite_failed", reason=str(error), messages=len(changing))
                back = [verdicts.put_back(one, now, safe_to_repeat=False) for one in changing]
                changing, moved = [], [replace(one, again_at=now + _REPLICAS_AGAIN) for one in back]
            instead += moved
        ready = [*known, *changing]
        plain = [one for one in ready if _safe_to_repeat(line, one.message)]
        careful = [one for one in ready if not _safe_to_repeat(line, one.message)]
        return plain, careful

    async def _send_plain(self, line: Account, claimed: Sequence[ClaimedMessage], hold: Hold | None) -> list[Result]:
        """Send what the line would know as a repetition."""
        if hold is not None and not hold.may_post():
            await self._too_slow(line, claimed)
            return []
        _note_sent(line, claimed)
        began = self.clock.now()
        with posting(hold):
            results = await line.provider.send([_outgoing(line, one) for one in claimed])
        return await self._answered(line, list(zip(claimed, results, strict=True)), began, hold)

    async def _answered(
        self, line: Account, answered: list[tuple[ClaimedMessage, Result]], began: datetime, hold: Hold | None
    ) -> list[Result]:
        """Settle what was answered; returns what the line is to be judged by."""
        if hold is not None and not hold.may_post():
            if unsent := [one for one, result in answered if _surely_unsent(result)]:
                await self._too_slow(line, unsent)
            answered = [(one, result) for one, result in answered if not _surely_unsent(result)]
        await self._settle_paid(line, self._verdicts(line, answered, began))
        return [result for _, result in answered]

    async def _too_slow(self, line: Account, claimed: Sequence[ClaimedMessage]) -> None:
        """Others may have them by now: what is still ours goes back, unsent."""
        log.warning("too slow to send", action="claim_late", provider=line.name, messages=len(claimed))
        now = self.clock.now()
        back = [verdicts.put_back(one, now, safe_to_repeat=_safe_to_repeat(line, one.message)) for one in claimed]
        await self._settle_paid(line, back)

    async def _send_carefully(
        self, line: Account, claimed: Sequence[ClaimedMessage], hold: Hold | None
    ) -> list[Result]:
        """Send what must not be sent twice: a few at once, marked before the call, settled right after it."""
        claimed = await self._affordable(line, claimed)
        try:
            ours = await outbox.mark(self.redis, claimed, now=self.clock.now(), lease=self.lease)
        except TooFewReplicas as error:
            log.warning("not sent yet", action="mark_failed", reason=str(error), messages=len(claimed))
            now = self.clock.now()
            back = [verdicts.put_back(one, now, safe_to_repeat=False) for one in claimed]
            await self._settle_paid(line, [replace(one, again_at=now + _REPLICAS_AGAIN) for one in back])
            return []
        if hold is not None and not hold.may_post():
            await self._too_slow(line, ours)
            return []
        _note_sent(line, ours)
        began = self.clock.now()
        plain = [one for one in ours if not _by_pattern(line, one.message)]
        patterns = [one for one in ours if _by_pattern(line, one.message)]
        sending = [line.provider.send([_outgoing(line, one) for one in plain])] if plain else []
        looking_up = [line.provider.lookup(_outgoing(line, one)) for one in patterns]
        with posting(hold):
            sent, looked_up = await asyncio.gather(asyncio.gather(*sending), asyncio.gather(*looking_up))
        results = [*(sent[0] if sent else ()), *looked_up]
        return await self._answered(line, list(zip([*plain, *patterns], results, strict=True)), began, hold)

    def _reached_before(self, one: ClaimedMessage, now: datetime, *, safe_to_repeat: bool) -> Settled | None:
        """The end of a message that a rung which it has left behind has brought after all."""
        if not one.has_arrived:
            return None
        return self._reached(verdicts.put_back(one, now, safe_to_repeat=safe_to_repeat))

    def _reached(self, outcome: Settled) -> Settled:
        return descending.reached(outcome, self.ladders.channels.get(outcome.claimed.provider, Channel.SMS))

    def _abroad(self, one: ClaimedMessage) -> bool:
        """Whether its country is none that is texted; what a person had sent goes on."""
        return self.bounds is not None and not one.by_hand and self.bounds.abroad(one.message)

    async def _affordable(self, line: Account, claimed: Sequence[ClaimedMessage]) -> list[ClaimedMessage]:
        """The messages that the day's money is enough for; the others are held."""
        if self.bounds is None:
            return list(claimed)
        now = self.clock.now()
        granted = await self.bounds.reserve(claimed, self._cost(line), now=now)
        if not all(granted):
            held = [one for one, fine in zip(claimed, granted, strict=True) if not fine]
            await self._settle(
                [Settled(claimed=one, state=MessageState.HELD, now=now, reason=Over.RIAL) for one in held]
            )
            await self.bounds.held(Over.RIAL)
        return [one for one, fine in zip(claimed, granted, strict=True) if fine]

    def _cost(self, line: Account) -> Cost:
        bounds, price = self.bounds, line.provider.price
        assert bounds is not None
        if price is not None:
            return lambda _: price
        return lambda message: bounds.estimate(message, by_pattern=_by_pattern(line, message))

    def _text_price(self, message: Message) -> int:
        """What it would cost as a text, in rial."""
        return self.bounds.estimate(message, by_pattern=False) if self.bounds else 0

    def _hours(self, line: Account) -> Callable[[datetime], datetime]:
        """When words may be brought by this line: a call wakes people, whatever holds for texts."""
        return self._speaking_time if line.provider.channel is Channel.VOICE else self.texting_time

    def _speaking_time(self, moment: datetime) -> datetime:
        """Outside quiet hours, and by day whatever those say."""
        for _ in range(_MORNINGS):
            later = polite(self.texting_time(moment))
            if later == moment:
                break
            moment = later
        return moment

    async def _settle_paid(self, line: Account, settled: Sequence[Settled]) -> None:
        """Write down what became of them, and what they came to."""
        if self.bounds is not None:
            await self.bounds.settle(settled, self._cost(line), now=self.clock.now())
        await self._settle(settled)

    def _verdicts(
        self, line: Account, answered: Sequence[tuple[ClaimedMessage, Result]], began: datetime
    ) -> list[Settled]:
        now, channel, hours, price = self.clock.now(), line.provider.channel, self._hours(line), self._text_price
        found = []
        for claimed, result in answered:
            verdict = verdicts.of(
                claimed,
                result,
                now,
                began=began,
                safe_to_repeat=_safe_to_repeat(line, claimed.message),
                texting_time=hours,
                chance=self.chance,
                channel=channel,
            )
            found.append(descending.onward(self.ladders, verdict, channel, text_price=price))
        return found

    def _tried(self, outcome: Settled) -> Sequence[Descent]:
        """The rungs that a message has behind it when it ends, the last one with what it came to."""
        claimed = outcome.claimed
        channel = self.ladders.channels.get(claimed.provider, Channel.SMS)
        last = descending.last(claimed.provider, outcome.state, channel, outcome.attempt, outcome.now)
        return [*claimed.descents, *outcome.left, *last]

    async def _settle(self, settled: Sequence[Settled]) -> None:
        """Write it down, again and again for as long as the messages are ours: it cannot be found out twice."""
        if not settled:
            return
        over = asyncio.get_running_loop().time() + self.lease.total_seconds()
        unwritten = settled
        doubtful = [one for one in settled if one.claimed.descents and one.state in ENDS_UNREACHED]
        while True:
            try:
                if doubtful:
                    told = await self._told_meanwhile(doubtful)
                    settled, unwritten = _instead(settled, doubtful, told), _instead(unwritten, doubtful, told)
                    doubtful = []
                for outcome in unwritten:
                    if outcome.state in ENDS_UNREACHED:
                        claimed = outcome.claimed
                        await self.unreached.call(claimed.keys, claimed.message, self._tried(outcome))
                unwritten = doubtful = await outbox.settle(self.redis, unwritten, publish=self.publish)
                if not unwritten:
                    break
            except TooFewReplicas as error:  # written; lost, it would be settled again, and sent twice by nobody
                log.warning("settled on too few replicas", action="settled", reason=str(error), messages=len(settled))
                break
            except (RedisError, OSError, NotifierError) as error:
                kind, left = type(error).__name__, len(settled)
                log.warning("store unreachable", action="settle_failed", error=kind, messages=left)
                if asyncio.get_running_loop().time() + _SETTLE_AGAIN > over:
                    raise
                await asyncio.sleep(_SETTLE_AGAIN)
        for outcome in settled:
            for descent in outcome.left:
                self.on_descent(outcome.claimed.message, descent)
        self.on_settled(settled)

    async def _told_meanwhile(self, settled: Sequence[Settled]) -> list[Settled]:
        """What becomes of messages now that a rung which they have left behind may have said more; those still ours."""
        ours = await outbox.heard_meanwhile(self.redis, [one.claimed for one in settled])
        found = {claimed.message.id: claimed for claimed in ours}
        return [
            self._reached(replace(one, claimed=found[one.claimed.message.id]))
            for one in settled
            if one.claimed.message.id in found
        ]


def _instead(settled: Sequence[Settled], doubtful: Sequence[Settled], told: Sequence[Settled]) -> list[Settled]:
    """All of them, with what was found of the doubtful ones in their place."""
    others = {one.claimed.message.id for one in doubtful}
    return [*(one for one in settled if one.claimed.message.id not in others), *told]


@contextlib.contextmanager
def posting(hold: Hold | None) -> Iterator[None]:
    """Have the connections to providers ask the hold before the first byte leaves."""
    if hold is None:
        yield
        return
    before = may_post.set(hold.may_post)
    try:
        yield
    finally:
        may_post.reset(before)


def _surely_unsent(result: Result) -> bool:
    return isinstance(result, Failed) and result.failure is Failure.RETRY and not result.maybe_sent


def _by_pattern(line: Account, message: Message) -> bool:
    """Whether the line sends this as a pattern; where it has none that fits, the text itself says the same."""
    return line.provider.kind in message.patterns


def _safe_to_repeat(line: Account, message: Message) -> bool:
    """Whether the line knows a repeated message as the same, by its id."""
    return line.provider.repeatable and not _by_pattern(line, message)


def _outgoing(line: Account, claimed: ClaimedMessage) -> Outgoing:
    message, provider = claimed.message, line.provider
    pattern = message.patterns.get(provider.kind)
    aloud = provider.channel is Channel.VOICE
    return Outgoing(
        id=local_id(message),
        to=message.to,
        text=(message.spoken or spoken_form(message.text)) if aloud else footed(message.text, line.opt_out_by),
        pattern=pattern.name if pattern else None,
        tokens=pattern.tokens if pattern else None,
        calls=verdicts.taken(claimed),
    )


def _note_sent(line: Account, claimed: Sequence[ClaimedMessage]) -> None:
    for one in claimed:
        message = one.message
        log.debug(
            "message handed to the provider",
            action="message_sent",
            message=message.id,
            source=message.source,
            order=message.order_id,
            provider=line.name,
        )
