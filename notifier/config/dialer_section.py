"""``[dialer]``: what is the same for every kind of telephone exchange."""

import re
from abc import ABC
from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from notifier import expressions
from notifier.config.addresses import web_address
from notifier.config.section import Section
from notifier.domain.dialing import DialWord
from notifier.secret import Secret

if TYPE_CHECKING:
    from notifier.dialer.adapter import DialerDefaults
    from notifier.dialer.manager import AmiAddress
    from notifier.dialer.reading import DialerReader
    from scheduler.dialling import Exchange

PLACEHOLDER = re.compile(r"\{(\w*)\}")
_BREAKING = re.compile(r"[\x00-\x1f\x7f]")


def is_near(host: str) -> bool:
    """Whether a host is of this machine or of the shop's own network, where exchanges mostly speak without TLS."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".lan", ".internal", ".home.arpa"))


def plain(text: str) -> str:
    if _BREAKING.search(text):
        raise ValueError("holds a line break or another control character, which would begin a line of its own")
    return text


def _expression(text: str) -> str:
    expressions.compiled(text)
    return text


def _host(text: str) -> str:
    host = text.lower()
    if not re.fullmatch(r"[a-z0-9.-]{1,253}", host):
        raise ValueError(f'{text[:80]!r} is no name of a host; write for example "pbx.shop.example"')
    return host


def _dials(text: str) -> str:
    if not re.fullmatch(r"[0-9*#]{0,8}", text):
        raise ValueError(f'{text[:80]!r} cannot be dialled: digits, * and # alone, at most 8; for example "9"')
    return text


Line = Annotated[str, Field(max_length=200), AfterValidator(plain)]
JmesPathText = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_expression)]
Dials = Annotated[str, AfterValidator(_dials)]


class NewsFields(Section):
    """Where in what the exchange posts each thing stands, beside what is usual for its kind."""

    word: JmesPathText | None = None
    attempt: JmesPathText | None = None
    reference: JmesPathText | None = None
    extension: JmesPathText | None = None
    number: JmesPathText | None = None
    talked: JmesPathText | None = None
    recording: JmesPathText | None = None
    time: JmesPathText | None = None

    @property
    def written(self) -> dict[str, str]:
        return {name: text for name in type(self).model_fields if (text := getattr(self, name))}


class DialerSection(Section, ABC):
    """A kind of exchange."""

    kind: Literal["off", "http", "ami", "simotel"] = "off"
    ring: Annotated[timedelta, Field(ge=timedelta(seconds=5), le=timedelta(minutes=3))] = timedelta(seconds=30)
    timeout: Annotated[timedelta, Field(ge=timedelta(seconds=1), le=timedelta(minutes=1))] = timedelta(seconds=10)
    prefix: Dials = ""
    callback_token: Secret | None = None
    fields: NewsFields = NewsFields.usual()
    words: dict[Annotated[str, Field(min_length=1, max_length=200)], DialWord] = {}
    recording_hosts: list[Annotated[str, AfterValidator(_host)]] = []
    recording_base: str = ""
    show_inbound: bool = True

    @property
    def is_on(self) -> bool:
        return True

    @property
    def secrets_needed(self) -> dict[str, Secret]:
        """By key below ``dialer``, what must be set."""
        return {"callback_token": self.callback_token} if self.callback_token else {}

    @property
    def host(self) -> str:
        """Where it is; "" where it cannot be told."""
        return ""

    @model_validator(mode="after")
    def _links_are_safe(self) -> "DialerSection":
        if self.recording_base and (
            (base := web_address(self.recording_base)) is None
            or base.scheme != "https"
            or base.username is not None
            or base.query
        ):
            raise ValueError("recording_base: write an address with https://, without a user name, ? or #")
        return self

    def tokens(self, usual: tuple[str, ...]) -> tuple[str, ...]:
        """The secret parts of the address that it may post to; ``usual`` are those of ``[callbacks]``."""
        own = self.callback_token
        return (own.value(),) if own is not None and own.is_set else usual

    def reader(self, zone: ZoneInfo) -> "DialerReader":
        """What reads its news."""
        from notifier.dialer.reading import DialerReader
        from notifier.dialer.recordings import RecordingRules

        hosts = {*self.recording_hosts, *filter(None, [urlsplit(self.recording_base).hostname])}
        return DialerReader.of(
            self._usual,
            fields=self.fields.written,
            words=self.words,
            zone=zone,
            recordings=RecordingRules(frozenset(hosts), self.recording_base),
        )

    @property
    def _usual(self) -> "DialerDefaults":
        from notifier.dialer import described

        return described.USUAL

    def exchange(self) -> "Exchange | None":
        """What it is asked by, if it is. Raises MissingSecretError."""
        return None

    def listened_at(self) -> "AmiAddress | None":
        """Where it is listened to; None where it posts its news. Raises MissingSecretError."""
        return None


def check_address(url: str, key: str, *, example: str) -> None:
    if _BREAKING.search(url) or (parts := web_address(PLACEHOLDER.sub("x", url))) is None:
        raise ValueError(f"{key}: write where the exchange is asked, for example {example}")
    if "#" in url or " " in url:
        raise ValueError(f"{key}: can hold neither # nor a blank; write %23 and %20")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"{key}: must hold no user name or password; headers, secrets and secret are for that")
    if parts.scheme == "http" and not is_near(parts.hostname or ""):
        raise ValueError(
            f"{key}: write https://; plain http is for your own network alone, elsewhere keys and numbers would be read"
        )


def host_of(url: str) -> str:
    """The host of an address in which placeholders may stand; "" where it has none."""
    try:
        return urlsplit(PLACEHOLDER.sub("x", url)).hostname or ""
    except ValueError:
        return ""
