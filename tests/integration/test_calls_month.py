"""The clock turned through Farvardin 1406, with Nowruz, two lunar holidays and Thirteen's day in it."""

from datetime import date, datetime, timedelta

import pytest
from call_fixtures import BOSS, REZA, SARA
from shops import StandardShop

from notifier.clock import TEHRAN, StillClock
from notifier.domain.calls import CallState
from notifier.domain.events import EventType
from notifier.domain.messages import Audience, MessageState
from notifier.practice import standard
from notifier.service.process import Service
from scheduler.calendar import Calendar

FIRST, LAST = date(2027, 3, 21), date(2027, 4, 20)
NOWRUZ = {date(2027, 3, day) for day in (21, 22, 23, 24)}
NATURE_DAY = date(2027, 4, 2)
STEP = timedelta(minutes=15)


@pytest.fixture
def clock() -> StillClock:
    return StillClock(datetime(2027, 3, 21, 6, tzinfo=TEHRAN))


@pytest.fixture
def calendar(service: Service) -> Calendar:
    return service.config.calendar.calendar(service.config.shop.zone)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_month_with_nowruz(service: Service, shop: StandardShop, clock: StillClock, calendar: Calendar) -> None:
    for one in (SARA, REZA, BOSS):
        await service.staff.put(one)
    planned: dict[str, datetime] = {}
    day, number = FIRST, 0
    while clock.now().date() <= LAST:
        if clock.now().date() == day:  # twice a day, at six and at night, somebody pays
            day += timedelta(days=1)
        if clock.now().hour in (6, 23) and clock.now().minute == 0 and day <= LAST:
            payload = standard.event(EventType.PAID, at=clock.now(), order_id=str(number))
            payload["data"]["customer"] |= {"phone": f"0912{number:07}"}
            for call in (await shop.post(payload)).body["calls"]:
                planned[call["id"]] = datetime.fromisoformat(call["due_at"])
            number += 1
        await service.reminders.tick()
        clock.turn(STEP)

    assert len(planned) > 50
    for due in planned.values():
        assert calendar.is_working(due), due
        assert due.date() not in NOWRUZ | {NATURE_DAY}
        assert due.weekday() != 4
    reader = service.reader
    sets = [(keys, keys.messages(MessageState.QUEUED)) for keys in reader.everywhere]
    found = await reader.messages((await reader.page(sets, after=None, size=5000)).members)
    texts = [one.message for one in found if one.message.audience is Audience.STAFF]
    summaries = [text for text in texts if text.template == "calls_summary"]
    reminders = [text for text in texts if text.template != "calls_summary"]
    assert {text.to for text in texts} == {SARA.phone, REZA.phone, BOSS.phone}
    for text in reminders:
        assert calendar.is_working(text.created_at), f"{text.template} at {text.created_at}"
    assert {text.to for text in summaries} == {BOSS.phone}
    days = [text.created_at.date() for text in summaries]
    assert len(days) == len(set(days))
    assert not set(days) & (NOWRUZ | {NATURE_DAY})
    for one in (SARA, REZA):
        starts = [text.created_at for text in reminders if text.template == "calls_digest" and text.to == one.phone]
        assert len({start.date() for start in starts}) == len(starts)
    sets = [(keys, keys.calls(state)) for keys in reader.everywhere for state in CallState]
    calls = await reader.calls((await reader.page(sets, after=None, size=5000)).members)
    assert {one.call.id for one in calls} == set(planned)
    ripe = [one.call for one in calls if one.call.due_at < clock.now() - timedelta(days=4)]
    assert ripe
    assert {call.state for call in ripe} == {CallState.DUE}
    assert {call.assignee for call in ripe} == {"boss"}, "nobody touched them: the ladder ends there"


async def test_a_night_away_is_caught_up_with_one_reminder(
    service: Service, shop: StandardShop, clock: StillClock
) -> None:
    await service.staff.put(SARA)
    clock.turn_to(datetime(2027, 3, 28, 16, tzinfo=TEHRAN))
    for number in range(40):
        payload = standard.event(EventType.PAID, at=clock.now(), order_id=str(number))
        payload["data"]["customer"] |= {"phone": f"0912{number:07}"}
        await shop.post(payload)
    clock.turn_to(datetime(2027, 3, 29, 10, tzinfo=TEHRAN))  # nobody ticked all night
    assert await service.reminders.tick()
    for _ in range(3):
        assert await service.reminders.tick() == 0
    reader = service.reader
    sets = [(keys, keys.messages(MessageState.QUEUED)) for keys in reader.everywhere]
    found = await reader.messages((await reader.page(sets, after=None, size=500)).members)
    staff = [one.message for one in found if one.message.audience is Audience.STAFF]
    assert len(staff) == 1
