"""``kind = "standard"``: our own event format, signed as Standard Webhooks 1.0."""

import re
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from notifier.clock import TEHRAN
from notifier.domain import canonical, money, persian, phones
from notifier.domain.events import AgreedTime, Details, Event, EventType, Item, PaymentMethod
from notifier.domain.orders import AGREEING
from notifier.errors import Unprocessable
from notifier.incoming import documents

_REASONS = {"return_reason", "failure_reason"}
_LONGEST_MOMENT, _LONGEST_NUMBER = 100, 40  # characters
_LONGEST_DIGITS = 10**60
_PLAUSIBLE_YEARS = range(2000, 2100)
_LONGEST_DELAY = timedelta(days=366)
_CLOCK = re.compile("([01]?[0-9]|2[0-3]):[0-5][0-9](:00)?")


def code(text: str) -> str | None:
    """A reference or code in its one form; None for what only says that there is none."""
    return canonical.something(canonical.identifier(text))


def said(text: str) -> str | None:
    """One tidy line; None for what only says that there is none."""
    return canonical.something(persian.tidy(text))


def named(text: str) -> str | None:
    """A person's name; None for what only says that there is none."""
    return canonical.name(persian.tidy(text))


def _short(longest: int) -> BeforeValidator:
    """Nothing is done with what is too long to be right: not cut, not read, not counted."""

    def bounded(value: Any) -> Any:
        if isinstance(value, str) and len(value) > longest:
            raise ValueError(f"is longer than {longest} characters")
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _LONGEST_DIGITS:
            raise ValueError("is a number of more than 60 digits")
        return value

    return BeforeValidator(bounded)


def optional(value: Any) -> Any:
    """What programs send for nothing is nothing, before it is read as anything."""
    return None if isinstance(value, str) and canonical.is_nothing(value) else value


def plausible(moment: datetime) -> datetime:
    if moment.year not in _PLAUSIBLE_YEARS:
        raise ValueError(f"{moment.year} is not a year in which this can have happened")
    return moment


def _day(value: Any) -> Any:
    """A day, or the Tehran day of a moment, as ISO 8601 has them."""
    if isinstance(value, datetime | date) or not (isinstance(value, str) and optional(value)):
        return optional(value)
    written = persian.ascii_digits(value.strip())
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise ValueError(f"{value[:40]!r} is no day; send it as 2026-12-01") from None
    day = (moment.astimezone(TEHRAN) if moment.tzinfo else moment).date()
    if day.year not in _PLAUSIBLE_YEARS:
        raise ValueError(f"{day.year} is not a year in which this can happen; send the day as 2026-12-01")
    return day


def _clock(value: Any) -> Any:
    """A time of the day, to the minute."""
    if not isinstance(value, str):
        return value
    written = persian.ascii_digits(value.strip())
    if not _CLOCK.fullmatch(written):
        raise ValueError(f"{value[:40]!r} is no time of the day; send it as 16:00")
    hour, minute = written.split(":")[:2]
    return time(int(hour), int(minute))


def addressable(text: str) -> str:
    if text in (".", ".."):
        raise ValueError("an order of this name could not be asked for: /api/orders/.. is another address")
    return text


def _order_id(value: Any) -> Any:
    return canonical.identifier(value, longest=100) if isinstance(value, str) else value


