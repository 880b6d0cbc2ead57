"""What an order webhook of WooCommerce says: a snapshot of the order as REST v3 shows it, not what happened to it.

Plugins change everything but the order's id, so only that is demanded: whatever else is odd is kept and noted.
"""

import json
from codecs import BOM_UTF8
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NoReturn

from msgspec.structs import replace

from notifier.domain import canonical, money, persian, phones
from notifier.domain.events import NAMED_ITEMS, Details, Item
from notifier.errors import NotJson, OwnerWithoutRights, Unprocessable
from notifier.intake.woocommerce.excerpt import LEFT_OUT, excerpt, is_large
from notifier.intake.woocommerce.rules import DEFAULT, WooRules, status_name

# woocommerce/i18n/states.php. Persian plugins put their own lists in its place; those are shown as given.
PROVINCES: dict[str, str] = {
    "KHZ": "خوزستان",
    "THR": "تهران",
    "ILM": "ایلام",
    "BHR": "بوشهر",
    "ADL": "اردبیل",
    "ESF": "اصفهان",
    "YZD": "یزد",
    "KRH": "کرمانشاه",
    "KRN": "کرمان",
    "HDN": "همدان",
    "GZN": "قزوین",
    "ZJN": "زنجان",
    "LRS": "لرستان",
    "ABZ": "البرز",
    "EAZ": "آذربایجان شرقی",
    "WAZ": "آذربایجان غربی",
    "CHB": "چهارمحال و بختیاری",
    "SKH": "خراسان جنوبی",
    "RKH": "خراسان رضوی",
    "NKH": "خراسان شمالی",
    "SMN": "سمنان",
    "FRS": "فارس",
    "QHM": "قم",
    "KRD": "کردستان",
    "KBD": "کهگیلویه و بویراحمد",
    "GLS": "گلستان",
    "GIL": "گیلان",
    "MZN": "مازندران",
    "MKZ": "مرکزی",
    "HRZ": "هرمزگان",
    "SBN": "سیستان و بلوچستان",
}
_PROVINCE_NAMES = frozenset(persian.fold(name) for name in PROVINCES.values())

