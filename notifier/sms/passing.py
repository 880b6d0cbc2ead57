"""Rungs that a message is not asked to leave by, since nothing leaves by their lines: told like those it tried."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from msgspec.structs import replace

from notifier.clock import Clock
from notifier.domain.channels import Channel
from notifier.domain.ladder import CALL, Descent, Unreached, is_ladder
from notifier.domain.messages import Audience
from notifier.sms.accounts import Accounts, BreakerState
from notifier.sms.outbox import ClaimedMessage
from notifier.store.reading import StoredMessage

PATIENCE = timedelta(minutes=30)
"""So long a text waits for a machine that is away to call, where no ``wait`` says otherwise, until a person does."""


@dataclass(frozen=True, slots=True)
class Passing:
    """Looks at how the lines are doing only where a message leaves by another rung than its first, or by none."""

    accounts: Accounts
    clock: Clock

    async def noted(self, line: str, claimed: list[ClaimedMessage]) -> list[ClaimedMessage]:
        """Messages that this line is about to have, with the rungs before it that nobody has asked to bring them."""
        ladders = self.accounts.ladders
        above = {route: ladders.above(route, line) for route in {one.message.route for one in claimed}}
        if not any(above.values()):
            return claimed
        passed = {rung: self._passed(rung, await self._standing(rung)) for rungs in above.values() for rung in rungs}
        return [replace(one, passed=_new(one, passed, above[one.message.route])) for one in claimed]

    async def closed(self) -> Mapping[str, Descent]:
        """By line: those that nothing leaves by now, or no more than a text that tries whether they work again."""
        standings = await self.accounts.standings()
        return {
            line.name: self._passed(line.name, standing)
            for line, standing in zip(self.accounts, standings, strict=True)
            if standing.on_trial or standing.exhausted
        }

    async def is_person_left(self, route: str) -> bool:
        """Whether a machine that calls is all that is left of a route before a person, and nobody is called by it."""
        ladders, now = self.accounts.ladders, self.clock.now()
        lines = ladders.chain(route) if is_ladder(route) and CALL in ladders.rungs(route) else []
        if not lines or any(ladders.channels[line] is not Channel.VOICE for line in lines):
            return False
        return all([(await self._standing(line)).closed(now) for line in lines])

    def has_waited(self, stored: StoredMessage) -> bool:
        """Whether a message has waited for its rung as long as it may before a person has it instead."""
        ladders, message = self.accounts.ladders, stored.message
        if not stored.descents or not message.essential or not ladders.has_call(message):
            return False
        patience = ladders.waits.get(ladders.chain(message.route)[0], PATIENCE)
        return self.clock.now() - stored.descents[-1].at >= patience

    def in_vain(self, stored: StoredMessage, closed: Mapping[str, Descent]) -> list[Descent]:
        """The rungs of a ladder that a message has waited for until it was too late."""
        ladders, route = self.accounts.ladders, stored.message.route
        if not stored.descents and len([rung for rung in ladders.rungs(route) if rung != CALL]) == 1:
            return []  # one text and no ladder
        behind = {one.provider for one in stored.descents}
        return [closed[rung] for rung in ladders.chain(route) if rung in closed and rung not in behind]

    def _passed(self, rung: str, standing: BreakerState) -> Descent:
        return Descent(
            at=self.clock.now(),
            provider=rung,
            channel=self.accounts.ladders.channels[rung],
            why=Unreached.NO_CREDIT if standing.exhausted else Unreached.PAUSED,
            reason="" if standing.exhausted else standing.reason,
        )

    async def _standing(self, rung: str) -> BreakerState:
        line = self.accounts.named(rung)
        return await line.standing() if line is not None else BreakerState()


def _new(one: ClaimedMessage, passed: Mapping[str, Descent], above: Sequence[str]) -> tuple[Descent, ...]:
    """Rungs that a message has not behind it already."""
    if one.message.audience is not Audience.CUSTOMER:
        return ()  # staff are told where they are told all else
    since = one.message.to_since
    behind = {descent.provider for descent in one.descents if not descent.is_of_former_phone(since)}
    return tuple(passed[rung] for rung in above if rung not in behind)
