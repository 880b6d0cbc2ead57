"""WooCommerce's webhooks: fixture + what is known → events."""

import base64
import contextlib
import copy
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.domain import persian
from notifier.domain.decide import decide
from notifier.domain.events import Details, Event, EventType, Item, PaymentMethod
from notifier.domain.orders import Order, Stage, apply_events
from notifier.domain.policy import Block, Policy, Rulebook, Shop, Shops
from notifier.domain.regions import Regions
from notifier.domain.timeline import LineKind
from notifier.domain.variables import Context, more_items
from notifier.errors import NotJson, OwnerWithoutRights, Unprocessable
from notifier.intake.woocommerce.events import (
    DEFAULT,
    PROVINCES,
    Snapshot,
    WooRules,
    events,
    is_ping,
    parse,
    verify,
)

FIXTURES = Path(__file__).parents[1] / "fixtures" / "woocommerce"
NAMES = sorted(path.stem for path in FIXTURES.glob("order.*.json"))
SECRET = "woo-fixture-secret"
CODE = "208690405100038460081114"
RECEIPT = "201785643310"
START = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
RECEIVED = START + timedelta(days=3)

T = EventType


def load(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


def raw(body: Any) -> bytes:
    """The body as PHP's json_encode writes it: the signatures in the fixtures are over this."""
    return json.dumps(body, separators=(",", ":")).replace("/", "\\/").encode()


def body(name: str, **changes: Any) -> dict[str, Any]:
    return {**load(name)["body"], **changes}


def snap(name: str, **changes: Any) -> Snapshot:
    return parse(raw(body(name, **changes)))


def gmt(minutes: float) -> str:
    return at(minutes).strftime("%Y-%m-%dT%H:%M:%S")


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


class Book:
    """One order as it is stored while snapshots come in."""

    def __init__(self, rules: WooRules = DEFAULT) -> None:
        self.order: Order | None = None
        self.rules, self.count = rules, 0

    def hear(self, *news: Event) -> None:
        self.order = apply_events(self.order or Order(id=news[0].order_id, source=news[0].source), news)

    def take(
        self, snapshot: Snapshot, topic: str = "order.updated", received_at: datetime | None = RECEIVED
    ) -> list[Event]:
        self.count += 1
        told = events(
            snapshot,
            self.order,
            self.rules,
            source="woo",
            delivery=f"d{self.count}",
            topic=topic,
            received_at=received_at,
        )
        if told:
            self.hear(*told)
        return told

    def fixture(self, name: str, **changes: Any) -> list[Event]:
        return self.take(snap(name, **changes), name.partition("__")[0])

    @property
    def known(self) -> Order:
        assert self.order is not None
        return self.order


def kinds(told: list[Event]) -> list[EventType]:
    return [event.type for event in told]


def outside(kind: EventType, minutes: float, **details: Any) -> Event:
    """News from elsewhere than the shop, such as the console."""
    return Event(id="x", source="woo", type=kind, order_id="10025", at=at(minutes), details=Details(**details))


def test_a_float_of_seventeen_digits_is_the_sum_it_stands_for() -> None:
    assert snap("order.created__pending_online", total=18500000.000000004).details.amount == 185_000_000


def test_an_order_of_the_old_api_is_told_as_that() -> None:
    with pytest.raises(Unprocessable, match="API version"):
        parse(b'{"order": {"id": 52, "order_number": 52}}')


@pytest.mark.parametrize("status", [401, 403, 404])
def test_an_error_in_the_place_of_an_order(status: int) -> None:
    error = {"code": "woocommerce_rest_x", "message": "Sorry", "data": {"status": status}}
    with pytest.raises(Unprocessable, match="own error 'woocommerce_rest_x'") as caught:
        parse(json.dumps(error).encode())
    assert isinstance(caught.value, OwnerWithoutRights) == (status != 404)


@pytest.mark.parametrize("status", ["wc-Checking-Stock", "Checking-Stock", " wc-checking-stock ", "CHECKING-STOCK"])
def test_a_configured_status_is_known_however_it_is_written(status: str) -> None:
    rules = WooRules(statuses={status: (T.PACKED,)}, methods={"WC_Pardakht_Mahal": PaymentMethod.CASH})
    assert rules.meanings(parse(b'{"id": 1, "status": "Checking-stock"}', rules=rules).status) == (T.PACKED,)
    assert rules.method("wc_pardakht_MAHAL") is PaymentMethod.CASH


@pytest.mark.parametrize("method", ["", " ", "other", "Other", "N/A", None])
def test_no_method_is_no_gateway(method: str | None) -> None:
    assert DEFAULT.method(method) is None


@pytest.mark.parametrize("status", ["pws-in-stock", "pws-packaged", "pws-ready-to-ship", "pws-need-review", "packed"])
def test_a_code_of_a_parcel_that_is_still_here(status: str) -> None:
    assert not DEFAULT.under_way(status)
    book = Book()
    told = book.fixture("order.updated__pws_shipping", status=status)
    assert T.SHIPPED not in kinds(told)
    assert book.known.details.tracking_code == CODE


# Signature and ping


@pytest.mark.parametrize("name", NAMES)
def test_fixture_is_signed_like_the_real_thing(name: str) -> None:
    fixture = load(name)
    signature = fixture["headers"]["X-WC-Webhook-Signature"]
    assert verify(SECRET, raw(fixture["body"]), signature)
    assert not verify(SECRET, raw(fixture["body"]) + b" ", signature)
    assert not verify("another", raw(fixture["body"]), signature)


def test_signature_of_a_known_vector() -> None:
    # RFC 4231, test case 2: key "Jefe", data "what do ya want for nothing?".
    digest = bytes.fromhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    signature = base64.b64encode(digest).decode()
    assert verify("Jefe", b"what do ya want for nothing?", signature)


@pytest.mark.parametrize("signature", [None, "", " ", "=", "abc", "é", "\ud800", "A" * 44, "v1,AAAA", "AAAA\n"])
def test_malformed_signature_is_false(signature: str | None) -> None:
    assert verify(SECRET, b"{}", signature) is False


def test_empty_secret_never_fits() -> None:
    forged = base64.b64encode(hmac.digest(b"", b"{}", hashlib.sha256)).decode()
    assert verify("", b"{}", forged) is False


def test_signature_with_junk_in_it_is_false() -> None:
    fixture = load("order.deleted__id_only")
    signature = fixture["headers"]["X-WC-Webhook-Signature"]
    for junk in (f"!{signature}", f"{signature[:9]} {signature[9:]}", f"{signature}, {signature}"):
        assert not verify(SECRET, raw(fixture["body"]), junk)


def test_ping() -> None:
    ping = load("ping__webhook_id")
    assert is_ping(ping["headers"], ping["text"].encode())
    assert is_ping({}, b"webhook_id=7")
    assert not is_ping(ping["headers"], b"webhook_id=7&id=1")
    assert not is_ping(ping["headers"], b"webhook_id=seven")
    assert not is_ping(ping["headers"], b"")
    assert not is_ping({"Content-Type": "application/json"}, b"webhook_id=7")
    assert not is_ping({"x-wc-webhook-SIGNATURE": "AAAA"}, b"webhook_id=7")


# Reading


def test_parse_reads_the_order() -> None:
    snapshot = snap("order.updated__processing_online")
    assert snapshot.order_id == "10025"
    assert (snapshot.status, snapshot.transaction_id) == ("processing", RECEIPT)
    assert (snapshot.created, snapshot.modified, snapshot.paid, snapshot.completed) == (at(0), at(4), at(4), None)
    assert snapshot.oddities == ()
    assert snapshot.details == Details(
        name="سارا محمدی",
        phone="09121234567",
        city="تهران",
        province="تهران",
        address="خیابان ولیعصر، کوچهٔ مهر، پلاک ۱۲، واحد ۳",
        amount=185_000_000,  # 18,500,000 toman
        items=(Item(name="گوشی موبایل شیائومی مدل Xiaomi 13T Pro - مشکی، 512 گیگابایت"),),
    )


def test_who_is_greeted_is_who_gets_the_text_and_the_place_is_where_it_goes() -> None:
    snapshot = snap("order.created__shipping_elsewhere")
    assert (snapshot.details.name, snapshot.details.city, snapshot.details.province) == (
        "سارا محمدی",
        "اصفهان",
        "اصفهان",
    )
    assert snapshot.details.phone == "09121234567"  # who ordered, in Persian digits
    assert snapshot.number == "XC-1043"


def test_billing_stands_in_for_an_empty_delivery_address() -> None:
    payload = body("order.created__pending_online")
    payload["shipping"] = dict.fromkeys(payload["shipping"], "")
    assert parse(raw(payload)).details == snap("order.created__pending_online").details
    payload["shipping"] = []  # PHP's empty object
    assert parse(raw(payload)).details.city == "تهران"


def test_phone_falls_back_to_the_delivery_address() -> None:
    payload = body("order.created__shipping_elsewhere")
    for useless in ("", "ندارد", None, 5, ["0912"]):
        payload["billing"]["phone"] = useless
        snapshot = parse(raw(payload))
        assert (snapshot.details.name, snapshot.details.phone) == ("رضا کریمی", "09137654321")
        assert not any("phone" in oddity for oddity in snapshot.oddities)


def test_a_phone_without_a_name_greets_nobody_by_the_name_of_another() -> None:
    payload = body("order.created__shipping_elsewhere")
    payload["billing"] |= {"first_name": "", "last_name": ""}
    assert parse(raw(payload)).details.name is None


@pytest.mark.parametrize("count", [1, 49, 50, 51, 60, 700])
def test_all_items_are_counted_and_the_first_are_named(count: int) -> None:
    line = body("order.created__pending_online")["line_items"][0]
    details = snap("order.created__pending_online", line_items=[line] * count).details
    assert (len(details.items or ()), details.count) == (min(count, 50), count)
    context = Context(
        order=Order(id="1", source="woo", details=details), shops=Shops(main=Shop(name="", support_phone="")), now=START
    )
    assert more_items(context) == (persian.digits(count - 1) if count > 1 else "")


def test_an_order_that_shrinks_is_counted_anew() -> None:
    book = Book()
    line = body("order.created__pending_online")["line_items"][0]
    for minutes, count in ((0, 60), (1, 50), (2, 3)):
        book.fixture("order.created__pending_online", line_items=[line] * count, date_modified_gmt=gmt(minutes))
        assert book.order is not None
        assert book.order.details.count == count


def test_odd_things_are_kept_and_noted() -> None:
    snapshot = snap("order.created__odd_everything", status="wc-Awaiting-Serial")
    assert snapshot.details.phone is None
    assert snapshot.raw_phone == "ندارد"
    assert snapshot.details.amount is None
    assert snapshot.details.refund_amount is None
    assert snapshot.details.province == "QZ7"
    assert snapshot.details.items is not None
    assert snapshot.details.items[0].quantity == 1
    assert snapshot.paid is None
    assert snapshot.status == "awaiting-serial"
    for word in ("billing.phone", "total", "refunds.0.total", "QZ7", "date_paid_gmt", "awaiting-serial"):
        assert len([oddity for oddity in snapshot.oddities if word in oddity]) >= 1, word


def test_odd_things_do_not_stop_the_news_and_travel_with_it() -> None:
    told = Book().fixture("order.created__odd_everything")
    assert kinds(told) == [T.REGISTERED]
    assert told[0].details.name == "Sara Smith"
    assert told[0].extra["phone"] == "ندارد"
    assert any("USD" in oddity for oddity in told[0].extra["oddities"])


@pytest.mark.parametrize(
    ("currency", "rial"), [("IRR", 1200), ("IRT", 12_000), ("irt", 12_000), ("IRHR", 1_200_000), ("IRHT", 12_000_000)]
)
def test_currencies(currency: str, rial: int) -> None:
    assert snap("order.created__pending_online", total="1200.00", currency=currency).details.amount == rial


@pytest.mark.parametrize("total", ["", "abc", None, [], {}, True, "-5", "1e5", 1e300, "9" * 50])
def test_odd_total(total: Any) -> None:
    snapshot = snap("order.created__pending_online", total=total)
    assert snapshot.details.amount is None
    assert any(oddity.startswith("total") for oddity in snapshot.oddities)


def test_total_as_a_number() -> None:
    assert snap("order.created__pending_online", total=1200).details.amount == 12_000
    assert snap("order.created__pending_online", total=1200.0).details.amount == 12_000


def test_provinces() -> None:
    assert len(PROVINCES) == 31
    payload = body("order.created__pending_online")
    shown = {}
    for state in ("KHZ", "thr", "SBN", "خوزستان", "1043", "TE"):
        payload["shipping"]["state"] = state
        snapshot = parse(raw(payload))
        shown[state] = (snapshot.details.province, len(snapshot.oddities))
    assert shown == {
        "KHZ": ("خوزستان", 0),
        "thr": ("تهران", 0),
        "SBN": ("سیستان و بلوچستان", 0),
        "خوزستان": ("خوزستان", 0),
        "1043": ("1043", 1),
        "TE": ("TE", 1),
    }
    payload["shipping"] |= {"state": "IL", "country": "US"}
    assert parse(raw(payload)).details.province == "IL"


def test_dates_are_utc() -> None:
    snapshot = snap("order.created__pending_online", date_paid_gmt="2026-11-23T10:00:00+03:30")
    assert snapshot.created == datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
    assert snapshot.paid == snapshot.created


@pytest.mark.parametrize("date", ["yesterday", "0001-01-01T00:00:00", "9999-12-31T23:59:59-23:59", 5, [], True])
def test_odd_date(date: Any) -> None:
    snapshot = snap("order.created__pending_online", date_modified_gmt=date)
    assert snapshot.modified is None
    assert [oddity.partition(" ")[0] for oddity in snapshot.oddities] == ["date_modified_gmt"]


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"\xff\xfe",
        b"webhook_id=7",
        b"{",
        b'{"id": NaN}',
        b'{"id": 1}}',
        b"[" * 100_000,
        b'{"id":' + b"9" * 9000 + b"}",
    ],
)
def test_not_json(bad: bytes) -> None:
    with pytest.raises(NotJson):
        parse(bad)