_MAX_TEXT = 200
_MAX_QUANTITY = 1_000_000
_LEAST = Decimal("0.0001")
_MAX_FIGURES, _MAX_REFUNDS, _MAX_META = 60, 500, 5000
_YEARS = range(2000, 2100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """An order as its shop showed it. ``details`` lack what only the rules can tell: method, reference and shipment."""

    order_id: str
    is_bare: bool = False  # the id alone, as WooCommerce has it when an order is deleted
    parent_id: str | None = None  # of which order this is a part
    is_anonymised: bool = False  # the shop has taken the customer out of it
    number: str | None = None  # shown to the customer where a plugin numbers orders anew
    status: str | None = None  # without wc-
    details: Details = field(default_factory=Details)
    payment_method: str | None = None
    payment_method_title: str | None = None
    transaction_id: str | None = None
    created: datetime | None = None  # UTC, as are the others
    modified: datetime | None = None
    paid: datetime | None = None
    completed: datetime | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    raw_phone: str | None = None  # as given, when it is no phone number
    oddities: tuple[str, ...] = ()  # sentences, fit to be logged


def parse(body: bytes, *, rules: WooRules = DEFAULT) -> Snapshot:
    """Raises NotJson, and Unprocessable when it is not an order with an id. ``rules`` tell which statuses are known."""
    payload = _document(body)
    _require_rights(payload)
    return _Reader(payload).snapshot(_order_id(payload), rules)


def text(value: object) -> str | None:
    """A value as one tidy line, or None when it is empty or no text at all."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**60:
        return str(value)
    if not isinstance(value, str):
        return None
    return persian.tidy(canonical.plain(value, longest=_MAX_TEXT * 4))[:_MAX_TEXT].strip() or None


def said(value: object) -> str | None:
    """A value as one tidy line, or None where it only says that there is nothing."""
    return canonical.something(text(value))


def identifier(value: object) -> str | None:
    """A number or code in its one form; None where there is none, or what is given cannot be one."""
    if isinstance(value, str) and len(value) > _MAX_TEXT * 4:
        return None
    try:
        return canonical.something(canonical.identifier(text(value) or ""))
    except ValueError:
        return None


def _document(body: bytes) -> dict[str, Any]:
    body = body.removeprefix(BOM_UTF8)
    try:
        payload = excerpt(body) if is_large(body) else json.loads(body.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:  # ValueError: bad UTF-8, bad JSON, a number of thousands of digits
        raise NotJson("The body is not JSON in UTF-8. Set the webhook's API version to WP REST API v3.") from error
    if not isinstance(payload, dict):
        message = "The body is not a JSON object. Send the order as WP REST API v3 shows it."
        raise Unprocessable(message, errors=[{"loc": [], "msg": "must be an object"}])
    return payload


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _require_rights(payload: dict[str, Any]) -> None:
    """WooCommerce reads an order as the user who made the webhook; where that one may not, it posts the error."""
    data, code = payload.get("data"), payload.get("code")
    status = data.get("status") if isinstance(data, dict) else None
    if "id" not in payload and isinstance(code, str) and "message" in payload and isinstance(status, int):
        code = text(code) or "an error"
        if status in (401, 403):
            raise OwnerWithoutRights(
                f"The shop sent its own error {code!r} in the place of an order: the user who owns this webhook may not"
                " read orders any more. Open the webhook under WooCommerce, Settings, Advanced, Webhooks as an"
                " administrator or shop manager and save it, which makes them its owner.",
                errors=[{"loc": ["code"], "msg": "is WooCommerce's error, not an order"}],
            )
        raise Unprocessable(
            f"The shop sent its own error {code!r} (status {status}) instead of an order; look into the shop's log.",
            errors=[{"loc": ["code"], "msg": "is WooCommerce's error, not an order"}],
        )


def _order_id(payload: dict[str, Any]) -> str:
    given = payload.get("id")
    number = str(given) if type(given) is int and abs(given) < 2**63 else identifier(given) or ""
    if number.isascii() and number.isdecimal() and 0 < int(number[:20]) < 2**63 and len(number) <= 19:
        return str(int(number))
    if isinstance(payload.get("order"), dict):
        message = (
            "This is an order of WooCommerce's old API. Set the webhook's API version to WP REST API Integration v3."
        )
        raise Unprocessable(message, errors=[{"loc": ["order"], "msg": "must not be wrapped in another object"}])
    message = "The order has no id. Send the order as WP REST API v3 shows it, with its id."
    raise Unprocessable(message, errors=[{"loc": ["id"], "msg": "must be a positive whole number"}])


class _Reader:
    """Reads one payload and collects what is odd in it."""

    def __init__(self, payload: dict[str, Any]) -> None:
        self.payload = payload
        self.billing, self.shipping = self._part("billing"), self._part("shipping")
        self.oddities: list[str] = []
        self.raw_phone: str | None = None
        for name in ("billing", "shipping"):
            if not isinstance(payload.get(name, {}), dict):
                self._odd(f"{name} is not an object, so it was left out.")
        for name in payload.get(LEFT_OUT, ()):
            self._odd(f"{name} holds more than an order can need, so it was left out.")

    def snapshot(self, order_id: str, rules: WooRules) -> Snapshot:
        anonymised = self._is_anonymised()
        reached, phone = self._reached()
        items, count = self._items()
        details = Details(
            name=self._name(reached),
            phone=phone,
            city=self._city(),
            province=self._province(),
            address=self._address(),
            note=said(self.payload.get("customer_note")),
            amount=self._amount(),
            refund_amount=self._refund_amount(),
            items=items,
            item_count=count if count >= NAMED_ITEMS else None,
        )
        if anonymised:
            details = replace(details, name="", phone="", city=None, province=None, address="", note="")
            self.raw_phone, self.oddities = None, [odd for odd in self.oddities if ".phone: " not in odd]
        return Snapshot(
            order_id=order_id,
            is_bare=self.payload.keys() == {"id"},
            parent_id=self._parent_id(),
            is_anonymised=anonymised,
            number=identifier(self.payload.get("number")),
            status=self._status(rules),
            details=details,
            payment_method=text(self.payload.get("payment_method")),
            payment_method_title=text(self.payload.get("payment_method_title")),
            transaction_id=identifier(self.payload.get("transaction_id")),
            created=self._date("date_created_gmt"),
            modified=self._date("date_modified_gmt"),
            paid=self._date("date_paid_gmt"),
            completed=self._date("date_completed_gmt"),
            meta=self._meta(),
            raw_phone=self.raw_phone,
            oddities=tuple(self.oddities),
        )

    def _is_anonymised(self) -> bool:
        """Whether WooCommerce has erased the customer (class-wc-privacy-erasers.php), as people may ask a shop to."""
        marks = (entry for entry in self._list("meta_data") if isinstance(entry, dict))
        return any(entry.get("key") == "_anonymized" and entry.get("value") == "yes" for entry in marks)

    def _parent_id(self) -> str | None:
        given = self.payload.get("parent_id")
        number = given if type(given) is int else int(given) if isinstance(given, str) and given[:20].isdecimal() else 0
        return str(number) if 0 < number < 2**63 else None

    def _odd(self, sentence: str) -> None:
        self.oddities.append(sentence)

    def _part(self, name: str) -> dict[str, Any]:
        part = self.payload.get(name)
        return part if isinstance(part, dict) else {}

    def _list(self, name: str) -> list[Any]:
        """A list, tamed: PHP shows an array with gaps in its numbers as an object."""
        value = self.payload.get(name, [])
        if isinstance(value, dict):
            return list(value.values())
        if not isinstance(value, list):
            self._odd(f"{name} is not a list, so it was left out.")
            return []
        return value

    def _either(self, name: str) -> str | None:
        return said(self.shipping.get(name)) or said(self.billing.get(name))

    def _city(self) -> str | None:
        city = self._either("city")
        if city is not None and city.isdecimal():
            self._odd(
                f"The city {city} is a number, as Persian WooCommerce Shipping saves it; name those of a region in "
                "[regions.cities], for only the shop knows which city it is."
            )
        return city

    def _address(self) -> str | None:
        """Street and number: where the goods go, or else where the buyer lives."""
        for address in (self.shipping, self.billing):
            if parts := [part for name in ("address_1", "address_2") if (part := said(address.get(name)))]:
                return "، ".join(parts)
        return None

    def _name(self, address: dict[str, Any]) -> str | None:
        parts = (said(address.get(part)) for part in ("first_name", "last_name"))
        return canonical.name(" ".join(filter(None, parts)))

    def _reached(self) -> tuple[dict[str, Any], str | None]:
        """The address whose person gets the texts, and their phone: who is greeted is who reads it. That is the buyer,
        and whoever receives the goods only where the buyer's phone is none."""
        problems = []
        for name, address in (("billing", self.billing), ("shipping", self.shipping)):
            if (given := text(address.get("phone"))) is None:
                continue
            try:
                return address, phones.normalize(given)
            except phones.PhoneError as error:
                self.raw_phone = self.raw_phone or given
                problems.append(f"{name}.phone: {error}")
        for problem in problems:
            self._odd(problem)
        return (self.billing if self._name(self.billing) else self.shipping), None

    def _province(self) -> str | None:
        state = self._either("state")
        if state is None or (self._either("country") or "IR").upper() != "IR":
            return state
        if state.upper() in PROVINCES:
            return PROVINCES[state.upper()]
        if persian.fold(state) not in _PROVINCE_NAMES:
            self._odd(f"The state {state!r} is not one of WooCommerce's codes for Iran; it is shown as given.")
        return state

    def _rial(self, amount: object) -> int:
        """Raises MoneyError."""
        currency = self.payload.get("currency")
        currency = currency[:_MAX_TEXT] if isinstance(currency, str) else ""
        if isinstance(amount, float):
            # PHP writes 17 digits where it is told to: 18500000.000000004 is what it makes of 18500000.
            amount = Decimal(str(amount)).quantize(_LEAST) if abs(amount) < money.MAX_RIAL else Decimal(str(amount))
        if isinstance(amount, str) and len(amount) > _MAX_FIGURES:
            raise money.MoneyError(f"The amount is longer than {_MAX_FIGURES} characters.")
        if not isinstance(amount, int | str | Decimal) or isinstance(amount, bool):
            raise money.MoneyError('The amount is not a number. Send it as text such as "185000.00".')
        return money.to_rial(amount, currency.strip().upper())

    def _amount(self) -> int | None:
        if "total" not in self.payload:
            return None
        try:
            return self._rial(self.payload["total"])
        except money.MoneyError as error:
            self._odd(f"total: {error}")
            return None

    def _refund_amount(self) -> int | None:
        """The sum of the refunds, whose totals WooCommerce shows as negative; None when one cannot be read."""
        paid_back = 0
        refunds = self._list("refunds")
        if len(refunds) > _MAX_REFUNDS:
            self._odd(f"There are {len(refunds)} refunds, more than {_MAX_REFUNDS}; they were left out.")
            return None
        for at, refund in enumerate(refunds):
            total = refund.get("total") if isinstance(refund, dict) else None
            try:
                paid_back += self._rial(_positive(total))
            except money.MoneyError as error:
                self._odd(f"refunds.{at}.total: {error}")
                return None
        return paid_back if 0 < paid_back <= money.MAX_RIAL else None

    def _items(self) -> tuple[tuple[Item, ...] | None, int]:
        """The first items, and how many there are in all."""
        named = [line for line in self._list("line_items") if isinstance(line, dict) and line.get("name")]
        items = [
            Item(name=name, quantity=self._quantity(name, line.get("quantity")))
            for line in named[:NAMED_ITEMS]
            if (name := text(line["name"])) is not None
        ]
        return tuple(items) or None, len(named)

    def _quantity(self, name: str, given: object) -> int:
        """How many; what is sold by weight or length, 2.5 kg of it, is one thing."""
        if isinstance(given, int | float) and not isinstance(given, bool) and 0 < given < _MAX_QUANTITY:
            return int(given) if given == int(given) else 1
        self._odd(f"The quantity of {name!r} is not a number above 0; it was read as 1.")
        return 1

    def _status(self, rules: WooRules) -> str | None:
        given = text(self.payload.get("status"))
        if given is None:
            if len(self.payload) > 1:  # an order.deleted has its id alone
                self._odd("The order has no status, so nothing but its existence is known.")
            return None
        status = status_name(given)
        if status not in rules.statuses:
            self._odd(
                f"The status {status!r} is not known: it was recorded, and sends nothing until statuses names it."
            )
        return status

    def _date(self, name: str) -> datetime | None:
        given = self.payload.get(name)
        if given is None or given == "":
            return None
        try:
            date = datetime.fromisoformat(given) if len(given) <= _MAX_TEXT else None
        except (TypeError, ValueError):
            date = None
        if date is None or date.year not in _YEARS:
            self._odd(f'{name} is not a date such as "2026-11-23T06:30:00"; it was left out.')
            return None
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)

    def _meta(self) -> dict[str, Any]:
        entries = (entry for entry in self._list("meta_data")[:_MAX_META] if isinstance(entry, dict))
        return {entry["key"]: entry.get("value") for entry in entries if isinstance(entry.get("key"), str)}


def _positive(amount: object) -> object:
    if isinstance(amount, str):
        return amount[:_MAX_TEXT].lstrip("-\u2212 ")
    return abs(amount) if isinstance(amount, int | float) and not isinstance(amount, bool) else amount
