"""The orders of the shop that posts our own format, one story for each promise of the payment page."""

from typing import Any

from notifier.demo.script import BankText, Story, answer, banked, carried, step, story
from notifier.simulator.exchange import DialledOutcome


def _order(name: str, phone: str, city: str, province: str, method: str, item: str, rial: int) -> dict[str, Any]:
    return {
        "customer": {"name": name, "phone": phone, "city": city, "province": province},
        "payment": {"method": method, "amount": rial, "currency": "IRR"},
        "items": [{"name": item, "quantity": 1}],
    }


def _paid(reference: str) -> dict[str, Any]:
    return {"payment": {"method": "online", "reference": reference}}


def _post(code: str) -> dict[str, Any]:
    return {"shipment": {"carrier": "پست پیشتاز", "tracking_code": code}}


TEHRAN = (
    story(
        "Tehran, online: the whole life of an order",
        "shop",
        "10025",
        _order("سارا محمدی", "09121234567", "تهران", "تهران", "online", "Xiaomi 13T Pro", 185_000_000),
        step("09:02", "order.registered"),
        step(
            "09:06",
            "payment.succeeded",
            **_paid("201785643310"),
            delivery="10025-paid",
            note="Paid in advance in Tehran: from here on prepaid, first in delivery, and called more often.",
        ),
        step(
            "09:07",
            "payment.succeeded",
            **_paid("201785643310"),
            delivery="10025-paid",
            happened="09:06",
            note="The shop missed our answer and posts again under the same id: known, nothing happens twice.",
        ),
        step(
            "09:10",
            "payment.succeeded",
            **_paid("201785643310"),
            happened="09:06",
            note="The same news under another id: no news, no second text.",
        ),
        step("09:40", "order.preparing"),
        step("10:32", "order.packed"),
        step("11:15", "order.shipped", shipment={"carrier": "پیک فروشگاه"}),
        step("14:05", "order.out_for_delivery"),
        step("15:20", "order.delivered", note="The text names the last day of the seven-day return guarantee."),
        phoned={"reassurance": (DialledOutcome.ANSWERED,)},
    ),
    story(
        "Tehran, cash",
        "shop",
        "10026",
        _order("رضا کریمی", "09123456780", "تهران", "تهران", "cash", "Redmi Note 13", 98_000_000),
        step("09:12", "order.registered", note="Cash is agreed upon by phone: a call in working hours, and it is one."),
        step("10:50", "order.preparing"),
        step("14:10", "order.out_for_delivery"),
        step("16:05", "order.delivered", note="The text asks how satisfied the customer is."),
        hours=("14:00", "17:00"),
        answers=(
            answer("09:16", "۱", note="The customer answers the text about the agreed time: it stands."),
            answer("16:25", "۵", note="And the text about the delivery: a mark, which is among the owner's figures."),
        ),
    ),
    story(
        "Tehran, by phone",
        "shop",
        "10027",
        _order("مینا رستمی", "09351112233", "طهران", "تهران", "phone", "Redmi Buds 5", 21_500_000),
        step("09:20", "order.registered", note="«طهران» is Tehran, too."),
        step("11:40", "order.packed"),
    ),
    story(
        "Tehran, paid and then cancelled",
        "shop",
        "10036",
        _order("پریسا نادری", "09125554433", "تهران", "تهران", "online", "Xiaomi Pad 6", 164_000_000),
        step("11:18", "order.registered"),
        step("11:21", "payment.succeeded", **_paid("201785649902")),
        step(
            "11:30", "order.cancelled", note="Prepaid: the text says that the money goes back, and somebody asks why."
        ),
        step("13:30", "payment.refunded", payment={"amount": 164_000_000, "reference": "880154"}),
    ),
)

