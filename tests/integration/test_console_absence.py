"""Shifts, vacations and who is away: the console writes them down, and calls go to others at once."""

import asyncio
from datetime import timedelta
from zlib import crc32

import pytest
from call_fixtures import TEN
from console_browser import Desk, hire
from msgspec.structs import replace
from shops import Client, StandardShop

from notifier.clock import StillClock
from notifier.domain.calls import CallRequest, CallState, Purpose
from notifier.service.process import Service
from notifier.store import audit
from notifier.store.audit import Act, Wanted
from notifier.store.keys import Keys, partition_of
from notifier.store.records import ms


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire(service)
    found = Desk(client, shop, service, clock)
    await found.open()
    return found


async def plan(desk: Desk, count: int, *, hours: float = 0, purpose: Purpose = Purpose.SATISFACTION) -> list[str]:
    """So many calls of as many customers, that are due in so many hours."""
    now, ids = desk.clock.now(), []
    for number in range(count):
        order = f"{purpose}-{hours}-{number}"
        phone = f"0912{crc32(order.encode()) % 10**7:07}"
        keys = Keys(partition_of(phone, desk.service.reader.partitions))
        request = CallRequest(
            id=f"call-{order}", purpose=purpose, order_id=order, source="shop", phone=phone, name=f"مشتری {number}",
            due_at=now + timedelta(hours=hours), created_at=now,
        )  # fmt: skip
        await desk.service.calling.book.plan(keys, request)
        ids.append(request.id)
    return ids


async def whose(desk: Desk, ids: list[str]) -> list[str | None]:
    return [(await desk.call(one)).assignee for one in ids]


async def acts(desk: Desk) -> list[Act]:
    return [entry.act async for _, entry in audit.read(desk.service.reader, Wanted())]


@pytest.mark.parametrize("partitions", [1, 5])
async def test_switching_somebody_off_frees_their_calls(desk: Desk) -> None:
    due, later = await plan(desk, 6), await plan(desk, 4, hours=30)
    await desk.tick()
    theirs = [one for one in due if (await desk.call(one)).assignee == "reza"]
    assert len(theirs) == 3
    await desk.reza.post(f"/calls/{theirs[0]}/claim")
    await desk.service.calling.handing.hand(await desk.service.calling.handing.where(later), ["reza"], "boss")
    page = await desk.boss.post("/staff/reza", do="off")
    assert "غیرفعال شد و ۷ تماس باز او بدون مسئول شد" in page.words
    assert await whose(desk, [*theirs, *later]) == [None] * 7
    assert {(await desk.call(one)).state for one in theirs} == {CallState.DUE}
    page = await desk.sara.get("/")
    assert "بدون مسئول ۳" in page.words
    await desk.tick(hours=20)  # what comes up is given to who is there, when its time is near
    assert set(await whose(desk, later)) == {"sara"}


async def test_what_a_process_that_died_left_is_handed_over_by_the_next_tick(desk: Desk) -> None:
    calls = await plan(desk, 4)
    await desk.tick()
    await desk.service.staff.change("reza", lambda one, unit: replace(one, active=False))
    await desk.tick()
    assert "reza" not in await whose(desk, calls)


async def test_somebody_ill_is_away_at_once_and_back(desk: Desk) -> None:
    due, soon = await plan(desk, 4), await plan(desk, 2, hours=1, purpose=Purpose.COORDINATION)
    await desk.tick()
    mine = [one for one in due if (await desk.call(one)).assignee == "reza"]
    page = await desk.reza.post("/absence/away", do="away", note="سرما خورده‌ام")
    assert "۲ تماس او به دیگران رفت" in page.words
    assert "نیست، از امروز ۱۰:۰۰" in page.words
    assert await whose(desk, mine) == ["sara", "sara"]
    await desk.tick(hours=1)
    assert set(await whose(desk, soon)) == {"sara"}
    page = await desk.boss.get("/desk")
    assert 'value="reza"' not in page.text  # nobody hands calls to who is away
    refused = await desk.boss.post("/desk/move", call=mine[0], to="reza")
    assert (refused.status, "اکنون نیست" in refused.words) == (422, True)
    page = await desk.boss.post("/absence/reza/away", do="back")
    assert "بیرون از شیفت" in page.words or "سر کار" in page.words
    fresh = await plan(desk, 3, purpose=Purpose.REASSURANCE, hours=0.1)
    await desk.tick(minutes=10)
    assert "reza" in await whose(desk, fresh)
    assert (await acts(desk)).count(Act.ABSENCE_CHANGED) == 2


