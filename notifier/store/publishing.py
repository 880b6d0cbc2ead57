"""What those who make something true ask of whoever tells others: to have it told by the same unit of work."""

from collections.abc import Callable

from notifier.domain.domain_events import DomainEvent
from notifier.store.keys import Keys
from notifier.store.work import UnitOfWork

Publish = Callable[[UnitOfWork, Keys, DomainEvent], None]
"""Adds to the unit what has a fact told, once the unit is committed."""


def no_op(unit: UnitOfWork, keys: Keys, fact: DomainEvent) -> None:
    """Where no_op wants to know anything."""