@pytest.mark.parametrize("bad", [[], None, 5, "x"])
def test_not_an_object(bad: Any) -> None:
    with pytest.raises(Unprocessable) as refused:
        parse(raw(bad))
    assert refused.value.errors[0]["loc"] == []


@pytest.mark.parametrize("bad", [None, "", "x", 0, -3, True, 1.5, [1], {}, 2**63, "9" * 40, "۱۲x"])
def test_an_order_needs_an_id(bad: Any) -> None:
    with pytest.raises(Unprocessable) as refused:
        parse(raw({"id": bad}))
    assert refused.value.errors == [{"loc": ["id"], "msg": "must be a positive whole number"}]


def test_an_id_is_enough() -> None:
    assert parse(b'{"id": 7}') == Snapshot(order_id="7", is_bare=True)
    assert parse(b'{"id": "7"}').order_id == "7"


# What happened


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("order.created__pending_online", [(T.REGISTERED, 0)]),
        ("order.updated__processing_online", [(T.REGISTERED, 0), (T.PAID, 4), (T.PREPARING, 4)]),
        ("order.updated__processing_with_code", [(T.REGISTERED, 0), (T.PAID, 4), (T.PREPARING, 190), (T.SHIPPED, 190)]),
        ("order.updated__completed_online", [(T.REGISTERED, 0), (T.PAID, 4), (T.DELIVERED, 1500)]),
        ("order.updated__completed_with_code", [(T.REGISTERED, 0), (T.PAID, 4), (T.SHIPPED, 1500)]),
        ("order.updated__cancelled_unpaid", [(T.REGISTERED, 0), (T.CANCELLED, 65)]),
        ("order.updated__cancelled_paid", [(T.REGISTERED, 0), (T.PAID, 4), (T.CANCELLED, 65)]),
        ("order.updated__failed_online", [(T.REGISTERED, 0), (T.PAYMENT_FAILED, 3)]),
        ("order.updated__refunded", [(T.REGISTERED, 0), (T.PAID, 4), (T.REFUNDED, 300)]),
        ("order.updated__refunded_partly", [(T.REGISTERED, 0), (T.PAID, 4), (T.PREPARING, 240)]),
        ("order.updated__pws_shipping", [(T.REGISTERED, 0), (T.PAID, 4), (T.SHIPPED, 400)]),
        ("order.updated__status_unknown", [(T.REGISTERED, 0), (T.PAID, 4)]),
        ("order.updated__trash", []),
        ("order.restored__processing_online", [(T.REGISTERED, 0), (T.PAID, 4), (T.PREPARING, 4)]),
        ("order.deleted__id_only", []),
        ("order.created__processing_cash", [(T.REGISTERED, 0)]),
        ("order.updated__completed_cash", [(T.REGISTERED, 0), (T.DELIVERED, 1600)]),
        ("order.created__on_hold_bank_transfer", [(T.REGISTERED, 0)]),
        (
            "order.updated__processing_bank_transfer",
            [(T.REGISTERED, 0), (T.DEPOSIT_CONFIRMED, 130), (T.PREPARING, 130)],
        ),
        ("order.created__odd_everything", [(T.REGISTERED, 0)]),
        ("order.created__shipping_elsewhere", [(T.REGISTERED, 0)]),
    ],
)
def test_first_heard_of(name: str, expected: list[tuple[EventType, int]]) -> None:
    """Whatever state an order is in when we first hear of it, what led there is told."""
    book = Book()
    told = book.fixture(name)
    assert [(event.type, event.at) for event in told] == [(kind, at(minutes)) for kind, minutes in expected]
    assert len({event.id for event in told}) == len(told)
    assert all(event.id.startswith("d1.") and event.source == "woo" for event in told)


