"""What customers' texts mean."""

import pytest

from notifier.domain.events import Details, PaymentMethod
from notifier.domain.orders import Order
from notifier.domain.replies import LONGEST, Reply, Wish, read


def order(number: str, *, rial: int = 24_000_000, method: PaymentMethod = PaymentMethod.BANK_TRANSFER) -> Order:
    return Order(id=number, source="woo", details=Details(method=method, amount=rial))


ONE = order("81001")


def meaning(text: str, *orders: Order) -> tuple[Wish, str]:
    said = read(text, orders or (ONE,))
    return said.wish, said.reference


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("۲٬۴۰۰٬۰۰۰ تومان برای سفارش 81001 واریز کردم، شماره پیگیری 987654", "987654"),
        ("2400000 تومان واریز شد کد 55667788", "55667788"),
        ("واریز شد. شماره پیگیری 98765432", "98765432"),
        ("رسید: ٤٤٥٥٦٦", "445566"),
        ("سلام. مبلغ 2,400,000 تومان کارت به کارت شد\nپیگیری: ۱۲۳۴۵۶", "123456"),
        ("پول سفارش 81001 را واریز کردم 778899", "778899"),
        ("حواله پایا انجام شد، کد رهگیری 140509060012345678", "140509060012345678"),
        ("واریز کردم از کارت 6037-9911-2222-3333 پیگیری 445566 ساعت 14:35 تاریخ 1405/09/06", "445566"),
        ("از 09121234567 واریز کردم، پیگیری 445566", "445566"),
        ("واریز کردم شماره پیگیری 98765432، کی ارسال می‌شود؟", "98765432"),
        ("24000000 واریز کردم ۵۵۶۶۷۷", "556677"),
        ("Paid for order 81001, ref 5566778", "5566778"),
    ],
)
def test_a_deposit_with_its_reference(text: str, reference: str) -> None:
    assert meaning(text) == (Wish.DEPOSIT, reference)
    assert read(text, [ONE]).order is ONE


@pytest.mark.parametrize(
    "text",
    [
        "سلام سفارش ۸۱۰۰۱ را لغو کنید لطفا",
        "کی میفرستید؟ شماره من 09121234567",
        "سلام کد پستی ۱۱۳۴۵۶۷۸۹۰ اصلاح شود",
        "۱۲۳۴۵۶۷۸",  # nothing says what it is
        "واریز کردم",
        "واریز کردم ۲۴۰۰۰۰۰ تومان",
        "2400000 واریز شد",
        "برای سفارش 81001 واریز کردم",
        "هنوز واریز نکردم، شماره سفارش 81001، کد 123456",
        "پرداخت ناموفق بود کد 445566",
        "چطور واریز کنم؟ کد 445566",
        "به چه شماره کارتی واریز کنم 6037991122223333",
        "واریز شد؟ 445566",
        "پول را پس بدهید، کد پیگیری واریز 445566",
        "واریز کردم از کارت 6037991122223333",
        "واریز کردم، کد ملی 0012345678",
        "واریز کردم 445566 و 778899",  # which of the two?
        "کد رهگیری مرسوله 98765432 را پیدا نمی‌کنم",
        "واریز کردم، با 02188776655 تماس بگیرید",
        "واریز شد ۱۴۰۵/۰۹/۰۶ ساعت ۱۴:۳۵",
        "",
        "؟",
    ],
)
def test_what_a_person_should_read(text: str) -> None:
    assert meaning(text) == (Wish.PERSON, "")


def test_the_order_named_is_the_one_meant() -> None:
    latest, older = order("82002"), order("82001")
    said = read("سفارش 82001 واریز شد کد رهگیری 98765432", [latest, older])
    assert said == Reply(Wish.DEPOSIT, older, "98765432")
    assert read("سفارش ۸۲۰۰۱ کی می‌رسد؟", [latest, older]) == Reply(Wish.PERSON, older)


def test_the_number_people_know_names_it_too() -> None:
    own = Order(id="138", source="woo", details=Details(number="SH-1405-1138", method=PaymentMethod.BANK_TRANSFER))
    said = read("سفارش SH-1405-1138 واریز شد پیگیری 445566", [order("90001"), own])
    assert said == Reply(Wish.DEPOSIT, own, "445566")
    assert read("سفارش 138 واریز شد پیگیری 445566", [order("90001"), own]).order is own


def test_of_several_that_wait_none_is_guessed() -> None:
    one, other = order("82002"), order("82001", rial=36_000_000)
    assert meaning("واریز شد پیگیری 98765432", one, other)[0] is Wish.PERSON
    assert read("3600000 تومان واریز شد پیگیری 98765432", [one, other]).order is other
    assert meaning("سفارش‌های 82001 و 82002 واریز شد پیگیری 98765432", one, other)[0] is Wish.PERSON


def test_what_waits_for_no_deposit_gets_none() -> None:
    cash = order("82003", method=PaymentMethod.CASH)
    assert meaning("سفارش 82003 واریز شد پیگیری 98765432", cash, ONE) == (Wish.PERSON, "")
    assert meaning("واریز شد پیگیری 98765432", cash) == (Wish.PERSON, "")


def test_a_number_of_no_order_of_theirs_is_to_be_looked_up() -> None:
    assert read("برای سفارش 81002 واریز کردم، شماره پیگیری 987654", [ONE]) == Reply(
        Wish.DEPOSIT, ONE, "987654", "81002"
    )


@pytest.mark.parametrize(
    "text",
    ["لغو۱۱", "لغو ۱۱", "لغو11", "11", "۱۱", "لغو۱۱ ممنون", "لغو ۱۱ لطفا", "سلام، لغو۱۱. با تشکر!", "Stop. Thank you"],
)
def test_stop(text: str) -> None:
    assert meaning(text) == (Wish.STOP, "")
    assert read(text, []).wish is Wish.STOP


@pytest.mark.parametrize("text", ["لغو", "لغو.", "«لغو»", "لغو ممنون", "لغو لطفا"])
def test_a_bare_word_of_cancelling_means_the_order_where_there_is_one(text: str) -> None:
    assert read(text, [ONE]) == Reply(Wish.PERSON, ONE)
    assert read(text, []).wish is Wish.STOP


@pytest.mark.parametrize("text", ["لغو کنید", "لغو سفارش", "سفارش ۱۱ را لغو کنید", "لغو 1140", "stop my order", "1 1"])
def test_what_does_not_stop(text: str) -> None:
    assert read(text, [ONE]).wish is Wish.PERSON
    assert read(text, []).wish is Wish.PERSON


def test_start() -> None:
    assert [read(text, []).wish for text in ("12", "۱۲ ممنون", "start")] == [Wish.START] * 3


@pytest.mark.parametrize("filler", ["\ufdfa", "1", "1 ", "1,", "واریز ", "کد ", "سفارش ", "#", " ", "a-", "؟", "1-"])
def test_no_more_than_so_much_is_read(filler: str) -> None:
    """Whatever fills it: a walk over all of it, or one that goes back and forth, would take minutes."""
    assert read(filler * LONGEST * 100, [ONE] * 10).wish is Wish.PERSON
    assert read(" " * LONGEST + "لغو۱۱", [ONE]).wish is Wish.PERSON
