"""Everything about calls of one process."""

from dataclasses import dataclass
from datetime import time

from notifier.domain.policy import Rulebook
from notifier.store.staff import StaffBook
from scheduler.assignment import Shifts
from scheduler.book import CallBook
from scheduler.calendar import Calendar
from scheduler.handing import HandingOver
from scheduler.reminders import Reminders
from scheduler.reporting import Reporting
from scheduler.rules import CallRules
from scheduler.settling import Settling
from scheduler.texts import StaffTexts
from scheduler.undoing import Undoing


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """The parts that plan, hand out, remind of and report calls."""

    book: CallBook
    staff: StaffBook
    texts: StaffTexts
    reporting: Reporting
    undoing: Undoing
    reminders: Reminders

    @property
    def settling(self) -> Settling:
        return Settling(self.book, self.reporting)

    @property
    def handing(self) -> HandingOver:
        return self.reminders.handing

    @property
    def shifts(self) -> Shifts:
        return self.reminders.shifts

    def take_up(
        self,
        *,
        rules: CallRules,
        calendar: Calendar,
        summary_at: time | None,
        rulebook: Rulebook,
    ) -> None:
        """Go on by a changed configuration. Shifts and texts are those of reporting as well."""
        self.book.rules, self.book.calendar = rules, calendar
        self.reminders.shifts.shop, self.reminders.summary_at = calendar, summary_at
        self.texts.rulebook = rulebook