def test_every_fixture_is_in_the_table() -> None:
    marks = test_first_heard_of.pytestmark  # type: ignore[attr-defined]
    assert sorted(row[0] for row in marks[0].args[1]) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_same_again_is_no_news(name: str) -> None:
    book = Book()
    book.fixture(name)
    assert book.fixture(name) == []


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("order.updated")])
@pytest.mark.parametrize("later", [2000, 3000])
def test_an_update_that_changes_nothing_is_no_news(name: str, later: int) -> None:
    """WooCommerce touches date_modified at every saving."""
    book = Book()
    book.fixture(name)
    assert book.fixture(name, date_modified_gmt=gmt(later)) == []


def test_the_usual_way() -> None:
    book = Book()
    assert kinds(book.fixture("order.created__pending_online")) == [T.REGISTERED]
    assert not book.known.paid
    assert kinds(book.fixture("order.updated__processing_online")) == [T.PAID, T.PREPARING]
    assert book.known.paid
    assert book.known.details.reference == RECEIPT
    assert kinds(book.fixture("order.updated__processing_with_code")) == [T.SHIPPED]
    assert book.known.details.tracking_code == CODE
    assert kinds(book.fixture("order.updated__completed_with_code")) == [T.DELIVERED]
    assert book.known.details.carrier == "پست پیشتاز"
    assert book.known.stage is Stage.DELIVERED


