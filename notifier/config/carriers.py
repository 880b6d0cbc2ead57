"""``[carriers.NAME]``: who carries parcels, and how their way is asked for or told."""

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from notifier import expressions
from notifier.config.addresses import web_address
from notifier.config.loopback import is_loopback
from notifier.config.section import Section
from notifier.domain.parcels import Movement
from notifier.secret import Secret

if TYPE_CHECKING:
    from notifier.intake.carriers.adapter import CarrierAdapter


def _address(address: str) -> str:
    """An address that a key may be sent to."""
    if (parts := web_address(address)) is None:
        raise ValueError(f"{address!r} is no address of the web; write for example https://api.carrier.example")
    if parts.username is not None or parts.password is not None:
        raise ValueError("the address must hold no user name or key; api_key and headers are for that")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError(
            "write https://: over plain http anybody on the way could read the key and the codes of parcels"
        )
    return address.rstrip("/")


def _expression(text: str) -> str:
    expressions.compiled(text)
    return text


Address = Annotated[str, AfterValidator(_address)]
JmesPath = Annotated[str, Field(min_length=1), AfterValidator(_expression)]
Every = Annotated[timedelta, Field(ge=timedelta(minutes=5), le=timedelta(days=2))]


class CarrierSection(Section, ABC):
    """``names`` are what shops call the carrier, beside what is usual; ``words`` adds to its known words and wins."""

    names: list[Annotated[str, Field(min_length=2, max_length=60)]] = []
    words: dict[Annotated[str, Field(min_length=1, max_length=200)], Movement] = {}
    stalled_after: Annotated[timedelta, Field(ge=timedelta(), le=timedelta(days=30))] = timedelta(days=3)
    every: Every = timedelta(hours=6)
    rate: Annotated[int, Field(ge=1, le=600, description="Questions a minute")] = 30
    timeout: Annotated[timedelta, Field(ge=timedelta(seconds=1), le=timedelta(minutes=1))] = timedelta(seconds=20)
    callback_token: Secret | None = None

    @property
    def secrets_needed(self) -> dict[str, Secret]:
        """By key below ``carriers.NAME``, what must be set."""
        return {"callback_token": self.callback_token} if self.callback_token else {}

    @property
    def asked_at(self) -> str:
        """The address it is asked at; "" where it only calls."""
        return ""

    @abstractmethod
    def adapter(self, name: str, zone: ZoneInfo) -> "CarrierAdapter":
        """What reads its answers. Raises MissingSecretError."""


class CarrierByKey(CarrierSection, ABC):
    """A carrier that is asked with a key of the shop's."""

    api_key: Secret
    base_url: Address

    @property
    def secrets_needed(self) -> dict[str, Secret]:
        return {"api_key": self.api_key, **super().secrets_needed}

    @property
    def asked_at(self) -> str:
        return self.base_url


class TapinConfig(CarrierByKey):
    kind: Literal["tapin"]
    shop_id: str = ""
    base_url: Address = "https://api.tapin.ir/api/v2/public"
    every: Every = timedelta(hours=1)

    def adapter(self, name: str, zone: ZoneInfo) -> "CarrierAdapter":
        from notifier.intake.carriers.tapin import Tapin
        from notifier.intake.carriers.words import TAPIN_NUMBERS, CarrierScale

        return Tapin(
            name=name,
            scale=CarrierScale.of(self.words, codes=TAPIN_NUMBERS),
            zone=zone,
            names=(*self.names, *Tapin.usual_names),
            base_url=self.base_url,
            token=self.api_key.value(),
            shop_id=self.shop_id,
        )


class PostexConfig(CarrierByKey):
    kind: Literal["postex"]
    base_url: Address = "https://api.postex.ir/api/v1"
    every: Every = timedelta(hours=1)

    def adapter(self, name: str, zone: ZoneInfo) -> "CarrierAdapter":
        from notifier.intake.carriers.postex import Postex
        from notifier.intake.carriers.words import CarrierScale

        return Postex(
            name=name,
            scale=CarrierScale.of(self.words),
            zone=zone,
            names=(*self.names, *Postex.usual_names),
            base_url=self.base_url,
            api_key=self.api_key.value(),
        )


