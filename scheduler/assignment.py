"""Assignment: who gets a call. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from notifier.store.staff import Role, Staff
from scheduler import times
from scheduler.calendar import WEEKDAYS, Calendar


@dataclass(slots=True)
class Shifts:
    """When each of the staff works: as their own week says, else as the shop's; on holidays nobody."""

    shop: Calendar

    def of(self, staff: Staff) -> Calendar:
        """Somebody's calendar."""
        return _calendar(self.shop, tuple(sorted((day, tuple(hours)) for day, hours in staff.shifts.items())))

    def on(self, staff: Staff, at: int) -> bool:
        """Whether they work at a time (unix ms)."""
        return self.of(staff).is_working(times.moment(at))

    def start(self, staff: Staff, at: int) -> int | None:
        """When the shift began that they are in at a time; None outside all shifts."""
        return self.of(staff).shift_start(times.moment(at))


@lru_cache(maxsize=256)
def _calendar(shop: Calendar, week: tuple[tuple[str, tuple[str, ...]], ...]) -> Calendar:
    if not week:
        return shop
    hours = dict(week)
    working: set[date] = {day for day in shop.opened if hours.get(tuple(WEEKDAYS)[day.weekday()])}
    return Calendar.of(hours, holidays=shop.holidays, closed=shop.closed, opened=working, zone=shop.zone)


@dataclass(slots=True)
class StaffOnShift:
    """The staff at one moment. ``loads`` counts open calls by staff id and is kept up as calls are given."""

    staff: Sequence[Staff]
    shifts: Shifts
    loads: dict[str, int] = field(default_factory=dict)

    def active(self, staff_id: str | None) -> Staff | None:
        """Who has this id, unless they left."""
        return next((one for one in self.staff if one.id == staff_id and one.active), None)

    def on_shift(self, role: Role, at: int) -> list[Staff]:
        return [one for one in self.staff if one.active and one.role is role and self.shifts.on(one, at)]

    def supervisors(self, at: int) -> list[Staff]:
        """The supervisors on shift; all, where none is."""
        return self.on_shift(Role.SUPERVISOR, at) or [
            one for one in self.staff if one.active and one.role is Role.SUPERVISOR
        ]

    def choose(self, at: int, *, known: str | None) -> str | None:
        """Who calls at a time: whoever knows the customer, else the least loaded; None leaves it to the pool."""
        agents = self.on_shift(Role.AGENT, at)
        if not agents:
            return None
        ids = [agent.id for agent in agents]
        chosen = known if known in ids else min(ids, key=lambda one: (self.loads.get(one, 0), one))
        self.loads[chosen] = self.loads.get(chosen, 0) + 1
        return chosen
