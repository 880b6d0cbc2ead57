"""Slots of delivery: which are offered, and what a time that was agreed upon is among them."""

from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from notifier.clock import TEHRAN
from notifier.config.loading import load
from notifier.diagnostics import offline
from notifier.domain.events import AgreedTime
from notifier.domain.slots import DeliverySlot, SlotMark, SlotRefusal, SlotRule, SlotRules, Timetable, Weekday
from notifier.errors import ConfigError

ROOT = Path(__file__).parents[2]
MONDAY = date(2026, 11, 23)
WEEK = tuple(day for day in Weekday if day is not Weekday.FRIDAY)
RULES = SlotRules(
    slots=(
        SlotRule(region="tehran", weekday=WEEK, start=time(16), end=time(19), places=2),
        SlotRule(region="tehran", weekday=WEEK, start=time(10), end=time(13), places=1),
        SlotRule(region="karaj", weekday=(Weekday.TUESDAY,), start=time(9), end=time(12), places=5),
    ),
    lead=timedelta(hours=3),
    cutoff=time(18),
    horizon=3,
)
TABLE = Timetable(rules=RULES, holiday=lambda day: "عید" if day == date(2026, 11, 25) else None, zone=TEHRAN)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=TEHRAN)


def agreed(day: int, start: int, end: int) -> AgreedTime:
    return AgreedTime(date(2026, 11, day), time(start), time(end))


def _said(slot: DeliverySlot) -> str:
    return f"{slot.date.day} {slot.start:%H}"


@pytest.mark.parametrize(
    ("now", "offered"),
    [
        ("23 06:59", ["23 10", "23 16", "24 10", "24 16", "26 10", "26 16"]),  # the 25th is a holiday
        ("23 07:00", ["23 10", "23 16", "24 10", "24 16", "26 10", "26 16"]),  # just the lead away
        ("23 07:01", ["23 16", "24 10", "24 16", "26 10", "26 16"]),
        ("23 13:01", ["24 10", "24 16", "26 10", "26 16"]),
        ("23 18:00", ["24 10", "24 16", "26 10", "26 16"]),  # after the cutoff the next day begins
    ],
)
def test_what_is_offered_depends_on_the_hour(now: str, offered: list[str]) -> None:
    assert [_said(slot) for slot, _ in TABLE.offered("tehran", at(now), {})] == offered


def test_after_the_cutoff_a_lead_of_a_day_counts_from_the_next_day() -> None:
    slow = Timetable(rules=SlotRules(slots=RULES.slots, lead=timedelta(days=1), cutoff=time(18)), zone=TEHRAN)
    assert _said(slow.open("tehran", at("23 09:59"))[0]) == "24 10"
    assert _said(slow.open("tehran", at("23 17:59"))[0]) == "25 10"
    assert _said(slow.open("tehran", at("22 23:59"))[0]) == "24 10"


def test_a_full_slot_is_not_offered_and_others_say_what_is_left() -> None:
    slots = TABLE.open("tehran", at("23 12:00"))
    offered = TABLE.offered("tehran", at("23 12:00"), {slots[0]: 1, slots[1]: 1, slots[2]: 5})
    assert [(_said(slot), free) for slot, free in offered] == [("23 16", 1), ("26 10", 1), ("26 16", 2)]
    assert TABLE.offered("elsewhere", at("23 12:00"), {}) == []


@pytest.mark.parametrize(
    ("region", "time_", "mark"),
    [
        ("tehran", agreed(24, 16, 19), None),
        ("tehran", agreed(24, 17, 18), None),  # a part of a slot is in it
        ("tehran", agreed(24, 12, 16), SlotMark.OUTSIDE),
        ("tehran", agreed(27, 16, 19), SlotMark.OUTSIDE),  # a Friday
        ("tehran", agreed(25, 16, 19), SlotMark.DAY_OFF),
        ("elsewhere", agreed(25, 16, 19), None),  # there are no slots there, so that nothing is odd
    ],
)
def test_a_fact_is_marked_where_it_is_odd(region: str, time_: AgreedTime, mark: SlotMark | None) -> None:
    assert TABLE.mark(region, time_) is mark


