"""What those who make something true ask of whoever tells others: to have it told by the same unit of work."""

from collections.abc import Callable

from notifier.domain.domain_events import Fact
from notifier.store.keys import Keys
from notifier.store.work import UnitOfWork

Tell = Callable[[UnitOfWork, Keys, Fact], None]
"""Adds to the unit what has a fact told, once the unit is committed."""


def nobody(unit: UnitOfWork, keys: Keys, fact: Fact) -> None:
    """Where nobody wants to know anything."""
