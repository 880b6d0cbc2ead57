"""What is handed in to those who have something to tell: others, by the same unit of work, or the supervisors."""

from collections.abc import Awaitable, Callable, Sequence

from notifier.domain.calls import Call
from notifier.domain.domain_events import DomainEvent
from notifier.domain.messages import Message
from notifier.store import writes
from notifier.store.keys import Keys
from notifier.store.staff import Staff
from notifier.store.work import UnitOfWork

Publish = Callable[[UnitOfWork, Keys, DomainEvent], None]
"""Adds to the unit what has a fact told, once the unit is committed."""

Retract = Callable[[UnitOfWork, Keys, DomainEvent], list[tuple[str, str]]]
"""Adds to the unit what keeps a fact from being told that is not true any more. Returns where it lies as long as it was
not told: hashes and fields."""

Alert = Callable[[str, str], Awaitable[None]]
"""Tells the supervisors: what kind of trouble, and a sentence in Persian."""


TellStaff = Callable[[UnitOfWork, Keys, Staff, Message, Sequence[tuple[Call, str]]], None]
"""Adds to the unit what has one of the staff told, by whatever channel, once the unit is committed: the text, and the
calls it is about, each with the reason."""


def by_text(unit: UnitOfWork, keys: Keys, staff: Staff, message: Message, calls: Sequence[tuple[Call, str]]) -> None:
    """Where there is no channel but the SMS."""
    writes.queue_message(unit, keys, message)


TellBeside = Callable[[Keys, Staff, Message, str], Awaitable[UnitOfWork]]
"""What has one of the staff told of a kind of trouble by all they have beside the SMS; no operations where that is
nothing."""


async def nobody_beside(keys: Keys, staff: Staff, message: Message, kind: str) -> UnitOfWork:
    """Where there is no channel but the SMS."""
    return UnitOfWork()


def no_op(unit: UnitOfWork, keys: Keys, fact: DomainEvent) -> None:
    """Where nobody wants to know anything."""


def nothing_told(unit: UnitOfWork, keys: Keys, fact: DomainEvent) -> list[tuple[str, str]]:
    """Where nobody was told anything."""
    return []
