"""A day's deliveries as an iCalendar file (RFC 5545), for the calendar on a courier's phone."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from notifier.domain import persian
from notifier.domain.door import money_words, place_of
from notifier.domain.events import AgreedTime
from notifier.domain.orders import Order


def delivery_feed(orders: Sequence[Order], day: date, *, now: datetime, zone: ZoneInfo, shop: str) -> bytes:
    """The calendar of what is agreed upon; an order keeps its identity when its time changes."""
    calendar = Calendar()
    calendar.add("prodid", "-//order-notifier//deliveries//FA")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", f"تحویل‌های {day.isoformat()} – {shop}")
    for order in orders:
        if order.delivery is not None and order.delivery.date == day:
            calendar.add_component(_event(order, order.delivery, now, zone))
    return bytes(calendar.to_ical())


def _event(order: Order, agreed: AgreedTime, now: datetime, zone: ZoneInfo) -> Event:
    event, details = Event(), order.details
    assert agreed is not None
    event.add("uid", f"delivery-{order.source}-{order.id}@order-notifier")
    event.add("sequence", order.v)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", datetime.combine(agreed.date, agreed.start, zone).astimezone(UTC))
    event.add("dtend", datetime.combine(agreed.date, agreed.end, zone).astimezone(UTC))
    event.add("summary", f"تحویل سفارش {order.number} – {persian.tidy(details.name or '')}")
    if place := place_of(order):
        event.add("location", place)
    goods = "، ".join(f"{item.name} × {item.quantity}" for item in details.items or ())
    event.add("description", "\n".join(filter(None, (details.phone, money_words(order), goods, details.note))))
    return event
