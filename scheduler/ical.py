"""Somebody's calls as an iCalendar feed (RFC 5545), for the calendar on their phone."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from icalendar import Alarm, Calendar, Event

from notifier.domain.calls import Call
from notifier.domain.variables import PURPOSES
from notifier.store.staff import Staff

_LENGTH = timedelta(minutes=10)
_ALARM = timedelta(minutes=-5)


def feed(staff: Staff, calls: Sequence[Call], briefs: Mapping[str, str], *, now: datetime, shop: str) -> bytes:
    """The calendar; a call keeps its identity when its time changes."""
    calendar = Calendar()
    calendar.add("prodid", "-//order-notifier//calls//FA")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", f"تماس‌های {staff.name} – {shop}")
    calendar.add("refresh-interval", timedelta(minutes=5), parameters={"value": "DURATION"})
    for call in sorted(calls, key=lambda call: (call.due, call.id)):
        calendar.add_component(_event(call, briefs.get(call.id, ""), now))
    return bytes(calendar.to_ical())


def _event(call: Call, brief: str, now: datetime) -> Event:
    event, start = Event(), call.due_at.astimezone(UTC)
    event.add("uid", f"call-{call.id}@order-notifier")
    event.add("sequence", call.v)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", start)
    event.add("dtend", start + _LENGTH)
    event.add("summary", f"تماس: {PURPOSES[call.purpose]} – {call.name or call.phone or ''}")
    event.add("description", brief)
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", "تماس")
    alarm.add("trigger", _ALARM)
    event.add_component(alarm)
    return event
