"""Everything about calls, put together from the configuration."""

from collections.abc import Awaitable, Callable

from notifier.clock import Clock
from notifier.config import Config
from notifier.domain.events import Event
from notifier.domain.policy import Rulebook
from notifier.store.publishing import Publish, Retract, TellStaff, by_text, no_op, nothing_told
from notifier.store.reading import Reader
from notifier.store.staff import StaffBook
from scheduler.assignment import Shifts
from scheduler.book import CallBook
from scheduler.calling import Calling
from scheduler.reminders import Reminders
from scheduler.reporting import Reporting
from scheduler.texts import StaffTexts
from scheduler.undoing import Undoing


def calling(
    config: Config,
    reader: Reader,
    clock: Clock,
    *,
    rulebook: Rulebook,
    take: Callable[[Event], Awaitable[None]],
    publish: Publish = no_op,
    retract: Retract = nothing_told,
    tell_staff: TellStaff = by_text,
) -> Calling:
    """The parts of a configuration; ``take`` takes an event as if a shop had posted it."""
    calendar, staff = config.calendar.calendar(config.shop.zone), StaffBook(reader.redis)
    book = CallBook(reader.redis, reader, clock, config.calls, calendar)
    shifts = Shifts(calendar)
    texts = StaffTexts(rulebook)
    return Calling(
        book=book,
        staff=staff,
        texts=texts,
        reporting=Reporting(book, staff, shifts, texts, take, publish),
        undoing=Undoing(book, retract),
        reminders=Reminders(
            book,
            staff,
            shifts,
            texts,
            summary_at=config.calls.summary_at,
            publish=publish,
            tell_staff=tell_staff,
        ),
    )