def test_events_are_kept_by_the_store() -> None:
    for event in Book().fixture("order.updated__completed_with_code"):
        assert msgspec.json.decode(msgspec.json.encode(event), type=Event) == event


def test_skipped_statuses() -> None:
    book = Book()
    book.fixture("order.created__pending_online")
    assert kinds(book.fixture("order.updated__completed_online")) == [T.PAID, T.DELIVERED]


@pytest.mark.parametrize(
    "late", ["order.created__pending_online", "order.updated__processing_online", "order.updated__cancelled_unpaid"]
)
def test_an_older_state_coming_late_is_ignored(late: str) -> None:
    book = Book()
    book.fixture("order.updated__pws_shipping")
    before = book.known
    changed = body(late)
    changed["billing"]["phone"] = "09350000000"
    assert book.take(parse(raw(changed))) == []
    assert book.known == before


def test_news_from_elsewhere_does_not_make_the_shop_stale() -> None:
    book = Book()
    book.fixture("order.created__on_hold_bank_transfer")
    book.hear(outside(T.DEPOSIT_REPORTED, 200, reference="88"))
    assert kinds(book.fixture("order.updated__processing_bank_transfer")) == [T.DEPOSIT_CONFIRMED, T.PREPARING]


def test_clocks_at_odds_do_not_put_things_in_the_wrong_order() -> None:
    told = Book().fixture("order.updated__completed_online", date_created_gmt=gmt(1502), date_paid_gmt=gmt(1501))
    assert [(event.type, event.at) for event in told] == [
        (kind, at(1500)) for kind in (T.REGISTERED, T.PAID, T.DELIVERED)
    ]


# Paid or not


def test_cash_with_a_paid_date_is_not_prepaid() -> None:
    book = Book()
    book.fixture("order.created__processing_cash", date_paid_gmt=gmt(0))
    assert kinds(book.fixture("order.updated__completed_cash")) == [T.DELIVERED]
    assert not book.known.paid
    assert book.known.happened(T.PAID) is None


@pytest.mark.parametrize("status", ["pending", "on-hold", "failed"])
def test_awaiting_payment_is_not_prepaid(status: str) -> None:
    book = Book()
    told = book.fixture("order.updated__processing_online", status=status)  # with a paid date
    assert T.PAID not in kinds(told)
    assert not book.known.paid
    assert book.known.details.reference is None


def test_status_alone_says_paid() -> None:
    told = Book().fixture("order.updated__processing_online", date_paid_gmt=None)
    assert kinds(told) == [T.REGISTERED, T.PAID, T.PREPARING]
    assert told[1].at == at(4)


def test_paid_date_alone_says_paid() -> None:
    told = Book().fixture("order.updated__status_unknown")
    assert kinds(told) == [T.REGISTERED, T.PAID]
    assert told[1].at == at(4)
    assert kinds(Book().fixture("order.updated__status_unknown", date_paid_gmt=None)) == [T.REGISTERED]


