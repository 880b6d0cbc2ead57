"""Realistic orders to try texts with: the least that may be known of one, a usual one, and very long names."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from msgspec.structs import replace

from notifier.clock import TEHRAN
from notifier.domain.calls import Call, Purpose, ReasonToCall
from notifier.domain.events import AgreedTime, Details, Event, EventType, Item, PaymentMethod
from notifier.domain.orders import Order, apply_events
from notifier.domain.policy import Shop, Shops
from notifier.domain.variables import Context
from notifier.sms.templates import Template

NOW = datetime(2026, 11, 25, 12, tzinfo=TEHRAN)
"""Samples do not change with the calendar: the weekday and the month of this day have long names."""


class Length(StrEnum):
    SHORTEST = "shortest"
    TYPICAL = "typical"
    LONGEST = "longest"


_TYPICAL = Details(
    name="سارا محمدی",
    phone="09121234567",
    city="تهران",
    province="تهران",
    method=PaymentMethod.ONLINE,
    amount=185_000_000,
    reference="123456789",
    items=(Item("Xiaomi 13T Pro"), Item("کابل شارژ")),
    carrier="پست پیشتاز",
    tracking_code="123456789012345678901234",
    tracking_url="https://tracking.post.ir",
    refund_reference="987654321",
    new_date=date(2026, 12, 1),
    return_reason="پلمب کالا باز شده است",
    failure_reason="کسی در نشانی نبود",
    delivery=AgreedTime(date(2026, 12, 1), time(16), time(19)),
)
_DETAILS: Mapping[Length, Details] = {
    Length.SHORTEST: Details(phone="09121234567"),
    Length.TYPICAL: _TYPICAL,
    Length.LONGEST: replace(
        _TYPICAL,
        name="سیده فاطمه‌زهرا حسینی‌نژاد طباطبایی یزدی",
        city="مسجدسلیمان",
        amount=11_985_500_000,
        deposit_amount=11_985_500_000,
        refund_amount=11_985_500_000,
        reference="140509041234567890123456",
        items=(
            Item("گوشی موبایل شیائومی مدل Xiaomi 14T Pro (5G) دو سیم‌کارت ظرفیت 512 گیگابایت و رم 12 گیگابایت"),
            *(Item("کابل شارژ"),) * 12,
        ),
        carrier="شرکت ملی پست جمهوری اسلامی ایران",
        tracking_url="https://tracking.post.ir/?id=123456789012345678901234",
        refund_reference="140509041234567890123456",
        return_reason="کالا آسیب دیده، پلمب آن باز شده و مهلت هفت‌روزهٔ ضمانت برگشت آن نیز گذشته است",
        failure_reason="نشانی ناقص بود و گیرنده با وجود چند تماس پیک پاسخ تلفن همراه خود را نداد",
    ),
}
_ORDER_IDS = {Length.SHORTEST: "1025", Length.TYPICAL: "10025", Length.LONGEST: "XC-1405-1000025"}
_HAPPENED = (
    *(EventType.REGISTERED, EventType.PAID, EventType.DELIVERY_AGREED, EventType.SHIPPED, EventType.DELIVERED),
)
_NUMBERS = {"pool_count": 2, "tries": 2, "done_count": 14, "exhausted_count": 1, "open_count": 3, "late_count": 1}
_PARTS = {Length.SHORTEST: 0, Length.TYPICAL: 100_000_000, Length.LONGEST: 11_985_000_000}  # rial of a deposit
_CALLS = {Length.SHORTEST: 1, Length.TYPICAL: 3, Length.LONGEST: 6}


def context(length: Length, shop: Shop) -> Context:
    """What a text of this length is about."""
    about = _DETAILS[length]
    events = [
        Event(id=kind, source="shop", type=kind, order_id=_ORDER_IDS[length], at=NOW, details=about)
        for kind in _HAPPENED
    ]
    order = apply_events(Order(id=_ORDER_IDS[length], source="shop"), events)
    calls = tuple(_call(order, place) for place in range(_CALLS[length]))
    known = length is not Length.SHORTEST
    return Context(
        order=replace(order, prepaid=known, deposits={"1": (0, _PARTS[length])} if known else {}),
        shops=Shops(main=shop),
        now=NOW,
        call=calls[0],
        calls=calls,
        numbers=_NUMBERS if known else {},
        words={"urgency": "دیر شده", "staff_name": "مریم کاظمی"} if known else {},
    )


def values(template: Template, shop: Shop, *, length: Length = Length.TYPICAL) -> dict[str, str]:
    """What a template's variables say in a sample; a typical one with the header's own values."""
    found = template.values(context(length, shop))
    return found | (template.header.sample if length is Length.TYPICAL else {})


def _call(order: Order, place: int) -> Call:
    due = int((NOW + timedelta(minutes=15 * (place + 1))).timestamp() * 1000)
    return Call(
        v=1,
        id=str(place),
        phone=order.details.phone,
        name=order.details.name,
        due=due,
        late=due,
        created=due,
        reasons=(ReasonToCall(str(place), Purpose.REASSURANCE, order.id, order.source, due, 1),),
    )
