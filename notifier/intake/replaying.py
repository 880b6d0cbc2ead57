"""Replaying kept deliveries after what they met was put right: each goes the way it went when it came."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct

from notifier.errors import Problem
from notifier.intake.dead_letters import Kept, KeptBook
from notifier.intake.views import Source


class Became(StrEnum):
    TAKEN = "taken"
    KNOWN = "known"  # everything in it was known already
    REFUSED = "refused"
    UNTRUSTED = "untrusted"  # nobody vouched for what came without a good signature
    INCOMPLETE = "incomplete"  # its body was not kept, or is no text


GONE = frozenset({Became.TAKEN, Became.KNOWN})
"""What is done with: it is kept no longer."""


class Replayed(Struct, frozen=True):
    """What became of one delivery, with the reason where it was not taken."""

    became: Became
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Replayer:
    """Replays to the sources as they are configured now. Doing it twice sends nothing twice."""

    book: KeptBook
    sources: Mapping[str, Source]

    async def replay(self, kept: Kept, *, trust: bool = False) -> Replayed:
        """``trust`` vouches for the sender of what was not signed. Raises StoreAway."""
        source = self.sources.get(kept.source)
        if source is None:
            return Replayed(Became.REFUSED, f"There is no source {kept.source!r} any more.")
        if not kept.whole:
            return Replayed(Became.INCOMPLETE, "Its body was not kept whole: have the shop send it again.")
        if not kept.signed and not trust:
            return Replayed(Became.UNTRUSTED, "Nobody knows who sent it: its signature did not match when it came.")
        try:
            news = await source.replay(kept)
        except Problem as problem:
            if problem.status >= 500:
                raise
            mistakes = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in problem.errors[:3])
            return Replayed(Became.REFUSED, f"{problem.detail} {mistakes}".strip())
        await self.book.remove(kept)
        return Replayed(Became.TAKEN if news else Became.KNOWN)
