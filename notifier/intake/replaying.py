"""Replaying kept deliveries after what they met was put right: each goes the way it went when it came."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct

from notifier.errors import Problem
from notifier.intake.dead_letters import DeadLetter, DeadLetters
from notifier.intake.views import Source


class ReplayOutcome(StrEnum):
    TAKEN = "taken"
    KNOWN = "known"  # everything in it was known already
    REFUSED = "refused"
    UNTRUSTED = "untrusted"  # nobody vouched for what came without a good signature
    INCOMPLETE = "incomplete"  # its body was not kept, or is no text


GONE = frozenset({ReplayOutcome.TAKEN, ReplayOutcome.KNOWN})
"""What is done with: it is kept no longer."""


class Replayed(Struct, frozen=True):
    """What became of one delivery, with the reason where it was not taken."""

    became: ReplayOutcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Replayer:
    """Replays to the sources as they are configured now. Doing it twice sends nothing twice."""

    book: DeadLetters
    sources: Mapping[str, Source]

    async def replay(self, kept: DeadLetter, *, trust: bool = False) -> Replayed:
        """``trust`` vouches for the sender of what was not signed. Raises StoreAway."""
        source = self.sources.get(kept.source)
        if source is None:
            return Replayed(ReplayOutcome.REFUSED, f"There is no source {kept.source!r} any more.")
        if not kept.whole:
            return Replayed(ReplayOutcome.INCOMPLETE, "Its body was not kept whole: have the shop send it again.")
        if not kept.signed and not trust:
            return Replayed(
                ReplayOutcome.UNTRUSTED, "Nobody knows who sent it: its signature did not match when it came."
            )
        try:
            news = await source.replay(kept)
        except Problem as problem:
            if problem.status >= 500:
                raise
            mistakes = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in problem.errors[:3])
            return Replayed(ReplayOutcome.REFUSED, f"{problem.detail} {mistakes}".strip())
        await self.book.remove(kept)
        return Replayed(ReplayOutcome.TAKEN if news else ReplayOutcome.KNOWN)
