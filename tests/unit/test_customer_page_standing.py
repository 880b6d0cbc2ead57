"""What the customer's page says of an order, and what its address costs in texts."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from rulebook import RULEBOOK

from notifier.clock import TEHRAN
from notifier.config import shipped
from notifier.config.customer_page import CustomerPageConfig
from notifier.config.loading import load
from notifier.customer_page.standing import CustomerAnswer, first_name, standing
from notifier.domain.events import AgreedTime, Details, Event, EventType, PaymentMethod
from notifier.domain.orders import Order, apply_events
from notifier.domain.page_links import PageLinks
from notifier.sms.segments import segments
from notifier.texts import loading, samples
from notifier.texts.samples import Length

E = EventType
NOON = datetime(2026, 11, 23, 12, tzinfo=TEHRAN)
TUESDAY = AgreedTime(date(2026, 12, 1), time(16), time(19, 30))
CASH, ONLINE, TRANSFER = PaymentMethod.CASH, PaymentMethod.ONLINE, PaymentMethod.BANK_TRANSFER


def order(method: PaymentMethod, *kinds: EventType, prepaid: bool = False, **details: Any) -> Order:
    """An order to which these things happened, a minute apart."""
    events = [
        Event(
            id=str(place), source="shop", type=kind, order_id="1", at=NOON + timedelta(minutes=place - len(kinds)),
            details=Details(method=method, amount=185_000_000, **details),
        )
        for place, kind in enumerate((E.REGISTERED, *kinds))
    ]  # fmt: skip
    return replace(apply_events(Order(id="1", source="shop"), events), prepaid=prepaid)


AGREED = order(CASH, E.DELIVERY_AGREED, delivery=TUESDAY)
FAILED = order(CASH, E.OUT_FOR_DELIVERY, E.DELIVERY_FAILED)
REPORTED = order(TRANSFER, E.DEPOSIT_REPORTED)
REFUSED = order(TRANSFER, E.DELIVERED, E.RETURN_REQUESTED, E.RETURN_REFUSED)


@pytest.mark.parametrize(
    ("known", "headline", "following", "by_when"),
    [
        (order(CASH), "سفارش شما ثبت شد.", "برای هماهنگی زمان تحویل با شما تماس می‌گیریم.", ""),
        (AGREED, "سفارش شما ثبت شد.", "زمان تحویل:", "سه‌شنبه ۱۰ آذر، ساعت ۱۶ تا ۱۹:۳۰"),
        (order(CASH, E.OUT_FOR_DELIVERY), "سفارش شما در دست پیک است.", "مرحلهٔ بعد: تحویل به شما", ""),
        (FAILED, "تحویل انجام نشد.", "برای زمان تازه با شما تماس می‌گیریم.", ""),
        (order(ONLINE), "سفارش شما ثبت شد.", "منتظر پرداخت شما هستیم.", ""),
        (order(ONLINE, E.PAID, prepaid=True), "پرداخت شما رسید.", "مرحلهٔ بعد: آماده‌سازی", ""),
        (order(ONLINE, E.PAID, E.PACKED, prepaid=True), "سفارش شما بسته‌بندی شد.", "مرحلهٔ بعد: ارسال", ""),
        (order(ONLINE, E.PAID, E.CANCELLED), "این سفارش لغو شد.", "برگشت وجه را با پیامک خبر می‌دهیم.", ""),
        (order(TRANSFER), "سفارش شما ثبت شد.", "منتظر واریز شما هستیم.", "تا سه‌شنبه ۳ آذر ساعت ۱۲:۰۰"),
        (REPORTED, "خبر واریز شما به ما رسید.", "پس از بررسی، نتیجه را با پیامک خبر می‌دهیم.", ""),
        (REFUSED, "برگشت کالا پذیرفته نشد.", "برای پرسش با پشتیبانی تماس بگیرید.", ""),
    ],
)  # fmt: skip
def test_where_an_order_is_and_what_comes_next(known: Order, headline: str, following: str, by_when: str) -> None:
    page = standing(known, RULEBOOK.shops, NOON)
    assert (page.headline, page.next, page.by_when) == (headline, following, by_when)


@pytest.mark.parametrize(
    ("known", "answers"),
    [
        (order(CASH), {"call", "time"}),
        (order(CASH, E.OUT_FOR_DELIVERY), {"call"}),
        (order(CASH, E.CANCELLED), {"call"}),
        (order(TRANSFER), {"call", "paid"}),
        (order(TRANSFER, E.DEPOSIT_REPORTED), {"call"}),
        (order(TRANSFER, E.DEPOSIT_CONFIRMED, prepaid=True), {"call", "time"}),
        (order(ONLINE, E.PAID, E.DELIVERED, prepaid=True), {"call", "return", "mark"}),
        (order(ONLINE, E.PAID, E.DELIVERED, E.RETURN_REQUESTED, prepaid=True), {"call", "mark"}),
    ],
)
def test_what_can_be_said_of_an_order(known: Order, answers: set[str]) -> None:
    assert standing(known, RULEBOOK.shops, NOON, slots=True).answers == {CustomerAnswer(one) for one in answers}
    assert CustomerAnswer.TIME not in standing(known, RULEBOOK.shops, NOON).answers


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("سارا محمدی", "سارا"), ("سیده فاطمه حسینی", "سیده فاطمه"), ("دکتر سید علی موسوی", "دکتر سید علی"),
        ("سید", "سید"), ("شرکت پارس", ""), ("", ""), ("www.evil.example", ""), ("Ali Rezaei", "Ali"),
    ],
)  # fmt: skip
def test_only_the_first_name_is_said(name: str, first: str) -> None:
    assert first_name(name).strip("\u200e") == first


@pytest.mark.parametrize(
    "base",
    [
        *("order.shop.example", "http://order.shop.example", "https://shop.example/path", "https://a:b@shop.example"),
        *("https://shop.example?x=1", "javascript:alert(1)", "https://", "https://shop.example:x", "https://sh op"),
    ],
)
def test_an_address_that_customers_cannot_have_is_refused(base: str) -> None:
    with pytest.raises(ValueError, match="base"):
        CustomerPageConfig(enabled=True, base=base)


def test_texts_need_somewhere_to_lead() -> None:
    with pytest.raises(ValueError, match="in_texts needs base"):
        CustomerPageConfig(enabled=True, in_texts=True)
    assert CustomerPageConfig(enabled=True, base="http://127.0.0.1:8080/").base == "http://127.0.0.1:8080"
    assert CustomerPageConfig(base="https://shop.example").links() is None


@pytest.mark.parametrize("length", Length)
@pytest.mark.parametrize(
    "name",
    ["order_registered_cash", "order_registered_transfer", "payment_succeeded_tehran", "payment_succeeded_elsewhere"],
)
def test_an_address_costs_a_part_at_most_and_no_name(name: str, length: Length) -> None:
    config = load(shipped.CONFIG, environment={})
    template, about = loading.load(config)[name], samples.context(length, config.shops.main)
    assert "پیگیری: " not in template.render(about)
    linked = replace(
        about,
        pages=PageLinks("https://order.xiaomicity.example", in_texts=True),
        order=replace(about.order, page_token="7n42DGM5Tflk9n8mt7Fhc7"),
    )
    text = template.render(linked)
    assert "پیگیری: https://order.xiaomicity.example/o/7n42DGM5Tflk9n8mt7Fhc7" in text
    assert template.max_parts is not None
    assert segments(text, reserve=template.reserve) <= template.max_parts + 1
    site = template.render(replace(linked, pages=PageLinks("", in_texts=False)))
    assert "پیگیری: شماره سفارش در xiaomicity.example" in site