def test_bank_transfer_is_confirmed_and_has_no_gateway_receipt() -> None:
    book = Book()
    book.fixture("order.created__on_hold_bank_transfer")
    assert book.known.method is PaymentMethod.BANK_TRANSFER
    book.fixture("order.updated__processing_bank_transfer", transaction_id="77")
    assert book.known.paid
    assert book.known.details.reference is None


@pytest.mark.parametrize(
    ("payment_method", "method", "told"),
    [
        ("cod", PaymentMethod.CASH, [T.REGISTERED]),
        ("COD", PaymentMethod.CASH, [T.REGISTERED]),
        ("phone", PaymentMethod.PHONE, [T.REGISTERED]),
        ("bacs", PaymentMethod.BANK_TRANSFER, [T.REGISTERED, T.DEPOSIT_CONFIRMED, T.PREPARING]),
        ("card-to-card", PaymentMethod.BANK_TRANSFER, [T.REGISTERED, T.DEPOSIT_CONFIRMED, T.PREPARING]),
        ("WC_PayPing", PaymentMethod.ONLINE, [T.REGISTERED, T.PAID, T.PREPARING]),
        ("", None, [T.REGISTERED]),
    ],
)
def test_methods(payment_method: str, method: PaymentMethod | None, told: list[EventType]) -> None:
    found = Book().fixture("order.updated__processing_online", payment_method=payment_method)
    assert kinds(found) == told
    assert found[0].details.method is method


def test_a_failed_payment_is_told_once_however_often_the_order_is_saved() -> None:
    book = Book()
    book.fixture("order.created__pending_online")
    assert kinds(book.fixture("order.updated__failed_online", transaction_id="")) == [T.PAYMENT_FAILED]
    for minutes in (5, 9):
        assert book.fixture("order.updated__failed_online", transaction_id="", date_modified_gmt=gmt(minutes)) == []
    assert kinds(
        book.fixture("order.updated__processing_online", date_modified_gmt=gmt(12), date_paid_gmt=gmt(12))
    ) == [
        T.PAID,
        T.PREPARING,
    ]
    assert kinds(book.fixture("order.updated__failed_online", date_modified_gmt=gmt(15))) == [T.PAYMENT_FAILED]


def test_a_second_attempt_with_its_own_number_fails_anew() -> None:
    book = Book()
    book.fixture("order.updated__failed_online")
    told = book.fixture("order.updated__failed_online", transaction_id="A-2", date_modified_gmt=gmt(9))
    assert kinds(told) == [T.PAYMENT_FAILED]
    assert book.known.details.reference is None  # of an attempt that came to nothing


# On the way


def test_a_code_without_a_change_of_status_is_the_parcel_leaving() -> None:
    book = Book()
    book.fixture("order.updated__processing_online")
    told = book.fixture("order.updated__processing_with_code")
    assert kinds(told) == [T.SHIPPED]
    assert told[0].details.tracking_code == CODE
    assert told[0].at == at(190)


@pytest.mark.parametrize("status", ["pending", "on-hold", "failed", "cancelled", "refunded", "awaiting-serial"])
def test_a_code_before_the_order_is_under_way_is_kept_and_not_told(status: str) -> None:
    book = Book()
    assert T.SHIPPED not in kinds(book.fixture("order.updated__processing_with_code", status=status))
    assert book.known.details.tracking_code == CODE


def test_a_code_after_the_parcel_left_is_told() -> None:
    book = Book()
    book.fixture("order.updated__pws_shipping", meta_data=[])
    assert book.known.stage is Stage.SHIPPED
    told = book.fixture("order.updated__pws_shipping", date_modified_gmt=gmt(405))
    assert kinds(told) == [T.SHIPPED]
    assert told[0].distinction == CODE


def test_a_corrected_code_is_told_anew() -> None:
    book = Book()
    book.fixture("order.updated__pws_shipping")
    meta = [{"id": 1, "key": "post_barcode", "value": "۱۲۳۴۵"}]
    assert kinds(book.fixture("order.updated__pws_shipping", meta_data=meta, date_modified_gmt=gmt(410))) == [T.SHIPPED]
    assert book.known.details.tracking_code == "12345"


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("post_barcode", CODE, CODE),
        ("post_barcode", int(CODE), CODE),
        ("_wc_shipment_tracking_items", [{"tracking_number": "OLD"}, {"tracking_number": "NEW"}], "NEW"),
        ("_wc_shipment_tracking_items", {"0": {"tracking_number": "A"}}, None),
        ("_wc_shipment_tracking_items", [], None),
        ("post_barcode", "", None),
        ("post_barcode", None, None),
        ("post_barcode", True, None),
        ("something_else", CODE, None),
    ],
)
def test_where_codes_are_found(key: str, value: Any, code: str | None) -> None:
    told = Book().fixture("order.updated__processing_online", meta_data=[{"id": 1, "key": key, "value": value}])
    assert told[0].details.tracking_code == code
    assert (T.SHIPPED in kinds(told)) == (code is not None)


def test_carrier_and_address_to_follow() -> None:
    details = Book().fixture("order.updated__completed_with_code")[0].details
    assert details.carrier == "پست پیشتاز"
    assert details.tracking_url == f"https://tracking.post.ir/?id={CODE}"
    meta = [
        {"key": "_wc_shipment_tracking_items", "value": [{"tracking_number": "1", "tracking_link": "javascript:x"}]}
    ]
    assert Book().fixture("order.updated__completed_with_code", meta_data=meta)[0].details.tracking_url is None


def test_keys_are_the_operators() -> None:
    rules = WooRules(tracking_code_keys=("my_code",), carrier_keys=("my_carrier",))
    meta = [
        {"key": "my_code", "value": "77"},
        {"key": "my_carrier", "value": "تیپاکس"},
        {"key": "post_barcode", "value": "1"},
    ]
    details = Book(rules).fixture("order.updated__processing_online", meta_data=meta)[-1].details
    assert (details.tracking_code, details.carrier) == ("77", "تیپاکس")


