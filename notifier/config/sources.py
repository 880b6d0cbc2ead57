"""``[sources.NAME]``: one shop each, of a kind. ``kind = "mapping"`` is in mapping.py."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from notifier.config.rest import RestConfig
from notifier.config.section import Section
from notifier.config.shop import OwnShopConfig
from notifier.domain.events import EventType, PaymentMethod
from notifier.intake.woocommerce.rules import (
    CARRIER_KEYS,
    METHODS,
    STATUSES,
    TRACKING_CODE_KEYS,
    UNSAYABLE,
    WooRules,
    Word,
    status_name,
)
from notifier.secret import Secret

Meanings = list[EventType | Word]


def _sayable(statuses: dict[str, Meanings]) -> dict[str, Meanings]:
    """Raises ValueError for what an order of WooCommerce does not hold."""
    for status, meanings in statuses.items():
        for meaning in meanings:
            if meaning in UNSAYABLE:
                raise ValueError(
                    f"{status!r} cannot mean {meaning}: an order of WooCommerce holds neither a time of delivery nor a"
                    " mark; post such news through a source of kind standard"
                )
    return statuses


def _one_name_each(statuses: dict[str, Meanings]) -> dict[str, Meanings]:
    """The statuses by their one name. Raises ValueError where two spellings of one mean different things."""
    named: dict[str, Meanings] = {}
    for given, meanings in statuses.items():
        if named.setdefault(status_name(given), meanings) != meanings:
            raise ValueError(f"{given!r} and another spelling of it mean different things; keep one of the two")
    return named


class SourceSection(Section):
    """A shop. While ``previous_secret`` is set both are valid, so that the shop can change over at any moment.
    ``short_secret`` says that it can have none of 24 bytes."""

    secret: Secret
    previous_secret: Secret | None = None
    short_secret: bool = False
    rate: Annotated[int, Field(ge=1, description="Events a second")] = 20_000
    burst: Annotated[int, Field(ge=1, description="Events")] | None = None
    shop: OwnShopConfig = OwnShopConfig.usual()
    provider: str | None = None
    fallback: list[str] | None = None
    sender: Annotated[str, Field(min_length=1)] | None = None

    @property
    def has_lines(self) -> bool:
        """Whether its texts leave otherwise than those of all."""
        return self.provider is not None or self.fallback is not None or self.sender is not None

    @property
    def most_at_once(self) -> int:
        """Events that may come at once after a rest: if nothing is said two seconds' worth, and a batch at least."""
        return self.burst or max(500, 2 * self.rate)

    @property
    def signs_standard(self) -> bool:
        """Whether ``secret`` is a key of Standard Webhooks, which has a form of its own."""
        return False

    @property
    def secrets_needed(self) -> dict[str, Secret]:
        """By key below ``sources.NAME``, what must be set before a delivery of it can be taken."""
        return {"secret": self.secret}

    def secrets(self) -> tuple[str, ...]:
        """What signatures are checked with, the newest first. Raises MissingSecretError."""
        previous = self.previous_secret
        return (self.secret.value(), *((previous.value(),) if previous and previous.is_set else ()))


class StandardSource(SourceSection):
    kind: Literal["standard"]
    tolerance: timedelta = timedelta(minutes=5)

    @property
    def signs_standard(self) -> bool:
        return True


class WooCommerceSource(SourceSection):
    """Each list and table adds to what is usual (see notifier/intake/woocommerce/rules.py) and wins over it."""

    kind: Literal["woocommerce"]
    statuses: Annotated[dict[str, Meanings], AfterValidator(_one_name_each), AfterValidator(_sayable)] = {}
    cod_methods: list[str] = []
    bank_transfer_methods: list[str] = []
    phone_methods: list[str] = []
    tracking_code_keys: list[str] = []
    carrier_keys: list[str] = []
    tell_sub_orders: bool = False
    rest: RestConfig | None = None

    @property
    def secrets_needed(self) -> dict[str, Secret]:
        asked = self.rest.secrets_needed if self.rest else {}
        return {"secret": self.secret, **{f"rest.{key}": secret for key, secret in asked.items()}}

    def rules(self) -> WooRules:
        added = {
            **dict.fromkeys(self.cod_methods, PaymentMethod.CASH),
            **dict.fromkeys(self.bank_transfer_methods, PaymentMethod.BANK_TRANSFER),
            **dict.fromkeys(self.phone_methods, PaymentMethod.PHONE),
        }
        return WooRules(
            statuses=STATUSES | {status: tuple(events) for status, events in self.statuses.items()},
            methods=METHODS | {name.strip().lower(): method for name, method in added.items()},
            tell_sub_orders=self.tell_sub_orders,
            tracking_code_keys=(*self.tracking_code_keys, *TRACKING_CODE_KEYS),
            carrier_keys=(*self.carrier_keys, *CARRIER_KEYS),
        )
