"""Replaying kept deliveries after what they met was put right: each goes the way it went when it came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from notifier.errors import Problem, Unprocessable
from notifier.intake.adapter import Answer, Found, FoundLine, ShopAdapter
from notifier.intake.dead_letters import DeadLetter, DeadLetters
from notifier.intake.submitting import Submitter
from notifier.store.bank import TakesLines


class ReplayOutcome(StrEnum):
    TAKEN = "taken"
    KNOWN = "known"  # everything in it was known already
    REFUSED = "refused"
    UNTRUSTED = "untrusted"  # nobody vouched for what came without a good signature
    INCOMPLETE = "incomplete"  # its body was not kept, or is no text


class Replays(Protocol):
    """Replays what came from elsewhere than a shop."""

    def knows(self, source: str) -> bool: ...

    def refusal(self, kept: DeadLetter) -> str: ...

    async def take(self, kept: DeadLetter) -> bool: ...


GONE = frozenset({ReplayOutcome.TAKEN, ReplayOutcome.KNOWN})
"""What is done with: it is kept no longer."""


class Replayed(Struct, frozen=True):
    """What became of one delivery, with the reason where it was not taken."""

    became: ReplayOutcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Replayer:
    """Replays to the shops as they are configured now. Doing it twice sends nothing twice."""

    book: DeadLetters
    shops: Mapping[str, ShopAdapter]
    submitter: Submitter
    lines: TakesLines | None = None
    elsewhere: Sequence[Replays] = ()

    async def replay(self, kept: DeadLetter, *, trust: bool = False) -> Replayed:
        """``trust`` vouches for the sender of what was not signed. Raises StoreAway."""
        shop = self.shops.get(kept.source)
        if shop is None and self._other(kept) is None:
            return Replayed(ReplayOutcome.REFUSED, f"There is no source {kept.source!r} any more.")
        if not kept.whole:
            return Replayed(ReplayOutcome.INCOMPLETE, "Its body was not kept whole: have the shop send it again.")
        if not kept.signed and not trust:
            return Replayed(
                ReplayOutcome.UNTRUSTED, "Nobody knows who sent it: its signature did not match when it came."
            )
        try:
            news = await self._take(shop, kept)
        except Problem as problem:
            if problem.status >= 500:
                raise
            mistakes = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in problem.errors[:3])
            return Replayed(ReplayOutcome.REFUSED, f"{problem.detail} {mistakes}".strip())
        await self.book.remove(kept)
        return Replayed(ReplayOutcome.TAKEN if news else ReplayOutcome.KNOWN)

    def refusal(self, kept: DeadLetter) -> str:
        """Why a replay would be refused by what is known without trying; "" where that is not known."""
        shop = self.shops.get(kept.source)
        if shop is None and (other := self._other(kept)) is not None:
            return other.refusal(kept) if kept.whole else ""
        if shop is None:
            return f"There is no source {kept.source!r} any more."
        if not kept.whole:
            return ""
        try:
            found = shop.replay(kept)
            if isinstance(found, Found):
                return found.question
            if isinstance(found, FoundLine):
                return ""
            return next((part.found.detail for part in found if isinstance(part.found, Problem)), "")
        except Problem as problem:
            return (
                "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in problem.errors[:3])
                or problem.detail
            )

    def _other(self, kept: DeadLetter) -> Replays | None:
        return next((one for one in self.elsewhere if one.knows(kept.source)), None)

    async def _take(self, shop: ShopAdapter | None, kept: DeadLetter) -> bool:
        """False when all in it is known. Raises Problem when it is refused still."""
        if shop is None:
            other = self._other(kept)
            assert other is not None
            return await other.take(kept)
        found = shop.replay(kept)
        if isinstance(found, FoundLine):
            if self.lines is None:
                raise Unprocessable("Lines of accounts are taken by the running service: replay it in the console.")
            return any(one.is_new for one in await self.lines.take(shop.name, [found.line]))
        if isinstance(found, Found):
            if found.question:
                raise Unprocessable(found.question)
            answer = await self.submitter.submit(shop, found.delivery)
            if isinstance(answer, Problem):
                raise answer
            return answer.is_news
        answers = [answer for _, answer in await self.submitter.submit_all(shop, found)]
        if refused := [answer for answer in answers if isinstance(answer, Problem)]:
            raise Unprocessable(f"{len(refused)} of its {len(answers)} events are refused: {refused[0].detail}")
        return any(isinstance(answer, Answer) and answer.is_news for answer in answers)