OrderId = Annotated[
    str,
    Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f:]+$"),
    AfterValidator(addressable),
    BeforeValidator(_order_id),
]
Code = Annotated[Annotated[str, AfterValidator(code)] | None, _short(canonical.LONGEST_IDENTIFIER)]
Said = Annotated[Annotated[str, AfterValidator(said)] | None, _short(200)]
SaidAtLength = Annotated[Annotated[str, AfterValidator(said)] | None, _short(500)]
Day = Annotated[Annotated[date | None, Field(strict=True)], BeforeValidator(_day), _short(_LONGEST_MOMENT)]
Clock = Annotated[Annotated[time, Field(strict=True)], BeforeValidator(_clock), _short(_LONGEST_MOMENT)]
Name = Annotated[Annotated[str, AfterValidator(named)] | None, _short(200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True, str_strip_whitespace=True)


class Customer(_Part):
    name: Name = None
    phone: Annotated[
        Annotated[str, AfterValidator(phones.normalize)] | None, BeforeValidator(optional), _short(200)
    ] = None
    city: Said = None
    province: Said = None
    address: SaidAtLength = None
    note: SaidAtLength = None


class Payment(_Part):
    """``amount`` is in ``currency``: IRR rial, IRT toman, IRHR thousand rial, IRHT thousand toman."""

    method: PaymentMethod | None = None
    amount: Annotated[int | None, _short(_LONGEST_NUMBER)] = None
    currency: Annotated[str, _short(_LONGEST_NUMBER)] = "IRR"
    reference: Code = None

    @model_validator(mode="after")
    def _amount_makes_sense(self) -> "Payment":
        self.rial()
        return self

    def rial(self) -> int | None:
        return None if self.amount is None else money.to_rial(self.amount, self.currency)


class LineItem(_Part):
    name: Annotated[str, Field(min_length=1), AfterValidator(persian.tidy), _short(500)]
    quantity: Annotated[int, Field(ge=1, le=1_000_000), _short(_LONGEST_NUMBER)] = 1


class Shipment(_Part):
    carrier: Said = None
    tracking_code: Code = None
    url: Annotated[Annotated[str, Field(pattern=r"^https?://\S+$")] | None, BeforeValidator(optional), _short(500)] = (
        None
    )


class TimeOfDelivery(_Part):
    """A time at which the customer will be at home, in the shop's time zone."""

    date: Annotated[date, Field(strict=True), BeforeValidator(_day), _short(_LONGEST_MOMENT)]
    start: Annotated[Clock, Field(alias="from")]
    end: Annotated[Clock, Field(alias="to")]

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "TimeOfDelivery":
        if self.end <= self.start:
            raise ValueError(f"a time of delivery from {self.start:%H:%M} to {self.end:%H:%M} ends before it begins")
        return self

    def agreed(self) -> AgreedTime:
        return AgreedTime(self.date, self.start, self.end)


class Data(_Part):
    order_id: OrderId
    customer: Customer = Customer()
    payment: Payment = Payment()
    items: Annotated[list[LineItem], Field(max_length=500)] | None = None
    shipment: Shipment = Shipment()
    reason: Said = None
    new_date: Day = None
    delivery: TimeOfDelivery | None = None
    callback_at: Annotated[
        Annotated[AwareDatetime, AfterValidator(plausible)] | None, BeforeValidator(optional), _short(_LONGEST_MOMENT)
    ] = None
    mark: Annotated[Annotated[int, Field(ge=1, le=5)] | None, _short(_LONGEST_NUMBER)] = None


class Payload(_Part):
    """An event as a shop posts it. Fields we do not know are kept, not refused."""

    type: EventType
    timestamp: Annotated[AwareDatetime, AfterValidator(plausible), _short(_LONGEST_MOMENT)]
    data: Data

    @model_validator(mode="after")
    def _a_new_order_has_a_customer(self) -> "Payload":
        if self.type is EventType.REGISTERED and self.data.customer.phone is None:
            raise ValueError("order.registered needs data.customer.phone: nobody could be told of the order otherwise")
        return self

    @model_validator(mode="after")
    def _a_delay_ends(self) -> "Payload":
        if self.type is not EventType.DELAYED:
            return self
        new, told = self.data.new_date, self.timestamp.astimezone(TEHRAN).date()
        if new is None:
            raise ValueError('order.delayed needs data.new_date, the day the order is sent now, such as "2026-12-01"')
        if new < told:
            raise ValueError(f"data.new_date is {new}, before the day of the news itself ({told}); send a day to come")
        if new - told > _LONGEST_DELAY:
            raise ValueError(f"data.new_date is {new}, more than a year after the news; look whether the year is right")
        return self

    @model_validator(mode="after")
    def _an_agreed_time_is_to_come(self) -> "Payload":
        if self.type not in AGREEING:
            return self
        agreed, told = self.data.delivery, self.timestamp.astimezone(TEHRAN).date()
        if agreed is None:
            raise ValueError(
                f"{self.type} needs data.delivery, the time agreed upon, such as"
                ' {"date": "2026-12-01", "from": "16:00", "to": "19:00"}'
            )
        if agreed.date < told:
            raise ValueError(
                f"data.delivery.date is {agreed.date}, before the day of the news itself ({told}); send a day to come"
            )
        if agreed.date - told > _LONGEST_DELAY:
            raise ValueError(
                f"data.delivery.date is {agreed.date}, more than a year after the news; look whether the year is right"
            )
        return self

    @model_validator(mode="after")
    def _a_mark_is_given(self) -> "Payload":
        if self.type is EventType.RATED and self.data.mark is None:
            raise ValueError("order.rated needs data.mark, from 1 (bad) to 5 (very good)")
        return self

    @model_validator(mode="after")
    def _a_deposit_is_money(self) -> "Payload":
        rial = self.data.payment.rial()
        if self.type in (EventType.DEPOSIT_REPORTED, EventType.DEPOSIT_CONFIRMED) and rial == 0:
            raise ValueError(
                f"{self.type} with data.payment.amount 0: no money came. Send what came, leave the amount out where all"
                " of it did, or send payment.deposit_rejected"
            )
        return self

    def event(self, *, source: str, event_id: str) -> Event:
        """The event in the domain's words."""
        data, payment = self.data, self.data.payment
        reason: dict[str, Any] = {}
        match self.type:
            case EventType.RETURN_REFUSED:
                reason["return_reason"] = data.reason
            case EventType.DELIVERY_FAILED:
                reason["failure_reason"] = data.reason
            case EventType.STALLED:
                reason["parcel_note"] = data.reason
            case EventType.DELAYED:
                reason["new_date"] = data.new_date
            case EventType.DELIVERY_AGREED | EventType.DELIVERY_CHANGED if data.delivery is not None:
                reason["delivery"] = data.delivery.agreed()
            case EventType.CALLBACK_REQUESTED:
                reason["callback_at"] = data.callback_at
            case EventType.RATED:
                reason["mark"] = data.mark
        details = Details(
            name=data.customer.name,
            phone=data.customer.phone,
            city=data.customer.city,
            province=data.customer.province,
            address=data.customer.address,
            note=data.customer.note,
            method=payment.method,
            items=tuple(Item(item.name, item.quantity) for item in data.items) if data.items else None,
            carrier=data.shipment.carrier,
            tracking_code=data.shipment.tracking_code,
            tracking_url=data.shipment.url,
            **money_details(self.type, payment.rial(), payment.reference),
            **reason,
        )
        return Event(
            id=event_id,
            source=source,
            type=self.type,
            order_id=data.order_id,
            at=self.timestamp,
            details=details,
            extra=_unknown(self) | ({"reason": data.reason} if data.reason and not reason.keys() & _REASONS else {}),
        )


def money_details(kind: EventType, rial: int | None, reference: str | None) -> dict[str, Any]:
    """What an amount and a reference are about in an event of this kind."""
    match kind:
        case EventType.REFUNDED:
            return {"refund_amount": rial, "refund_reference": reference}
        case (
            EventType.DEPOSIT_REPORTED
            | EventType.DEPOSIT_CONFIRMED
            | EventType.DEPOSIT_REJECTED
            | EventType.DEPOSIT_UNMATCHED
        ):
            return {"deposit_amount": rial, "reference": reference}
        case _:
            return {"amount": rial, "reference": reference}


def parse(body: bytes) -> Payload:
    """A payload from the body of a request. Raises NotJson, or Unprocessable with every mistake in it."""
    return validate(documents.read(body))


def validate(document: Any) -> Payload:
    """A payload from parsed JSON. Raises Unprocessable with every mistake in it."""
    try:
        return Payload.model_validate(document)
    except ValidationError as error:
        mistakes = [
            {"loc": list(found["loc"]), "msg": found["msg"].removeprefix("Value error, ")} for found in error.errors()
        ]
        raise Unprocessable("The event does not have the form it should have; see errors.", errors=mistakes) from None


def _unknown(payload: Payload) -> dict[str, Any]:
    """What the payload holds beyond the fields we know, by where it stands."""
    data = payload.data
    parts: dict[str, _Part] = {
        "": payload, "data": data, "customer": data.customer, "payment": data.payment, "shipment": data.shipment,
        **({"delivery": data.delivery} if data.delivery else {}),
    }  # fmt: skip
    unknown: dict[str, Any] = {name: part.model_extra for name, part in parts.items() if part.model_extra}
    if any(item.model_extra for item in data.items or ()):
        unknown["items"] = [item.model_extra for item in data.items or ()]
    return {name: _storable(part) for name, part in unknown.items()}


def _storable(value: Any) -> Any:
    """JSON with whole numbers that do not fit into 64 bits as text: our records cannot hold them."""
    match value:
        case dict():
            return {key: _storable(part) for key, part in value.items()}
        case list():
            return [_storable(part) for part in value]
        case int() if not -(2**63) <= value < 2**63:
            return str(value)
        case _:
            return value