@pytest.mark.parametrize("partitions", [1, 5])
async def test_a_vacation_by_the_jalali_calendar(desk: Desk) -> None:
    tomorrow, after = await plan(desk, 3, hours=25), await plan(desk, 1, hours=24 * 6, purpose=Purpose.COORDINATION)
    handing = desk.service.calling.handing
    await handing.hand(await handing.where([*tomorrow, *after]), ["reza"], "boss")
    page = await desk.boss.get("/absence/reza")
    assert 'name="from" value="2026-11-24" aria-label="سه‌شنبه ۳ آذر"' in page.text
    dates = {"from": "2026-11-24", "to_text": "۱۴۰۵/۰۹/۰۵", "note": "سفر"}
    page = await desk.boss.post("/absence/reza/vacation", **dates)
    assert "مرخصی فردا ۰۰:۰۰ تا جمعه ۶ آذر، ۰۰:۰۰" in page.words
    assert "۳ تماس او به دیگران رفت" in page.words
    assert await whose(desk, tomorrow) == ["sara"] * 3
    assert await whose(desk, after) == ["reza"]  # on Sunday they are back
    await desk.tick(hours=24)
    reza = await desk.service.staff.get("reza")
    assert reza
    assert not desk.service.calling.shifts.on(reza, desk.service.calling.book.now())
    page = await desk.boss.get("/absence")
    assert "نیست تا جمعه ۶ آذر، ۰۰:۰۰" in page.words
    page = await desk.boss.post("/absence/reza/remove", absence=f"{reza.absences[0].start}-{reza.absences[0].end}")
    assert (await desk.service.staff.get("reza")).absences == ()  # type: ignore[union-attr]


async def test_a_week_with_several_spans_and_a_special_day(desk: Desk) -> None:
    week = {"saturday": "۹ تا ۱۳، ۱۴:۳۰ تا ۱۸ و ۲۰:۰۰ تا ۲۲:۰۰", "monday": "9-12"}
    page = await desk.boss.post("/absence/sara/week", do="own", **week)
    assert 'value="۰۹:۰۰ تا ۱۳:۰۰، ۱۴:۳۰ تا ۱۸:۰۰، ۲۰:۰۰ تا ۲۲:۰۰"' in page.text
    sara = await desk.service.staff.get("sara")
    assert sara
    assert sara.shifts["saturday"] == ["09:00-13:00", "14:30-18:00", "20:00-22:00"]
    on = desk.service.calling.shifts.on
    assert (on(sara, ms(TEN)), on(sara, ms(TEN.replace(hour=12)))) == (True, False)
    await desk.boss.post("/absence/sara/special", day="2026-11-27", kind="hours", hours="10-14")  # a Friday
    await desk.boss.post("/absence/sara/special", day="2026-11-28", kind="off")
    sara = await desk.service.staff.get("sara")
    assert sara
    assert on(sara, ms(TEN.replace(day=27, hour=11)))
    assert not on(sara, ms(TEN.replace(day=28, hour=10)))
    await desk.boss.post("/absence/sara/week", do="usual")
    sara = await desk.service.staff.get("sara")
    assert sara
    assert sara.shifts == {}
    assert on(sara, ms(TEN.replace(hour=15)))
    await desk.boss.post("/absence/sara/remove", special="2026-11-28")
    assert (await desk.service.staff.get("sara")).special == {"2026-11-27": ["10:00-14:00"]}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("week", {"do": "own"}),
        ("week", {"do": "own", "monday": "صبح"}),
        ("week", {"do": "own", "monday": "۹ تا ۲۵"}),
        ("week", {"do": "own", "monday": "9-9"}),
        ("week", {"do": "own", "monday": "9-12، 11-14"}),
        ("week", {"do": "own", "monday": "9-10 " * 30}),
        ("special", {"kind": "off"}),
        ("special", {"kind": "hours", "day": "2026-11-27"}),
        ("special", {"kind": "off", "day": "2026-11-01"}),
        ("special", {"kind": "off", "day_text": "۱۴۰۵/۱۳/۴۰"}),
        ("vacation", {}),
        ("vacation", {"from": "2026-11-25", "to": "2026-11-24"}),
        ("vacation", {"from": "2026-11-25", "to_text": "9999/1/1"}),
        ("vacation", {"from": "2026-11-25", "from_hour": "99:99"}),
        ("away", {"do": "gone"}),
    ],
)
async def test_what_makes_no_sense_changes_nothing(desk: Desk, path: str, form: dict[str, str]) -> None:
    before = await desk.service.staff.get("sara")
    assert (await desk.boss.post(f"/absence/sara/{path}", **form)).status == 422
    assert await desk.service.staff.get("sara") == before


