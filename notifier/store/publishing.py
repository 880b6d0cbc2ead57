"""What is handed in to those who have something to tell: others, by the same unit of work, or the supervisors."""

from collections.abc import Awaitable, Callable

from notifier.domain.domain_events import DomainEvent
from notifier.store.keys import Keys
from notifier.store.work import UnitOfWork

Publish = Callable[[UnitOfWork, Keys, DomainEvent], None]
"""Adds to the unit what has a fact told, once the unit is committed."""

Alert = Callable[[str, str], Awaitable[None]]
"""Tells the supervisors: what kind of trouble, and a sentence in Persian."""


def no_op(unit: UnitOfWork, keys: Keys, fact: DomainEvent) -> None:
    """Where nobody wants to know anything."""