def test_completed_with_its_code_is_shipped_and_stays_so() -> None:
    """Many shops complete an order when they post the parcel."""
    book = Book()
    book.fixture("order.updated__processing_online")
    assert kinds(book.fixture("order.updated__completed_with_code")) == [T.SHIPPED]
    for minutes in (1501, 9000):
        assert book.fixture("order.updated__completed_with_code", date_modified_gmt=gmt(minutes)) == []
    assert book.known.stage is Stage.SHIPPED


def test_completed_after_the_parcel_left_is_delivered() -> None:
    book = Book()
    book.fixture("order.updated__pws_shipping")
    told = book.fixture("order.updated__completed_with_code")
    assert told[0].type is T.DELIVERED
    assert told[0].at == at(1500)


def test_delivered_at_the_time_of_completion_not_of_the_last_change() -> None:
    told = Book().fixture("order.updated__completed_online", date_modified_gmt=gmt(1700))
    assert (told[-1].type, told[-1].at) == (T.DELIVERED, at(1500))


def test_statuses_are_the_operators() -> None:
    rules = WooRules(
        statuses={
            **DEFAULT.statuses,
            "completed": ("order.registered", "paid", "order.shipped"),
            "awaiting-serial": ("order.packed",),
        }
    )
    assert kinds(Book(rules).fixture("order.updated__completed_online"))[-1] is T.SHIPPED
    snapshot = parse(raw(body("order.updated__status_unknown")), rules=rules)
    assert snapshot.oddities == ()
    assert kinds(Book(rules).take(snapshot)) == [T.PAID, T.PACKED]


def test_a_meaning_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'done' means 'order\.finished'"):
        WooRules(statuses={"done": ("order.finished",)})


# Cancelled, deleted, restored, refunded


def test_cancelled_and_back_and_cancelled_again() -> None:
    book = Book()
    book.fixture("order.created__pending_online")
    assert kinds(book.fixture("order.updated__cancelled_unpaid")) == [T.CANCELLED]
    assert book.known.cancelled
    assert kinds(book.fixture("order.created__pending_online", date_modified_gmt=gmt(70))) == [T.REGISTERED]
    assert not book.known.cancelled
    assert kinds(book.fixture("order.updated__cancelled_unpaid", date_modified_gmt=gmt(80))) == [T.CANCELLED]
    assert book.known.cancelled


def test_paid_after_the_shop_cancelled_by_itself() -> None:
    book = Book()
    book.fixture("order.updated__cancelled_unpaid")
    told = book.fixture("order.updated__processing_online", date_modified_gmt=gmt(90), date_paid_gmt=gmt(90))
    assert T.PAID in kinds(told)
    assert book.known.paid
    assert not book.known.cancelled


def test_paid_and_cancelled_and_taken_up_again() -> None:
    book = Book()
    book.fixture("order.updated__processing_online")
    book.fixture("order.updated__cancelled_paid")
    assert kinds(book.fixture("order.updated__processing_online", date_modified_gmt=gmt(90))) == [T.REGISTERED]
    assert not book.known.cancelled
    assert book.fixture("order.updated__processing_online", date_modified_gmt=gmt(95)) == []


@pytest.mark.parametrize("status", ["failed", "refunded", "awaiting-serial", "cancelled"])
def test_what_is_no_life_does_not_revive(status: str) -> None:
    book = Book()
    book.fixture("order.updated__processing_online")
    book.fixture("order.updated__cancelled_paid")
    payload = body("order.updated__processing_online", status=status, date_modified_gmt=gmt(90))
    payload["billing"]["phone"] = "09350000000"
    book.take(parse(raw(payload)))
    assert book.known.cancelled
    assert book.known.details.phone == "09350000000"


def test_deleted() -> None:
    book = Book()
    book.fixture("order.updated__processing_online")
    told = book.fixture("order.deleted__id_only")
    assert [(event.type, event.at, event.details) for event in told] == [(T.CANCELLED, RECEIVED, Details())]
    assert book.known.cancelled
    assert book.fixture("order.deleted__id_only") == []


def test_deleted_without_a_time_of_receipt_comes_after_all_we_know() -> None:
    book = Book()
    book.fixture("order.updated__processing_online")
    told = book.take(parse(b'{"id": 10025}'), "order.deleted", None)
    assert told[0].at == at(4) + timedelta(milliseconds=1)
    assert book.known.cancelled


@pytest.mark.parametrize(
    "name", ["order.updated__pws_shipping", "order.updated__completed_cash", "order.updated__refunded"]
)
def test_deleting_what_is_finished_is_tidying_up(name: str) -> None:
    book = Book()
    book.fixture(name)
    assert book.take(parse(b'{"id": 10025}'), "order.deleted") == []


def test_restored() -> None:
    book = Book()
    book.fixture("order.updated__processing_online")
    book.fixture("order.deleted__id_only")
    assert kinds(book.fixture("order.restored__processing_online")) == [T.REGISTERED]
    assert not book.known.cancelled
    assert book.fixture("order.restored__processing_online") == []


def test_refunded_with_the_sum_of_the_refunds() -> None:
    book = Book()
    book.fixture("order.updated__processing_online")
    told = book.fixture("order.updated__refunded")
    assert kinds(told) == [T.REFUNDED]
    assert told[0].details.refund_amount == 185_000_000
    assert book.known.refunded
    assert not book.known.paid