async def test_only_supervisors_change_others(desk: Desk) -> None:
    for path in ("week", "special", "vacation", "away", "remove"):
        assert (await desk.sara.post(f"/absence/reza/{path}", do="away")).status == 403
    assert (await desk.sara.get("/absence/reza")).status == 403
    assert (await desk.sara.get("/absence")).status == 200
    assert (await desk.boss.get("/absence/nobody")).status == 404
    assert (await desk.sara.post("/desk/snooze", all="1")).status == 403


@pytest.mark.parametrize("partitions", [1, 5])
async def test_all_of_somebodys_calls_evenly_or_to_one(desk: Desk) -> None:
    calls = [*await plan(desk, 5), *await plan(desk, 130, hours=50, purpose=Purpose.COORDINATION)]
    handing = desk.service.calling.handing
    await handing.hand(await handing.where(calls), ["boss"], "boss")
    page = await desk.boss.get("/desk?who=boss")
    assert "همهٔ ۱۳۵ تماس" in page.words
    assert "و ۳۵ تماس دیگر" in page.words
    page = await desk.boss.post("/desk/move", who="boss", all="1", to="=")
    assert "۱۳۵ تماس به‌طور مساوی میان همکاران تقسیم شد" in page.words
    loads = [len(await handing.all_of(one)) for one in ("sara", "reza", "boss")]
    assert loads == [67, 68, 0]
    await desk.boss.post("/desk/move", who="sara", all="1", to="reza")
    assert [len(await handing.all_of(one)) for one in ("sara", "reza")] == [0, 135]
    assert (await acts(desk)).count(Act.CALLS_HANDED) == 2


async def test_many_calls_put_off_at_once(desk: Desk) -> None:
    calls = await plan(desk, 3)
    await desk.tick()
    form = {"day": "2026-11-24", "hour": "11", "minute": "30", "who": "sara", "all": "1"}
    page = await desk.boss.post("/desk/snooze", **form)
    assert "تماس به فردا ۱۱:۳۰ رفت" in page.words
    sara = [one for one in calls if (await desk.call(one)).assignee == "sara"]
    assert sara
    assert {(f"{(await desk.call(one)).due_at:%d %H:%M}", (await desk.call(one)).fixed) for one in sara} == {
        ("24 11:30", True)
    }
    assert (await desk.boss.post("/desk/snooze", **form | {"day": "2026-11-22"})).status == 422
    assert (await desk.boss.post("/desk/move", to="=")).status == 422


async def test_two_supervisors_hand_over_at_once(desk: Desk, service: Service) -> None:
    calls = await plan(desk, 40)
    await desk.tick()
    handing = service.calling.handing
    places = await handing.where(calls)
    counts = await asyncio.gather(
        handing.hand(places, ["boss"], "boss"), handing.divided(places, "boss"), handing.to_the_pool("sara", "boss")
    )
    assert all(count is not None for count in counts)
    held = [len(await handing.all_of(one)) for one in ("sara", "reza", "boss")]
    assert sum(held) + len(await handing.in_the_pool()) == 40  # each is in one place, none in two


@pytest.mark.parametrize("partitions", [1, 5])
async def test_the_most_urgent_is_first_however_many_there_are(desk: Desk) -> None:
    await plan(desk, 320)
    await desk.tick(minutes=5)
    urgent = await desk.deposit()
    await desk.tick(minutes=1)
    (call_id,) = [one["id"] for one in urgent["calls"]]
    handing = desk.service.calling.handing
    everything = [*await handing.all_of("sara"), *await handing.all_of("reza"), *await handing.in_the_pool()]
    await handing.hand(everything, ["sara"], "boss")
    page = await desk.sara.get("/")
    assert "۳۲۱ تماس منتظر شماست" in page.words
    assert "۲۰۰+" in page.words
    assert page.text.index(call_id) < page.text.index("/console/calls/call-")
    await handing.to_the_pool("sara", "boss")
    page = await desk.sara.get("/")
    assert "۳۲۱" in page.words
    assert page.text.index(call_id) < page.text.index("/console/calls/call-")
    reza = await desk.service.staff.get("reza")
    assert reza is not None
    assert (await desk.service.calling.book.next_for(reza)).id == call_id  # type: ignore[union-attr]
    page = await desk.boss.get("/desk")
    assert "بدون مسئول ۳۲۱" in page.words
