"""Times of day that are upside down: customers would be phoned at night, or hear of their order only then."""

from collections.abc import Iterator
from datetime import time, timedelta

from notifier.config import Config
from notifier.diagnostics import findings
from notifier.diagnostics.findings import Finding
from scheduler.calendar import Shift

_LONGEST = 12 * 60  # minutes of a span over midnight; a longer one is a day's span whose ends changed places
_NOON = time(12)


def mistimed(config: Config) -> Iterator[Finding]:
    """A finding for each."""
    for day, spans in config.calendar.hours.items():
        for span in spans:
            yield from _span(f"{config.file}: calendar.hours.{day}", span)
    quiet = config.quiet_hours
    if quiet.enabled and quiet.covers(_NOON):
        text = (
            f"are from {quiet.start:%H:%M} to {quiet.end:%H:%M}, which is the day: texts that can wait would be sent "
            "at night; write when the night begins in from, and when it ends in to"
        )
        yield findings.error(f"{config.file}: quiet_hours", text)
    owned = {
        f"sources.{name}.shop": source.shop.deposit_deadline for name, source in config.sources.items() if source.shop
    }
    for section, deadline in {"shop": config.shop.deposit_deadline, **owned}.items():
        if deadline is not None and deadline <= timedelta():
            text = 'leaves customers no time to pay; write how long a transfer is awaited, such as "24h"'
            yield findings.error(f"{config.file}: {section}.deposit_deadline", text)


def _span(where: str, text: str) -> Iterator[Finding]:
    try:
        shift = Shift.parse(text)
    except ValueError:  # told where the calendar is made
        return
    if shift.end > 24 * 60 and shift.end - shift.start > _LONGEST:
        begin, _, end = text.partition("-")
        said = (
            f"{text} lasts through the night into the next day; if {end.strip()}-{begin.strip()} is meant, write that"
        )
        yield findings.error(where, said)
