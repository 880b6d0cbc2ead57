"""The people: is there somebody to make the calls, now and in the coming days, and which days are holidays."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

from redis.asyncio import Redis

from notifier.clock import Clock
from notifier.config import Config
from notifier.diagnostics.verdicts import Verdict, error, ok, warning
from notifier.domain.counted import counted
from notifier.store.records import ms
from notifier.store.staff import Role, Staff, StaffBook
from scheduler import holidays
from scheduler.assignment import Shifts

_DAYS = 7
_AHEAD = timedelta(days=90)


async def staff(config: Config, redis: Redis, clock: Clock) -> AsyncIterator[Verdict]:
    """Who there is, and when they work."""
    everybody = await StaffBook(redis).active()
    agents = [one for one in everybody if one.role is Role.AGENT]
    supervisors = sum(one.role is Role.SUPERVISOR for one in everybody)
    if not agents:
        todo = "notifier staff add ID --name … --phone … --role agent"
        yield error("staff", "nobody makes calls: there is no active agent", todo)
    else:
        yield ok("staff", f"{counted(len(agents), 'active agent')}, {counted(supervisors, 'supervisor')}")
    if not supervisors:
        todo = "notifier staff add ID --name … --phone … --role supervisor"
        yield warning("staff", "nobody hears of trouble: there is no supervisor", todo)
    for verdict in _shifts(config, agents, clock) if agents else ():
        yield verdict


def _shifts(config: Config, agents: list[Staff], clock: Clock) -> list[Verdict]:
    calendar = config.calendar.calendar(config.shop.zone)
    shifts, now = Shifts(calendar), clock.now().astimezone(calendar.zone)
    days = [now.date() + timedelta(days=number) for number in range(_DAYS)]
    working = [day for day in days if calendar.why_closed(day) is None]
    bare = [day for day in working if not any(shifts.of(one).why_closed(day) is None for one in agents)]
    todo = "give somebody hours: `notifier staff shift ID saturday=09:00-13:00 …`"
    found = []
    if not working:
        found.append(warning("shifts", f"nobody works in the coming {_DAYS} days", "look at [calendar]"))
    elif len(bare) == len(working):
        found.append(error("shifts", f"no agent works on any working day of the coming {_DAYS}", todo))
    elif bare:
        named = ", ".join(f"{day:%A %Y-%m-%d}" for day in bare)
        found.append(warning("shifts", f"calls are due and no agent works on {named}", todo))
    else:
        found.append(ok("shifts", f"somebody works on every working day of the coming {_DAYS}"))
    on = [one for one in agents if shifts.on(one, ms(now))]
    if on:
        found.append(ok("shifts", f"{len(on)} on shift now"))
    elif calendar.is_working(now):
        found.append(warning("shifts", "it is working time, and no agent is on shift", todo))
    else:
        found.append(ok("shifts", f"nobody is on shift now; calls go on at {calendar.next_working_time(now):%A %H:%M}"))
    return found


async def known_holidays(config: Config, clock: Clock) -> AsyncIterator[Verdict]:
    """Whether the library knows the holidays of the coming months."""
    if not config.calendar.official_holidays:
        yield ok("holidays", "official holidays are switched off; only those of [calendar] count")
        return
    yield _judged(clock.now().date() + _AHEAD)


def _judged(ahead: date) -> Verdict:
    newer = "take a newer library (pip install --upgrade holidays), or name the days in [calendar] closed"
    if ahead > holidays.known_until():
        return error("holidays", f"none are known after {holidays.known_until()}", newer)
    if ahead > holidays.confirmed_until():
        text = f"lunar ones are estimates after {holidays.confirmed_until()}, and may be a day off"
        return warning("holidays", text, f"{newer}, when they are announced")
    return ok("holidays", f"known, and confirmed until {holidays.confirmed_until()}")
