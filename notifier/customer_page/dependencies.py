"""What the customer's page works with, handed in by the service."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from notifier.clock import Clock
from notifier.config import Config
from notifier.domain.policy import Rulebook
from notifier.intake.agreeing import Agreeing
from notifier.intake.delivery import Delivery, Outcome
from notifier.store.reading import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class PageDependencies:
    """``submit`` is the door through which all news comes in; ``secret`` makes the keys of forms; ``agreeing`` says
    that the customer chose a time."""

    config: Config
    reader: Reader
    clock: Clock
    rulebook: Callable[[], Rulebook]
    submit: Callable[[Delivery], Awaitable[Outcome]]
    secret: bytes
    agreeing: Agreeing
