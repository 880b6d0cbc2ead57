"""``kind = "standard"``: our own event format, signed as Standard Webhooks 1.0."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import from_json

from notifier.domain import money, persian, phones
from notifier.domain.events import Details, Event, EventType, Item, Method
from notifier.errors import NotJson, Unprocessable

Short = Annotated[str, Field(min_length=1, max_length=200)]


_PLAUSIBLE_YEARS = range(2000, 2100)


def _phone(text: str) -> str:
    return phones.normalize(text)


def _plausible(moment: datetime) -> datetime:
    if moment.year not in _PLAUSIBLE_YEARS:
        raise ValueError(f"{moment.year} is not a year in which this can have happened")
    return moment


def _addressable(text: str) -> str:
    if text in (".", ".."):
        raise ValueError("an order of this name could not be asked for: /api/orders/.. is another address")
    return text


OrderId = Annotated[
    str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f:]+$"), AfterValidator(_addressable)
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True, str_strip_whitespace=True)


class Customer(_Part):
    name: Short | None = None
    phone: Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_phone)] | None = None
    city: Short | None = None
    province: Short | None = None


class Payment(_Part):
    """``amount`` is in ``currency``: IRR rial, IRT toman, IRHR thousand rial, IRHT thousand toman."""

    method: Method | None = None
    amount: int | None = None
    currency: str = "IRR"
    reference: Short | None = None

    @model_validator(mode="after")
    def _amount_makes_sense(self) -> "Payment":
        self.rial()
        return self

    def rial(self) -> int | None:
        return None if self.amount is None else money.to_rial(self.amount, self.currency)


class LineItem(_Part):
    name: Annotated[str, Field(min_length=1, max_length=500)]
    quantity: Annotated[int, Field(ge=1, le=1_000_000)] = 1


class Shipment(_Part):
    carrier: Short | None = None
    tracking_code: Short | None = None
    url: Annotated[str, Field(max_length=500, pattern=r"^https?://\S+$")] | None = None


class Data(_Part):
    order_id: OrderId
    customer: Customer = Customer()
    payment: Payment = Payment()
    items: Annotated[list[LineItem], Field(max_length=500)] | None = None
    shipment: Shipment = Shipment()


class Payload(_Part):
    """An event as a shop posts it. Fields we do not know are kept, not refused."""

    type: EventType
    timestamp: Annotated[AwareDatetime, AfterValidator(_plausible)]
    data: Data

    @model_validator(mode="after")
    def _a_new_order_has_a_customer(self) -> "Payload":
        if self.type is EventType.REGISTERED and self.data.customer.phone is None:
            raise ValueError("order.registered needs data.customer.phone: nobody could be told of the order otherwise")
        return self

    def event(self, *, source: str, event_id: str) -> Event:
        """The event in the domain's words."""
        data, rial, reference = self.data, self.data.payment.rial(), self.data.payment.reference
        match self.type:
            case EventType.REFUNDED:
                money_part: dict[str, Any] = {"refund_amount": rial, "refund_reference": reference}
            case EventType.DEPOSIT_REPORTED | EventType.DEPOSIT_CONFIRMED | EventType.DEPOSIT_REJECTED:
                money_part = {"deposit_amount": rial, "reference": reference}
            case _:
                money_part = {"amount": rial, "reference": reference}
        details = Details(
            name=persian.tidy(data.customer.name) if data.customer.name else None,
            phone=data.customer.phone,
            city=persian.tidy(data.customer.city) if data.customer.city else None,
            province=persian.tidy(data.customer.province) if data.customer.province else None,
            method=data.payment.method,
            items=tuple(Item(item.name, item.quantity) for item in data.items) if data.items else None,
            carrier=data.shipment.carrier,
            tracking_code=data.shipment.tracking_code,
            tracking_url=data.shipment.url,
            **money_part,
        )
        return Event(
            id=event_id,
            source=source,
            type=self.type,
            order_id=data.order_id,
            at=self.timestamp,
            details=details,
            extra=_unknown(self),
        )


def parse(body: bytes) -> Payload:
    """A payload from the body of a request. Raises NotJson, or Unprocessable with every mistake in it."""
    return validate(_json(body))


def validate(document: Any) -> Payload:
    """A payload from parsed JSON. Raises Unprocessable with every mistake in it."""
    try:
        return Payload.model_validate(document)
    except ValidationError as error:
        mistakes = [
            {"loc": list(found["loc"]), "msg": found["msg"].removeprefix("Value error, ")} for found in error.errors()
        ]
        raise Unprocessable("The event does not have the form it should have; see errors.", errors=mistakes) from None


def _json(body: bytes) -> Any:
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise NotJson(f"The body is not JSON in UTF-8: {error}") from None


def _unknown(payload: Payload) -> dict[str, Any]:
    """What the payload holds beyond the fields we know, by where it stands."""
    data = payload.data
    parts: dict[str, _Part] = {
        "": payload, "data": data, "customer": data.customer, "payment": data.payment, "shipment": data.shipment
    }  # fmt: skip
    unknown: dict[str, Any] = {name: part.model_extra for name, part in parts.items() if part.model_extra}
    if any(item.model_extra for item in data.items or ()):
        unknown["items"] = [item.model_extra for item in data.items or ()]
    return {name: _storable(part) for name, part in unknown.items()}


def _storable(value: Any) -> Any:
    """The same JSON, with whole numbers that do not fit into 64 bits as text: our records cannot hold them."""
    match value:
        case dict():
            return {key: _storable(part) for key, part in value.items()}
        case list():
            return [_storable(part) for part in value]
        case int() if not -(2**63) <= value < 2**63:
            return str(value)
        case _:
            return value
