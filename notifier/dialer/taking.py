"""Taking news of an exchange, whatever way it comes."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from notifier.dialer.reading import DialerReader
from notifier.domain.dialing import DialAttempt, DialNews, DialWord, UnknownDial

_OF_EXTENSIONS = frozenset({DialWord.AGENT_RINGING, DialWord.AGENT_ANSWERED})
"""What is also said of every other call in the house."""


@dataclass(frozen=True, slots=True)
class DialerNews:
    """``heard`` takes news of an attempt, and raises UnknownDial; ``inbound`` that somebody calls; ``now``: unix ms."""

    reader: DialerReader
    heard: Callable[[DialNews], Awaitable[DialAttempt]]
    inbound: Callable[[DialNews], Awaitable[None]]
    now: Callable[[], int]

    async def take(self, document: Mapping[str, Any]) -> None:
        """Take what was said. Raises DialerOdd for what nobody understands, UnknownDial, StoreAway."""
        news = self.reader.read(document, self.now())
        if news.word is DialWord.NOTHING:
            return
        if news.word is DialWord.INBOUND:
            if news.number:
                await self.inbound(news)
            return
        try:
            await self.heard(news)
        except UnknownDial:
            if news.word in _OF_EXTENSIONS and not (news.attempt or news.reference):
                return
            raise
