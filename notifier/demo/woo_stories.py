"""The orders of the WooCommerce shop. It posts the whole order whenever anything about it changes."""

from typing import Any

from notifier.demo.script import Story, step, story


def _order(
    first: str, last: str, phone: str, city: str, state: str, method: tuple[str, str], item: str, toman: int
) -> dict[str, Any]:
    return {
        "first_name": first,
        "last_name": last,
        "phone": phone,
        "city": city,
        "state": state,
        "payment_method": method[0],
        "payment_method_title": method[1],
        "item": item,
        "toman": toman,
    }


STORIES: tuple[Story, ...] = (
    story(
        "WooCommerce, Tehran, cash on delivery",
        "woo",
        "5012",
        _order(
            "بهرام",
            "شریفی",
            "۰۹۱۹ ۸۸۸ ۷۷۶۶",
            "تهران",
            "THR",
            ("cod", "پرداخت در محل"),
            "جاروبرقی شیائومی S10",
            12_400_000,
        ),
        step(
            "09:15", "order.created", status="processing", note="WooCommerce calls a cash order «processing» at once."
        ),
        step("15:40", "order.updated", status="completed"),
    ),
    story(
        "WooCommerce, elsewhere, online",
        "woo",
        "5013",
        _order(
            "الهام",
            "یوسفی",
            "+98 913 444 5566",
            "یزد",
            "YZD",
            ("WC_ZPal", "پرداخت امن زرین‌پال"),
            "ساعت شیائومی S3",
            7_250_000,
        ),
        step("10:30", "order.created", status="pending"),
        step(
            "10:33",
            "order.updated",
            status="processing",
            transaction_id="201785647750",
            paid=True,
            note="Paid and in preparation in one delivery: two pieces of news read out of one snapshot.",
        ),
        step("10:55", "order.updated", customer_note="لطفاً عصر تحویل شود", note="Only a note changed: no news."),
        step(
            "13:15",
            "order.updated",
            status="completed",
            tracking_code="184560012300451200004447",
            note="Completed with a tracking code: the parcel has left, and is not yet there.",
        ),
    ),
)