def test_saving_an_order_again_does_not_pay_it_again() -> None:
    book = Book()
    book.fixture("order.updated__processing_online", date_paid_gmt=None)
    book.hear(outside(T.REFUNDED, 100))
    assert book.fixture("order.updated__processing_online", date_paid_gmt=None, date_modified_gmt=gmt(200)) == []
    assert not book.known.paid


def test_paid_again_after_a_refund() -> None:
    book = Book()
    book.fixture("order.updated__refunded")
    told = book.fixture(
        "order.updated__processing_online", date_paid_gmt=gmt(400), date_modified_gmt=gmt(400), refunds=[]
    )
    assert T.PAID in kinds(told)
    assert book.known.paid


@pytest.mark.parametrize("total", ["-18500000", "18500000", "−18500000", "-18500000.00", -18500000, 18500000.0])
def test_refunds_of_either_sign(total: Any) -> None:
    refunds = [{"id": 1, "reason": "", "total": total}]
    assert snap("order.updated__refunded", refunds=refunds).details.refund_amount == 185_000_000


@pytest.mark.parametrize("refunds", [[], [{"id": 1}], [{"total": "-0"}], [None], {}, "x"])
def test_refunded_without_an_amount_is_all_of_it(refunds: Any) -> None:
    book = Book()
    told = book.fixture("order.updated__refunded", refunds=refunds)
    assert told[-1].type is T.REFUNDED
    assert told[-1].details.refund_amount is None
    assert book.known.refunded


def test_a_part_paid_back_is_known_and_not_told() -> None:
    book = Book()
    book.fixture("order.updated__processing_online")
    assert kinds(book.fixture("order.updated__refunded_partly")) == [T.REGISTERED]  # repeated: brings the amount
    assert book.known.details.refund_amount == 5_000_000
    assert book.known.paid
    assert not book.known.refunded
    assert kinds(book.fixture("order.updated__refunded")) == [T.REFUNDED]


# Details


@pytest.mark.parametrize(
    "name",
    [
        "order.created__pending_online",
        "order.updated__processing_online",
        "order.updated__pws_shipping",
        "order.updated__cancelled_paid",
        "order.updated__failed_online",
    ],
)
def test_a_correction_reaches_the_order_and_is_told_as_no_news(name: str) -> None:
    book = Book()
    book.fixture(name)
    before = book.known
    payload = body(name, date_modified_gmt=gmt(2000))
    payload["billing"]["phone"] = "09350000000"
    payload["shipping"]["city"] = "کرج"
    told = book.take(parse(raw(payload)))
    assert len(told) == 1
    assert before.knows(told[0])
    assert (book.known.details.phone, book.known.details.city) == ("09350000000", "کرج")
    assert (book.known.cancelled, book.known.paid, book.known.stage) == (before.cancelled, before.paid, before.stage)
    assert book.take(parse(raw(payload))) == []


def test_a_correction_together_with_news() -> None:
    book = Book()
    book.fixture("order.updated__processing_online")
    payload = body("order.updated__processing_with_code")
    payload["shipping"]["city"] = "کرج"
    assert kinds(book.take(parse(raw(payload)))) == [T.SHIPPED]
    assert book.known.details.city == "کرج"


def test_what_staff_corrected_later_stands() -> None:
    book = Book()
    book.fixture("order.updated__processing_online")
    book.hear(outside(T.PREPARING, 500, phone="09350000000"))
    assert kinds(book.fixture("order.updated__processing_with_code")) == [T.SHIPPED]
    assert book.known.details.phone == "09350000000"


def test_a_correction_is_a_repetition_on_the_timeline() -> None:
    policy = Policy(blocks={}, otherwise=Block(), regions=Regions.of({"tehran": ["تهران"]}, default="elsewhere"))
    shop = Shop(name="فروشگاه", support_phone="02191001234")
    rules = Rulebook(
        policy=policy,
        templates={},
        shops=Shops(main=shop),
        working_time=lambda time: time,
        texting_time=lambda time: time,
    )
    book = Book()
    first = decide(None, book.fixture("order.updated__processing_online"), rules, RECEIVED)
    payload = body("order.updated__processing_online", date_modified_gmt=gmt(2000))
    payload["billing"]["phone"] = "09350000000"
    second = decide(first.order, book.take(parse(raw(payload))), rules, RECEIVED)
    assert [(line.kind, line.what) for line in second.timeline] == [(LineKind.REPEATED, T.REGISTERED)]
    assert second.order.details.phone == "09350000000"


# What does not concern us, and what is missing


@pytest.mark.parametrize("topic", ["product.updated", "customer.created", "coupon.deleted", "action.woocommerce_x"])
def test_other_topics_are_not_ours(topic: str) -> None:
    assert Book().take(snap("order.created__pending_online"), topic) == []


@pytest.mark.parametrize("status", ["trash", "checkout-draft", "auto-draft"])
def test_drafts_and_bins_say_nothing(status: str) -> None:
    assert Book().fixture("order.updated__processing_online", status=status) == []


def test_an_id_alone_says_nothing() -> None:
    assert Book().take(parse(b'{"id": 7}')) == []


def test_without_dates_the_receipt_counts() -> None:
    none = dict.fromkeys(("date_created_gmt", "date_modified_gmt", "date_paid_gmt", "date_completed_gmt"))
    told = Book().fixture("order.updated__processing_online", **none)
    assert [event.at for event in told] == [RECEIVED] * 3


def test_no_event_is_later_than_its_receipt() -> None:
    told = Book().fixture("order.updated__processing_online", date_modified_gmt="2090-01-01T00:00:00")
    assert max(event.at for event in told) == RECEIVED