@pytest.mark.parametrize(
    ("time_", "why"),
    [
        (agreed(24, 16, 19), None),
        (agreed(23, 10, 13), SlotRefusal.PAST),
        (agreed(23, 16, 19), SlotRefusal.SOON),
        (agreed(30, 16, 19), SlotRefusal.FAR),
        (agreed(25, 16, 19), SlotRefusal.DAY_OFF),
        (agreed(24, 9, 12), SlotRefusal.OTHER_REGION),
        (agreed(24, 6, 7), SlotRefusal.OUTSIDE),
    ],
)
def test_why_a_time_cannot_be_chosen(time_: AgreedTime, why: SlotRefusal | None) -> None:
    assert TABLE.refusal("tehran", time_, at("23 15:00")) is why


SLOT = '\n[[delivery.slots]]\nregion = "{}"\nweekday = {}\nfrom = "{}"\nto = "{}"\nplaces = {}\n'


def _config(tmp_path: Path, *slots: tuple[object, ...], old: str = "", new: str = "") -> Path:
    file = tmp_path / "config.toml"
    text = (ROOT / "config.toml").read_text(encoding="utf-8").replace('"templates"', f'"{ROOT}/templates"')
    file.write_text(text.replace(old, new) + "".join(SLOT.format(*slot) for slot in slots), encoding="utf-8")
    return file


DAY = '"saturday"'


def test_slots_are_read(tmp_path: Path) -> None:
    delivery = load(_config(tmp_path, ("tehran", DAY, "16:00", "19:00", 12))).delivery
    (slot,) = delivery.slots
    assert (slot.weekday, slot.start, slot.end, slot.places) == ((Weekday.SATURDAY,), time(16), time(19), 12)
    assert (delivery.lead, delivery.horizon, delivery.cutoff) == (timedelta(hours=3), 14, None)


@pytest.mark.parametrize(
    ("slots", "old", "new", "mistake"),
    [
        ([("tehran", DAY, "19:00", "16:00", 1)], "", "", "delivery.slots.0: from 19:00 to 16:00 is no span"),
        ([("tehran", DAY, "16:00", "16:00", 1)], "", "", "delivery.slots.0: from 16:00 to 16:00 is no span"),
        ([("tehran", DAY, "16:00", "19:00", 0)], "", "", "delivery.slots.0.places"),
        ([("tehran", DAY, "16:00", "19:00", 1001)], "", "", "delivery.slots.0.places"),
        ([("tehran", '"shanbeh"', "16:00", "19:00", 1)], "", "", "delivery.slots.0.weekday"),
        ([("tehran", "[]", "16:00", "19:00", 1)], "", "", "delivery.slots.0.weekday"),
        ([("tehran", f"[{DAY}, {DAY}]", "16:00", "19:00", 1)], "", "", "a day stands twice"),
        ([("tehran", DAY, "16:00", "24:00", 1)], "", "", "delivery.slots.0.to"),
        ([("tehran", DAY, "16:00", "19:00", 1), ("tehran", DAY, "18:00", "20:00", 1)], "", "", "overlap on a day"),
        ([], 'lead = "3h"', 'lead = "31d"', "lead must be"),
        ([], "horizon = 14", "horizon = 0", "delivery.horizon"),
        ([], "horizon = 14", "horizon = 61", "delivery.horizon"),
        ([], "horizon = 14", "orizon = 14", "delivery.orizon"),
    ],
)
def test_a_mistake_in_the_slots_is_named(
    tmp_path: Path, slots: list[tuple[object, ...]], old: str, new: str, mistake: str
) -> None:
    with pytest.raises(ConfigError, match=r"config\.toml") as refused:
        load(_config(tmp_path, *slots, old=old, new=new))
    assert mistake in str(refused.value)


def test_slots_side_by_side_or_in_two_regions_overlap_not(tmp_path: Path) -> None:
    side_by_side = ("tehran", DAY, "16:00", "19:00", 1), ("tehran", DAY, "19:00", "21:00", 1)
    delivery = load(_config(tmp_path, *side_by_side, ("elsewhere", DAY, "16:00", "19:00", 1))).delivery
    assert len(delivery.slots) == 3


def test_check_finds_slots_that_nobody_could_have(tmp_path: Path) -> None:
    found = offline.check(_config(tmp_path, ("karaj", DAY, "16:00", "19:00", 1)))
    said = [one.text for one in found if "delivery.slots" in one.text]
    assert len(said) == 1
    assert "delivery.slots.0.region: there is no region 'karaj'" in said[0]
    longer = _config(tmp_path, ("tehran", DAY, "16:00", "19:00", 1), old='lead = "3h"', new='lead = "15d"')
    assert any("delivery.lead: is not shorter" in one.text for one in offline.check(longer))
