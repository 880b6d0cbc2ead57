"""Everything about calls, put together from the configuration."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from redis.asyncio import Redis

from notifier.clock import Clock
from notifier.config import Config
from notifier.diagnostics import offline
from notifier.domain.events import Event
from notifier.domain.policy import Rulebook
from notifier.sms.templates import Template
from notifier.store.publishing import Tell, nobody
from notifier.store.reading import Reader
from notifier.store.staff import StaffBook
from scheduler.assignment import Shifts
from scheduler.book import CallBook
from scheduler.reminders import Reminders
from scheduler.reporting import Reporting
from scheduler.texts import Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """The parts that plan, hand out, remind of and report calls."""

    book: CallBook
    staff: StaffBook
    texts: Texts
    reporting: Reporting
    reminders: Reminders

    def take_up(self, config: Config, rulebook: Rulebook) -> None:
        """Go on by a changed configuration. Shifts and texts are those of reporting as well."""
        calendar, reminders = offline.calendar(config), self.reminders
        self.book.rules, self.book.calendar = config.calls.rules(), calendar
        reminders.shifts.shop, reminders.summary_at = calendar, config.calls.summary_at
        self.texts.shop, self.texts.texting_time = rulebook.shop, rulebook.texting_time


def calling(
    config: Config,
    redis: Redis,
    reader: Reader,
    clock: Clock,
    *,
    rulebook: Rulebook,
    templates: Mapping[str, Template],
    take: Callable[[Event], Awaitable[None]],
    tell: Tell = nobody,
) -> Calling:
    """The parts of a configuration; ``take`` takes an event as if a shop had posted it."""
    calendar, staff = offline.calendar(config), StaffBook(redis)
    book = CallBook(redis, reader, clock, config.calls.rules(), calendar)
    shifts = Shifts(calendar)
    texts = Texts(rulebook.shop, templates, rulebook.namespace, rulebook.texting_time)
    return Calling(
        book=book,
        staff=staff,
        texts=texts,
        reporting=Reporting(book, staff, shifts, texts, take, tell),
        reminders=Reminders(book, staff, shifts, texts, summary_at=config.calls.summary_at, tell=tell),
    )
