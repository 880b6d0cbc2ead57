"""The time of delivery agreed upon with the customer, as news says it and as the order knows it."""

from datetime import date, datetime, time, timedelta

import pytest

from notifier.clock import TEHRAN
from notifier.domain.events import AgreedTime, Details, Event, EventType
from notifier.domain.orders import Order, apply_events
from notifier.errors import Unprocessable
from notifier.intake.standard.payload import validate

E = EventType
NOON = datetime(2026, 11, 23, 12, tzinfo=TEHRAN)
TUESDAY = AgreedTime(date(2026, 12, 1), time(16), time(19))
WEDNESDAY = AgreedTime(date(2026, 12, 2), time(10), time(13))


def _event(kind: EventType, minute: int, delivery: AgreedTime | None = None) -> Event:
    at = NOON + timedelta(minutes=minute)
    return Event(id=f"m{minute}", source="shop", type=kind, order_id="1", at=at, details=Details(delivery=delivery))


def _order(*events: Event) -> Order:
    return apply_events(Order(id="1", source="shop"), events)


def test_the_last_time_agreed_upon_stands_whatever_order_the_news_came_in() -> None:
    agreed, changed = _event(E.DELIVERY_AGREED, 1, TUESDAY), _event(E.DELIVERY_CHANGED, 2, WEDNESDAY)
    assert _order(agreed).delivery == TUESDAY
    assert _order(agreed, changed).delivery == WEDNESDAY == _order(changed, agreed).delivery


def test_a_time_given_up_or_of_a_cancelled_order_stands_no_more() -> None:
    agreed = _event(E.DELIVERY_AGREED, 1, TUESDAY)
    assert _order(agreed, _event(E.DELIVERY_RELEASED, 2)).delivery is None
    assert _order(_event(E.DELIVERY_RELEASED, 0), agreed).delivery == TUESDAY
    assert _order(agreed, _event(E.CANCELLED, 2)).delivery is None


def test_the_same_time_is_no_news_until_another_one_stood() -> None:
    agreed, again = _event(E.DELIVERY_AGREED, 1, TUESDAY), _event(E.DELIVERY_AGREED, 5, TUESDAY)
    assert _order(agreed).knows(again)
    assert not _order(agreed, _event(E.DELIVERY_CHANGED, 3, WEDNESDAY)).knows(again)
    assert not _order(agreed, _event(E.DELIVERY_RELEASED, 3)).knows(again)
    assert _order(agreed, _event(E.DELIVERY_RELEASED, 6)).knows(again)  # older than that it was given up


def _payload(kind: EventType, **data: object) -> Event:
    document = {"type": kind, "timestamp": NOON.isoformat(), "data": {"order_id": "1", **data}}
    return validate(document).event(source="shop", event_id="m")


def test_an_agreed_time_is_read_to_the_minute() -> None:
    said = {"date": "2026-12-01", "from": "۱۶:۰۰", "to": "19:00", "gate": "north"}
    event = _payload(E.DELIVERY_AGREED, delivery=said)
    assert event.details.delivery == TUESDAY
    assert event.extra == {"delivery": {"gate": "north"}}


@pytest.mark.parametrize(
    ("kind", "data", "mistake"),
    [
        (E.DELIVERY_AGREED, {}, "needs data.delivery"),
        (E.DELIVERY_CHANGED, {"delivery": {"date": "2026-12-01", "from": "19:00", "to": "16:00"}}, "ends before"),
        (E.DELIVERY_CHANGED, {"delivery": {"date": "2026-11-22", "from": "16:00", "to": "19:00"}}, "before the day"),
        (E.DELIVERY_AGREED, {"delivery": {"date": "2028-12-01", "from": "16:00", "to": "19:00"}}, "more than a year"),
        (E.DELIVERY_AGREED, {"delivery": {"date": "2026-12-01", "from": "evening", "to": "19:00"}}, "no time of the"),
        (E.DELIVERY_AGREED, {"delivery": {"date": "2026-12-01", "from": "24:00", "to": "25:00"}}, "no time of the day"),
        (E.DELIVERY_AGREED, {"delivery": {"date": "2026-12-01", "from": 16, "to": "19:00"}}, "time"),
        (E.DELIVERY_AGREED, {"delivery": "tomorrow"}, "valid dictionary"),
        (E.RATED, {}, "needs data.mark"),
        (E.RATED, {"mark": 6}, "less than or equal to 5"),
        (E.RATED, {"mark": 0}, "greater than or equal to 1"),
        (E.RATED, {"mark": "good"}, "integer"),
        (E.CALLBACK_REQUESTED, {"callback_at": "2026-11-23T17:30:00"}, "timezone"),
    ],
)
def test_what_is_no_time_or_no_mark_is_refused_with_the_reason(
    kind: EventType, data: dict[str, object], mistake: str
) -> None:
    with pytest.raises(Unprocessable) as refused:
        _payload(kind, **data)
    assert mistake in " ".join(found["msg"] for found in refused.value.errors)
