"""``kind = "mapping"``: any shop that can post its orders, described by expressions and tables."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, field_validator, model_validator

from notifier.config.section import Section
from notifier.config.sources import SourceSection
from notifier.domain.events import EventType, PaymentMethod
from notifier.intake.mapping.rules import Lookup, MappingRules, currency, header_name
from notifier.intake.mapping.signature import HmacScheme, Scheme, StandardScheme, TokenScheme


def _lookup(text: str) -> str:
    Lookup(text)
    return text


def _currency(text: str) -> str:
    currency(text)
    return text


Header = Annotated[str, AfterValidator(header_name)]
Expression = Annotated[str, AfterValidator(_lookup)]
Currency = Annotated[str, AfterValidator(_currency)]


class StandardSignature(Section):
    scheme: Literal["standard"]
    tolerance: timedelta = timedelta(minutes=5)

    def of(self, secrets: tuple[str, ...]) -> Scheme:
        return StandardScheme(secrets, self.tolerance)


class HmacSignature(Section):
    """``signed`` is what the HMAC is over, where a timestamp is signed too."""

    scheme: Literal["hmac"]
    header: Header
    algorithm: Literal["sha256", "sha1", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    timestamp_header: Header | None = None
    signed: str | None = None
    tolerance: timedelta = timedelta(minutes=5)

    @model_validator(mode="after")
    def _makes_sense(self) -> "HmacSignature":
        if self._signed.count("{body}") != 1:
            raise ValueError("signed: {body} must stand in it once")
        if ("{timestamp}" in self._signed) != (self.timestamp_header is not None):
            raise ValueError(
                "signed: {timestamp} and timestamp_header belong together; an unsigned time proves nothing"
            )
        return self

    @property
    def _signed(self) -> str:
        return self.signed or ("{timestamp}.{body}" if self.timestamp_header else "{body}")

    def of(self, secrets: tuple[str, ...]) -> Scheme:
        return HmacScheme(
            secrets=secrets,
            header=self.header,
            algorithm=self.algorithm,
            encoding=self.encoding,
            prefix=self.prefix,
            timestamp_header=self.timestamp_header,
            signed=self._signed,
            tolerance=self.tolerance,
        )


class TokenSignature(Section):
    """Without a prefix of its own ``Authorization`` is a Bearer."""

    scheme: Literal["token"]
    header: Header = "Authorization"
    prefix: str | None = None

    def of(self, secrets: tuple[str, ...]) -> Scheme:
        prefix = self.prefix
        if prefix is None:
            prefix = "Bearer " if self.header.lower() == "authorization" else ""
        return TokenScheme(secrets=secrets, header=self.header, prefix=prefix)


class CustomerFields(Section):
    name: Expression | None = None
    phone: Expression | None = None
    city: Expression | None = None
    province: Expression | None = None
    address: Expression | None = None
    note: Expression | None = None


class PaymentFields(Section):
    """``currency`` may be a code itself: IRR, IRT."""

    method: Expression | None = None
    amount: Expression | None = None
    currency: Currency | None = None
    reference: Expression | None = None


class ShipmentFields(Section):
    carrier: Expression | None = None
    tracking_code: Expression | None = None
    url: Expression | None = None


class DeliveryFields(Section):
    """A time that was agreed upon: a day, and a span of it."""

    date: Expression | None = None
    start: Annotated[Expression | None, Field(alias="from")] = None
    end: Annotated[Expression | None, Field(alias="to")] = None


class Fields(Section):
    """Where the fields of our own event stand."""

    order_id: Expression
    customer: CustomerFields = CustomerFields.usual()
    payment: PaymentFields = PaymentFields.usual()
    items: Expression | None = None
    shipment: ShipmentFields = ShipmentFields.usual()
    reason: Expression | None = None
    new_date: Expression | None = None
    delivery: DeliveryFields = DeliveryFields.usual()
    callback_at: Expression | None = None
    mark: Expression | None = None

    def lookups(self) -> dict[str, Lookup]:
        """By the place of the field: ``customer.phone``."""
        flat: dict[str, str] = {}
        for name, value in self.model_dump(exclude_none=True, by_alias=True).items():
            inner = value.items() if isinstance(value, dict) else [("", value)]
            flat |= {f"{name}.{key}".rstrip("."): text for key, text in inner}
        return {name: currency(text) if name == "payment.currency" else Lookup(text) for name, text in flat.items()}


class SampleConfig(Section):
    """A recorded delivery: the body, in a file next to the configuration, and headers that expressions ask for."""

    file: Path
    headers: dict[Header, str] = {}


class MappingSource(SourceSection):
    """Words of the shop are looked up as they are in ``statuses``, and in small letters in ``methods``."""

    kind: Literal["mapping"]
    signature: Annotated[StandardSignature | HmacSignature | TokenSignature, Field(discriminator="scheme")]
    status: Expression
    statuses: dict[str, list[EventType | Literal["paid"]]]
    fields: Fields
    methods: dict[str, PaymentMethod] = {}
    id: Expression | None = None
    time: Expression | None = None
    snapshots: bool = True
    samples: list[SampleConfig] = []

    @field_validator("samples", mode="before")
    @classmethod
    def _short_form(cls, samples: Any) -> Any:
        """A sample without headers may be written as its file's name alone."""
        if not isinstance(samples, list):
            return samples
        return [{"file": sample} if isinstance(sample, str) else sample for sample in samples]

    @model_validator(mode="after")
    def _reads_no_secret(self) -> "MappingSource":
        header = getattr(self.signature, "header", "webhook-signature").lower()
        if header in self.rules(ZoneInfo("UTC")).headers:
            raise ValueError(f"no expression may read header:{header}: what it holds proves who sent a delivery")
        return self

    @property
    def signs_standard(self) -> bool:
        return self.signature.scheme == "standard"

    def scheme(self) -> Scheme:
        """Raises MissingSecretError."""
        return self.signature.of(self.secrets())

    def rules(self, zone: ZoneInfo) -> MappingRules:
        """``zone`` is that of times which do not say theirs."""
        return MappingRules(
            status=Lookup(self.status),
            statuses={status: tuple(kinds) for status, kinds in self.statuses.items()},
            fields=self.fields.lookups(),
            methods={word.lower(): method for word, method in self.methods.items()},
            event_id=Lookup(self.id) if self.id else None,
            time=Lookup(self.time) if self.time else None,
            zone=zone,
            snapshots=self.snapshots,
        )
