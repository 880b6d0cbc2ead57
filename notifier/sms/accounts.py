"""Lines: the providers' accounts, how each is doing, and which one texts leave by.

How a line is doing stands in Redis, so that all processes see it. A line that fails is paused; when the pause is over
one message tries it (half-open), and what became of that opens it again or pauses it for longer. Only what happened
since the line was last opened counts.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from msgspec import Struct
from redis.asyncio import Redis

from notifier.clock import Clock
from notifier.domain import money
from notifier.domain.back_off import doubling
from notifier.sms import reasons
from notifier.sms.ladders import Ladders
from notifier.sms.opt_out import OptOutBy
from notifier.sms.providers.base import CreditUntold, Failed, Failure, Provider, ProviderError, Result
from notifier.sms.providers.transport import TransportError
from notifier.store import keys as names
from notifier.store.publishing import Alert
from notifier.store.records import ms
from notifier.store.roundtrip import Command, checked, many
from notifier.store.work import Script

log = structlog.get_logger()

_PERMITS, _PROBE, _PAUSE = Script("permits"), Script("probe"), Script("pause")

_MILLISECOND = timedelta(milliseconds=1)


class Patience(Struct, frozen=True, kw_only=True):
    """When a line is paused, and for how long."""

    tolerated: int = 3  # batches in a row that may fail
    shortest: timedelta = timedelta(seconds=10)
    longest: timedelta = timedelta(minutes=5)
    account: timedelta = timedelta(minutes=1)  # at least so long when the account is at fault
    probe: timedelta = timedelta(seconds=60)  # for so long nobody else tries it
    exhausted: timedelta = timedelta(minutes=15)  # for so long only essential texts try a line without credit


_USUAL = Patience()


class BreakerState(Struct, frozen=True, kw_only=True):
    """How a line is doing. ``exhausted``: no credit, so what little there is goes to essential texts."""

    paused_until: datetime | None = None
    reason: str = ""
    exhausted: bool = False
    credit: int | None = None  # rial

    def closed(self, now: datetime) -> bool:
        """Nothing leaves by it now."""
        return self.paused_until is not None and now < self.paused_until

    @property
    def on_trial(self) -> bool:
        """Whether the account was paused and has not shown yet that it works again."""
        return self.paused_until is not None


@dataclass(slots=True)
class Account:
    """One provider's account. ``rate`` is how many texts a second it may be given, by all processes together."""

    redis: Redis
    provider: Provider
    clock: Clock
    alert: Alert
    rate: int | None = None
    low_credit: int | None = None  # rial; below it the supervisors are told
    opt_out_by: OptOutBy = OptOutBy.PROVIDER
    patience: Patience = _USUAL
    _failures: int = 0

    @property
    def name(self) -> str:
        return self.provider.name

    async def standing(self) -> BreakerState:
        (found,) = checked(await many(self.redis, [self.question]))
        return self.standing_of(found)

    @property
    def question(self) -> Command:
        """What the store is asked for ``standing_of``."""
        return ("HMGET", names.line(self.name), "until", "reason", "exhausted", "credit")

    def standing_of(self, answer: Sequence[bytes | None]) -> BreakerState:
        until, reason, exhausted, credit = answer
        now = self.clock.now()
        return BreakerState(
            paused_until=datetime.fromtimestamp(int(until) / 1000, now.tzinfo) if until is not None else None,
            reason=(reason or b"").decode(),
            exhausted=int(exhausted or 0) > ms(now),
            credit=int(credit) if credit is not None else None,
        )

    async def permits(self, wanted: int) -> int:
        """How many of ``wanted`` texts may leave now."""
        if self.rate is None:
            return wanted
        key = names.permits(self.name)
        granted = await _PERMITS.run(self.redis, [key], ms(self.clock.now()), self.rate, self.rate, wanted)
        return int(granted)

    async def give_back(self, permits: int) -> None:
        """Return permits that were not used."""
        if self.rate is not None and permits > 0:
            await self.redis.hincrbyfloat(names.permits(self.name), "tokens", permits)

    async def may_probe(self) -> bool:
        """Whether we are the one to try a line that was paused."""
        now = self.clock.now()
        granted = await _PROBE.run(self.redis, [names.line(self.name)], ms(now), ms(now + self.patience.probe))
        return bool(granted)

    async def answers(self) -> bool:
        """Whether the provider answers at all: asked before a message tries the line, so that none is put in doubt."""
        try:
            await self.provider.credit()
        except TransportError as error:
            await self._pause(error.failed(), at_least=self.patience.shortest)
            return False
        except ProviderError:
            return True  # it said something, or has nothing to say about this
        return True

    async def give_up_probe(self) -> None:
        """There was nothing to try it with: anybody may try at once when there is."""
        await self.redis.hset(names.line(self.name), "probe_until", 0)

    async def heard(self, results: Sequence[Result], standing: BreakerState) -> None:
        """Take in how a batch went; ``standing`` is how the line was doing when it was taken."""
        failed = [result for result in results if isinstance(result, Failed)]
        account = next((result for result in failed if result.failure is Failure.ACCOUNT), None)
        asked = max(failed, key=lambda result: result.retry_after or 0, default=None)
        if account is not None:
            await self._pause(account, at_least=self.patience.account)
            if account.no_credit:  # what is left now is what has to grow
                await self._ask_credit()
        elif asked is not None and asked.retry_after:  # to be left alone, whatever became of the others
            await self._pause(asked, at_least=self.patience.shortest)
        elif len(failed) < len(results) or not all(_of_the_line(result) for result in failed):
            self._failures = 0
            if standing.on_trial:
                await self._open()
        else:
            self._failures += 1
            if standing.on_trial or self._failures >= self.patience.tolerated:
                await self._pause(failed[0], at_least=self.patience.shortest)

    async def check_credit(self) -> None:
        """Ask the provider what is left; say so when it is low, and use the line fully again when it is filled up."""
        before, credit = await self.standing(), await self._ask_credit()
        if credit is None:
            return
        low = self.low_credit
        if low is not None and credit < low and (before.credit is None or before.credit >= low):
            left = money.toman(credit)
            await self.alert(f"credit_low:{self.name}", f"اعتبار سامانهٔ پیامک {self.name} رو به پایان است: {left}")
        filled = credit > before.credit if before.credit is not None else credit > 0
        if before.exhausted and (filled or (low is not None and credit >= low)):
            await self._open(filled=True)

    async def _ask_credit(self) -> int | None:
        try:
            credit = await self.provider.credit()
        except CreditUntold:
            return None
        except ProviderError as error:
            log.warning("credit unknown", action="credit_unknown", provider=self.name, reason=str(error))
            return None
        await self.redis.hset(names.line(self.name), mapping={"credit": credit, "credit_at": ms(self.clock.now())})
        return credit

    async def _pause(self, failed: Failed, *, at_least: timedelta) -> None:
        """Nothing leaves by this line for a while: each time longer, until it has worked again."""
        at_least = max(at_least, timedelta(seconds=failed.retry_after or 0))
        account = failed.failure is Failure.ACCOUNT
        key, patience, now = names.line(self.name), self.patience, self.clock.now()
        if failed.no_credit:  # what is left is asked anew: it was enough a moment ago
            await self.redis.hdel(key, "credit")
        wait, tell = await _PAUSE.run(
            self.redis,
            [key],
            ms(now),
            at_least // _MILLISECOND,
            failed.reason,
            ms(now + patience.exhausted) if failed.no_credit else "",
            "alert" if account else "",
            *(pause // _MILLISECOND for pause in doubling(patience.shortest, patience.longest)),
        )
        self._failures = 0
        if wait:
            facts = {"provider": self.name, "code": failed.code, "reason": failed.reason, "seconds": int(wait) / 1000}
            log.error("line paused", action="line_paused", **facts)
        if tell:
            await self.alert(
                f"paused:{self.name}", f"ارسال پیامک با {self.name} متوقف شد: {reasons.told(failed.reason)}."
            )

    async def _open(self, *, filled: bool = False) -> None:
        """End its pause; ``filled`` says that it has credit again, so that all kinds of texts may leave by it."""
        more = ("exhausted",) if filled else ()
        await self.redis.hdel(names.line(self.name), "until", "reason", "pauses", "probe_until", "told", *more)
        self._failures = 0
        log.info("line open again", action="line_opened", provider=self.name)


@dataclass(frozen=True, slots=True)
class Accounts:
    """Every account that texts may leave by, the preferred one first. ``routes`` are those that have outboxes of their
    own: sources with lines of their own, and what is left of ladders."""

    each: Sequence[Account]
    ladders: Ladders
    routes: set[str] = field(default_factory=set)

    def __iter__(self) -> Iterator[Account]:
        return iter(self.each)

    async def standings(self) -> list[BreakerState]:
        return (await self.look([]))[0]

    async def look(self, more: Sequence[Command]) -> tuple[list[BreakerState], list[Any]]:
        """How all are doing, and what the store answers to more questions, in one round trip."""
        questions = [account.question for account in self.each]
        answers = checked(await many(self.each[0].redis, [*questions, *more]))
        standings = [account.standing_of(answer) for account, answer in zip(self.each, answers, strict=False)]
        return standings, answers[len(standings) :]

    def takers(self, standings: Sequence[BreakerState], now: datetime) -> Mapping[str, Collection[str]]:
        """By route, "" being that of all: the accounts that may take from its outbox now."""
        known = {line.name: standing for line, standing in zip(self.each, standings, strict=True)}
        chains = {route: self.ladders.chain(route) for route in ("", *self.routes)}
        return {route: _takers({name: known[name] for name in chain}, now) for route, chain in chains.items()}

    def of(self, sources: Collection[str] | None) -> Collection[str]:
        """The names of those by which texts of some sources leave; of all, where none are named."""
        if sources is None:
            return [account.name for account in self.each]
        return {name for source in sources for name in self.ladders.lines(source)}

    def named(self, name: str) -> Account | None:
        return next((account for account in self.each if account.name == name), None)


def _takers(chain: Mapping[str, BreakerState], now: datetime) -> set[str]:
    """The first account that is open; and one on trial ahead of it, for a single message."""
    found = set[str]()
    whole = [one.paused_until is None and not one.exhausted for one in chain.values()]
    for at, (name, standing) in enumerate(chain.items()):
        # A line without credit leaves everything to one behind it that has some.
        if standing.closed(now) or (standing.exhausted and any(whole[at:])):
            continue
        found.add(name)
        if not standing.on_trial:
            break
    return found


def _of_the_line(failed: Failed) -> bool:
    """Whether a failure says something about the line, and not about the one message."""
    lost = failed.failure is Failure.UNKNOWN and failed.code is None
    return lost or failed.failure in (Failure.RETRY, Failure.ACCOUNT)
