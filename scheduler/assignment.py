"""Assignment: who gets a call. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from notifier.store.staff import Role, Staff
from scheduler import times
from scheduler.calendar import WEEKDAYS, Calendar

_Days = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(slots=True)
class Shifts:
    """When each of the staff works: as their own week and their special days say, else as the shop's; on holidays
    nobody, and nobody while they are absent."""

    shop: Calendar

    def of(self, staff: Staff) -> Calendar:
        """Somebody's calendar, their absences left aside."""
        return _calendar(self.shop, _hashable(staff.shifts), _hashable(staff.special))

    def on(self, staff: Staff, at: int) -> bool:
        """Whether they work at a time (unix ms)."""
        return staff.absence(at) is None and self.of(staff).is_working(times.moment(at))

    def start(self, staff: Staff, at: int) -> int | None:
        """When the shift began that they are in at a time; None outside all shifts."""
        return self.of(staff).shift_start(times.moment(at)) if staff.absence(at) is None else None


def _hashable(days: dict[str, list[str]]) -> _Days:
    return tuple(sorted((day, tuple(hours)) for day, hours in days.items()))


@lru_cache(maxsize=256)
def _calendar(shop: Calendar, week: _Days, special: _Days) -> Calendar:
    found = shop
    if week:
        hours = dict(week)
        working: set[date] = {day for day in shop.opened if hours.get(tuple(WEEKDAYS)[day.weekday()])}
        found = Calendar.of(hours, holidays=shop.holidays, closed=shop.closed, opened=working, zone=shop.zone)
    return found.with_special({date.fromisoformat(day): hours for day, hours in special}) if special else found


@dataclass(slots=True)
class StaffOnShift:
    """The staff at one moment. ``loads`` counts open calls by staff id and is kept up as calls are given."""

    staff: Sequence[Staff]
    shifts: Shifts
    loads: dict[str, int] = field(default_factory=dict)
    _by_id: dict[str | None, Staff] = field(init=False)

    def __post_init__(self) -> None:
        self._by_id = {one.id: one for one in self.staff}

    def active(self, staff_id: str | None) -> Staff | None:
        """Who has this id, unless they left or make no calls."""
        found = self._by_id.get(staff_id)
        return found if found is not None and found.makes_calls else None

    def present(self, staff_id: str | None, at: int) -> Staff | None:
        """Who has this id, unless they left or are absent at a time (unix ms); their shift may be over."""
        found = self.active(staff_id)
        return found if found and found.absence(at) is None else None

    def on_shift(self, role: Role, at: int, *, sources: Collection[str] = ()) -> list[Staff]:
        """Who of a role works at a time and calls the customers of these sources."""
        there = [one for one in self.staff if one.active and one.role is role and one.serves(sources)]
        return [one for one in there if self.shifts.on(one, at)]

    def supervisors(self, at: int, *, sources: Collection[str] = ()) -> list[Staff]:
        """The supervisors on shift; where none is, those who are not absent, and at last all: of these sources, and
        where they have none, of any."""
        everybody = [one for one in self.staff if one.active and one.role is Role.SUPERVISOR]
        theirs = [one for one in everybody if one.serves(sources)] or everybody
        there = [one for one in theirs if one.absence(at) is None]
        return [one for one in theirs if self.shifts.on(one, at)] or there or theirs

    def choose(self, at: int, *, known: str | None, sources: Collection[str] = ()) -> str | None:
        """Who calls at a time: whoever knows the customer, else the least loaded; None leaves it to the pool."""
        agents = self.on_shift(Role.AGENT, at, sources=sources)
        if not agents:
            return None
        ids = [agent.id for agent in agents]
        chosen = known if known in ids else min(ids, key=lambda one: (self.loads.get(one, 0), one))
        self.loads[chosen] = self.loads.get(chosen, 0) + 1
        return chosen

    def dealt(self, calls: Sequence[Collection[str]], at: int, *, but: str | None = None) -> list[str | None]:
        """Calls, each by its sources, divided evenly among the agents on shift, else among those who are not absent:
        whose each is; None where nobody there calls these customers.

        ``but`` gets none. Whoever has least at the beginning gets the odd ones. Empty where nobody is there.
        """
        on = [one for one in self.on_shift(Role.AGENT, at) if one.id != but]
        there = [one for one in self.staff if one.active and one.role is Role.AGENT and one.id != but]
        agents = on or [one for one in there if one.absence(at) is None]
        turns = dict.fromkeys((one.id for one in agents), 0)
        whose: list[str | None] = []
        for sources in calls:
            able = [one.id for one in agents if one.serves(sources)]
            chosen = min(able, key=lambda one: (turns[one], self.loads.get(one, 0), one), default=None)
            if chosen is not None:
                turns[chosen] += 1
            whose.append(chosen)
        return whose if agents else []