ELSEWHERE = (
    story(
        "Elsewhere, online: a text at every stage",
        "shop",
        "10028",
        _order("علی حسینی", "09171234567", "شیراز", "فارس", "online", "Xiaomi 14", 412_000_000),
        step("09:25", "order.registered"),
        step("09:28", "payment.succeeded", **_paid("201785644127"), note="Elsewhere: prepaid, with no priority."),
        step("10:10", "order.preparing"),
        step("11:05", "order.packed"),
        step("12:30", "order.shipped", **_post("184560012300451200001114")),
        step("+1 10:15", "order.out_for_delivery"),
        step("+1 12:20", "order.delivered"),
    ),
    story(
        "Elsewhere, the payment fails and then succeeds",
        "shop",
        "10029",
        _order("فاطمه نوری", "09153334455", "مشهد", "خراسان رضوی", "online", "Redmi 13C", 74_900_000),
        step("09:33", "order.registered"),
        step("09:35", "payment.failed"),
        step("09:52", "payment.succeeded", **_paid("201785645518"), note="Paid after all: the help call is dropped."),
    ),
    story(
        "Elsewhere, the payment is left open",
        "shop",
        "10030",
        _order("حمید رضایی", "09143216549", "تبریز", "آذربایجان شرقی", "online", "Poco X6", 132_000_000),
        step(
            "09:44", "order.registered", note="Nothing to say yet. A reminder waits for half an hour, a call for two."
        ),
    ),
    story(
        "Elsewhere, a transfer that arrives",
        "shop",
        "10031",
        _order("زهرا موسوی", "09131239876", "کرمان", "کرمان", "bank_transfer", "Redmi Note 13 Pro", 149_000_000),
        step("09:50", "order.registered"),
        step(
            "10:20",
            "payment.deposit_reported",
            payment={"amount": 149_000_000, "reference": "77120934"},
            note="The customer says so; nothing says «paid» before support has seen the money.",
        ),
        step("10:25", "order.preparing", note="A stage before the money is there: its text is held back."),
        step(
            "10:45",
            "payment.deposit_confirmed",
            payment={"amount": 149_000_000, "reference": "77120934"},
            note="Confirmed: prepaid now, and the stage that was held back is told.",
        ),
        step("12:10", "order.packed"),
        step("13:05", "order.shipped", **_post("184560012300451200002225")),
        step("+1 10:40", "order.out_for_delivery"),
        step("+1 13:10", "order.delivered"),
    ),
    story(
        "Elsewhere, a transfer that does not arrive",
        "shop",
        "10032",
        _order("امیر جعفری", "09111117788", "رشت", "گیلان", "bank_transfer", "Mi Band 8", 18_900_000),
        step("10:00", "order.registered"),
        step("11:05", "payment.deposit_reported", payment={"amount": 18_900_000, "reference": "5500127"}),
        step("11:35", "payment.deposit_rejected", payment={"reference": "5500127"}),
    ),
    story(
        "Elsewhere, a transfer nobody hears of",
        "shop",
        "10033",
        _order("نرگس احمدی", "09166667788", "اهواز", "خوزستان", "bank_transfer", "Poco F5", 176_000_000),
        step("12:45", "order.registered", note="Silence from here on: a reminder tomorrow, and then a call."),
    ),
    story(
        "Elsewhere, cash: not on offer",
        "shop",
        "10034",
        _order("کاوه مرادی", "09132223344", "اصفهان", "اصفهان", "cash", "Redmi A3", 52_000_000),
        step(
            "10:05", "order.registered", note="Cash is for Tehran only. Taken all the same: marked, and support calls."
        ),
        phoned={"arrange_payment": (DialledOutcome.BUSY, DialledOutcome.ANSWERED)},
    ),
    story(
        "Elsewhere, news that comes late",
        "shop",
        "10035",
        _order("لیلا صادقی", "09126665544", "کرج", "البرز", "online", "Redmi Watch 4", 39_800_000),
        step("10:12", "order.registered", note="Karaj is not Tehran."),
        step("10:14", "payment.succeeded", **_paid("201785646233")),
        step("11:50", "order.shipped", **_post("184560012300451200003336")),
        step("11:58", "order.packed", happened="11:20", note="Packed, says the shop, after it was shipped: too late."),
        step("+1 11:05", "order.delivered"),
    ),
    story(
        "Elsewhere, news that comes too early",
        "shop",
        "10037",
        _order("مهدی قاسمی", "09127778899", "قم", "قم", "online", "Redmi Pad SE", 88_000_000),
        step(
            "12:02",
            "payment.succeeded",
            payment={"reference": "201785650071"},
            note="A payment of an order nobody knows: parked, not lost.",
        ),
        step("12:04", "order.registered", happened="12:00", note="Here is the order: what was parked is followed now."),
    ),
)

TOLD_BY_OTHERS = (
    story(
        "Elsewhere, a parcel that its carrier tells of",
        "shop",
        "10038",
        _order("الهام شریفی", "09138887766", "یزد", "یزد", "online", "Redmi 12", 68_500_000),
        step("09:15", "order.registered"),
        step("09:17", "payment.succeeded", **_paid("201785651190")),
        step("09:55", "order.shipped", shipment={"carrier": "ماهکس", "tracking_code": "MX-70038"}),
        code="MX-70038",
        parcel=(
            carried("10:30", "ورود به هاب مبدأ", "تهران", note="Said by the carrier itself."),
            carried("11:45", "کد ۷۷ ثبت شد", "نایین", note="Nobody has explained this: shown, told to nobody."),
            carried("12:10", "تحویل سفیر", "یزد", note="Out for delivery: the customer hears of it."),
            carried("14:50", "تحویل گیرنده شد", "یزد"),
        ),
    ),
    story(
        "Elsewhere, a parcel that stands still",
        "shop",
        "10039",
        _order("سعید مرادی", "09184445566", "همدان", "همدان", "online", "Poco M6", 59_000_000),
        step("09:22", "order.registered"),
        step("09:24", "payment.succeeded", **_paid("201785651201")),
        step("10:02", "order.shipped", shipment={"carrier": "ماهکس", "tracking_code": "MX-70039"}),
        code="MX-70039",
        parcel=(
            carried(
                "10:40", "ورود به هاب مبدأ", "تهران",
                note="And then nothing. After three hours (in a shop: days) somebody calls before the customer does.",
            ),
        ),
    ),
    story(
        "Elsewhere, a transfer that the bank's text confirms",
        "shop",
        "10040",
        _order("نسرین کاظمی", "09113334466", "گرگان", "گلستان", "bank_transfer", "Redmi Buds 6", 24_610_000),
        step("10:08", "order.registered"),
        step("11:25", "order.preparing", note="Prepaid by the bank's own word: the stage is told at once."),
    ),
)  # fmt: skip

STORIES: tuple[Story, ...] = (*TEHRAN, *ELSEWHERE, *TOLD_BY_OTHERS)

BANK: tuple[BankText, ...] = (
    banked(
        "10:52", 24_610_000, 184_610_000,
        note="One order awaits this very sum, and nothing else looks like it: confirmed without a press.",
    ),
    banked("12:20", 7_350_000, 191_960_000, note="No order awaits this: a person looks, and nobody guesses."),
)  # fmt: skip