class ChaparConfig(CarrierSection):
    """A carrier that calls, and is asked where it gave a key."""

    kind: Literal["chapar"]
    api_key: Secret | None = None
    base_url: Address = "https://app.krch.ir/v1"

    @property
    def secrets_needed(self) -> dict[str, Secret]:
        asked = {"api_key": self.api_key} if self.api_key else {}
        return {**asked, **super().secrets_needed}

    @property
    def asked_at(self) -> str:
        return self.base_url if self.api_key else ""

    @model_validator(mode="after")
    def _is_heard_somehow(self) -> "ChaparConfig":
        if self.api_key is None and self.callback_token is None:
            raise ValueError(
                "give api_key, with which it is asked, or callback_token, the secret part of what it calls"
            )
        return self

    def adapter(self, name: str, zone: ZoneInfo) -> "CarrierAdapter":
        from notifier.intake.carriers.chapar import Chapar
        from notifier.intake.carriers.words import CHAPAR_CODES, CarrierScale

        return Chapar(
            name=name,
            scale=CarrierScale.of(self.words, codes=CHAPAR_CODES),
            zone=zone,
            names=(*self.names, *Chapar.usual_names),
            base_url=self.base_url,
            api_key=self.api_key.value() if self.api_key else "",
        )


class AlopeykConfig(CarrierByKey):
    kind: Literal["alopeyk"]
    base_url: Address = "https://api.alopeyk.com/api/v2"
    every: Every = timedelta(minutes=20)

    def adapter(self, name: str, zone: ZoneInfo) -> "CarrierAdapter":
        from notifier.intake.carriers.alopeyk import Alopeyk
        from notifier.intake.carriers.words import ALOPEYK_STATES, CarrierScale

        return Alopeyk(
            name=name,
            scale=CarrierScale.of(self.words, codes=ALOPEYK_STATES, reads_sentences=False),
            zone=zone,
            names=(*self.names, *Alopeyk.usual_names),
            base_url=self.base_url,
            api_key=self.api_key.value(),
        )


class CarrierFields(Section):
    """Where in the answer each thing stands; all but ``steps`` in a line of it, the code also in the whole."""

    code: JmesPath
    word: JmesPath
    steps: JmesPath | None = None
    time: JmesPath | None = None
    place: JmesPath | None = None


class DescribedCarrierConfig(CarrierSection):
    kind: Literal["http"]
    url: str = ""
    method: Literal["GET", "POST"] = "GET"
    headers: dict[str, Secret] = {}
    fields: CarrierFields

    @property
    def secrets_needed(self) -> dict[str, Secret]:
        return {f"headers.{name}": secret for name, secret in self.headers.items()} | super().secrets_needed

    @property
    def asked_at(self) -> str:
        return self.url.replace("{code}", "code")

    @model_validator(mode="after")
    def _is_heard_somehow(self) -> "DescribedCarrierConfig":
        if not self.url and self.callback_token is None:
            raise ValueError("give url, where it is asked, or callback_token, the secret part of what it calls")
        if self.url:
            _address(self.url.replace("{code}", "code"))
            if self.url.count("{code}") != 1 or "{code}" in urlsplit(self.url).netloc:
                raise ValueError("url: {code} must stand in it once, behind the host: there the parcel's code is put")
        if not self.words:
            raise ValueError("words: say what its words mean; a word that is not named is unknown and told to nobody")
        return self

    def adapter(self, name: str, zone: ZoneInfo) -> "CarrierAdapter":
        from notifier.intake.carriers.described import DescribedCarrier
        from notifier.intake.carriers.words import CarrierScale

        found = self.fields
        return DescribedCarrier(
            name=name,
            scale=CarrierScale.of(self.words, reads_sentences=False),
            zone=zone,
            names=(*self.names, name),
            url=self.url,
            method=self.method,
            headers={header: secret.value() for header, secret in self.headers.items()},
            steps=expressions.compiled(found.steps) if found.steps else None,
            code=expressions.compiled(found.code),
            word=expressions.compiled(found.word),
            time=expressions.compiled(found.time) if found.time else None,
            place=expressions.compiled(found.place) if found.place else None,
            calls=self.callback_token is not None,
        )
