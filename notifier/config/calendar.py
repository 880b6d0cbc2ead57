"""``[calendar]``: when customers are phoned. How is ``[calls]``, in scheduler/rules.py."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from notifier.config.section import Section

if TYPE_CHECKING:
    from scheduler.calendar import Calendar


class CalendarConfig(Section):
    """Weekdays by their English names; a missing day is a day off."""

    hours: dict[Literal["saturday", "sunday", "monday", "tuesday", "wednesday", "thursday", "friday"], list[str]] = {}
    official_holidays: bool = True
    closed: list[date] = []
    open: list[date] = []

    def calendar(self, zone: ZoneInfo) -> "Calendar":
        """When somebody is at work in that zone. Raises ValueError with a sentence."""
        from scheduler import holidays  # takes long, and few commands ask
        from scheduler.calendar import Calendar

        return Calendar.of(
            {day: list(shifts) for day, shifts in self.hours.items()},
            holidays=holidays.official if self.official_holidays else lambda day: None,
            closed=self.closed,
            opened=self.open,
            zone=zone,
            today=datetime.now(zone).date(),
        )
