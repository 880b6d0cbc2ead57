"""What is handed in to those who have something to tell: others, by the same unit of work, or the supervisors."""

from collections.abc import Awaitable, Callable

from notifier.domain.domain_events import DomainEvent
from notifier.store.keys import Keys
from notifier.store.work import UnitOfWork

Publish = Callable[[UnitOfWork, Keys, DomainEvent], None]
"""Adds to the unit what has a fact told, once the unit is committed."""

Retract = Callable[[UnitOfWork, Keys, DomainEvent], list[tuple[str, str]]]
"""Adds to the unit what keeps a fact from being told that is not true any more. Returns where it lies as long as it was
not told: hashes and fields."""

Alert = Callable[[str, str], Awaitable[None]]
"""Tells the supervisors: what kind of trouble, and a sentence in Persian."""


def no_op(unit: UnitOfWork, keys: Keys, fact: DomainEvent) -> None:
    """Where nobody wants to know anything."""


def nothing_told(unit: UnitOfWork, keys: Keys, fact: DomainEvent) -> list[tuple[str, str]]:
    """Where nobody was told anything."""
    return []