# Anything at all

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.text(alphabet="0123456789۰۱۲+-.TZ: ", max_size=25),
    st.sampled_from(
        ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "\ud800", "-", "09121234567\x00", "1e999"]
    ),
)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def _paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, inner in pairs for path in _paths(inner, (*at, key)))]


@st.composite
def _mutated(draw: st.DrawFn) -> tuple[str, Any]:
    name = draw(st.sampled_from(NAMES))
    payload: Any = copy.deepcopy(load(name)["body"])
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(_paths(payload)))
        if not path:
            payload = draw(_JSON) if draw(st.integers(0, 9)) == 0 else payload
            continue
        place = payload
        for key in path[:-1]:
            place = place[key]
        if draw(st.booleans()) or not isinstance(place, dict):
            place[path[-1]] = draw(_JSON)
        else:
            del place[path[-1]]
    return name, payload


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(first=_mutated(), second=_mutated(), received=st.sampled_from([None, RECEIVED]))
def test_nothing_a_shop_sends_breaks_us(
    first: tuple[str, Any], second: tuple[str, Any], received: datetime | None
) -> None:
    book = Book()
    for name, payload in (first, second):
        try:
            snapshot = parse(raw(payload))
        except (Unprocessable, NotJson):
            continue
        topic = name.partition("__")[0]
        told = book.take(snapshot, topic, received)
        assert [event.at for event in told if not event.id.endswith(".details")] == sorted(
            event.at for event in told if not event.id.endswith(".details")
        )
        for event in told:
            assert msgspec.json.decode(msgspec.json.encode(event), type=Event) == event
        assert book.take(snapshot, topic, received) == [], "the same twice is no news"


@settings(max_examples=100, deadline=None)
@given(body=st.one_of(st.binary(max_size=40), st.text(max_size=40).map(str.encode)))
def test_no_bytes_break_us(body: bytes) -> None:
    with contextlib.suppress(Unprocessable, NotJson):
        assert parse(body).order_id
    assert verify(SECRET, body, body.decode("latin-1")) is False
    is_ping({}, body)


# Values as shops really hold them


def bought(**changes: Any) -> Snapshot:
    return snap("order.updated__paid_online" if "order.updated__paid_online" in NAMES else NAMES[0], **changes)


def parcel(value: Any, key: str = "post_barcode") -> Event:
    book = Book()
    return book.take(bought(status="processing", meta_data=[{"key": key, "value": value}]))[-1]


@pytest.mark.parametrize("code", ["-", "0", ".", "N/A", "ندارد", "null", " ", "\u200f", 0])
def test_a_barcode_of_nothing_ships_nothing(code: Any) -> None:
    book = Book()
    told = book.take(bought(status="processing", meta_data=[{"key": "post_barcode", "value": code}]))
    assert T.SHIPPED not in kinds(told)
    assert book.known.details.tracking_code is None


@pytest.mark.parametrize("receipt", ["0", "-", "ندارد", "null"])
def test_a_receipt_of_nothing_is_none(receipt: str) -> None:
    assert bought(transaction_id=receipt).transaction_id is None


def test_names_of_nothing_greet_nobody() -> None:
    def named(first: str, last: str) -> str | None:
        address = {"first_name": first, "last_name": last, "phone": "09120000005"}
        return bought(billing=address, shipping={}).details.name

    assert named("سارا", "null") == "سارا"
    assert named("undefined", "undefined") is None
    assert named("-", "محمدی") == "محمدی"


def test_what_wordpress_escapes_is_read_as_its_page_shows_it() -> None:
    items = {
        "custom_tracking_provider": "Chapar &amp; Co",
        "custom_tracking_link": "https://tracking.example/?id=77001122&#038;lang=fa",
        "tracking_number": "۷۷۰۰۱۱۲۲\u200f",
    }
    event = parcel([items], "_wc_shipment_tracking_items")
    details = event.details
    assert (details.tracking_code, details.carrier) == ("77001122", "Chapar & Co")
    assert details.tracking_url == "https://tracking.example/?id=77001122&lang=fa"
    lines = [{"name": "گوشی&zwnj;موبایل 13T &#8211; آبی", "quantity": 1}]
    address = {"first_name": "علی&amp;رضا", "last_name": "O&#039;Neil <b>x</b> 😀", "phone": "09121234567"}
    shown = bought(line_items=lines, billing=address, shipping={}).details
    assert shown.items == (Item("گوشی\u200cموبایل 13T – آبی", 1),)
    assert shown.name == "علی&رضا O'Neil x 😀"


@pytest.mark.parametrize(
    ("quantity", "read"), [(2.5, 1), (0.3, 1), (2, 2), (2.0, 2), (1e300, 1), (0, 1), (-1, 1), ("2", 1)]
)
def test_lines_sold_by_weight_are_one_thing(quantity: Any, read: int) -> None:
    items = bought(line_items=[{"name": "برنج", "quantity": quantity}]).details.items
    assert items is not None
    assert items[0].quantity == read


@pytest.mark.parametrize("number", ["SH-1405-1138", "SH-۱۴۰۵-۱۱۳۸", "\u2066SH-1405-1138\u2069"])
def test_a_number_of_a_plugin_has_one_form(number: str) -> None:
    assert bought(number=number).number == "SH-1405-1138"


def test_two_phones_in_one_field_are_no_oddity() -> None:
    snapshot = bought(billing={"first_name": "سارا", "phone": "09121234578 - 02188776655"})
    assert snapshot.details.phone == "09121234578"


def test_a_mark_before_a_body_is_passed_over() -> None:
    assert parse(b"\xef\xbb\xbf" + raw({"id": 7})).order_id == "7"
