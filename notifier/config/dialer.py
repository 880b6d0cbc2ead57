"""``[dialer]``: the shop's telephone exchange, through which calls are made at the press of a button."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, PlainValidator, model_validator

from notifier import expressions
from notifier.config.addresses import web_address
from notifier.config.section import Section
from notifier.domain.dialing import DialWord
from notifier.secret import Secret, is_reference

if TYPE_CHECKING:
    from notifier.dialer.adapter import DialerDefaults, HttpDialer
    from notifier.dialer.manager import AmiAddress, AmiExchange
    from notifier.dialer.reading import DialerReader

_PLACEHOLDER = re.compile(r"\{(\w*)\}")
_PLACEHOLDERS = ("extension", "number", "number_98", "number_e164", "attempt")
_BREAKING = re.compile(r"[\x00-\x1f\x7f]")
_CHANNEL = re.compile(r"[A-Za-z0-9_]+/[A-Za-z0-9_.@/-]*\{extension\}[A-Za-z0-9_.@/-]*")
_HOST = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:]+\])(?::(\d{1,5}))?")
_AMI_PORT = 5038


def is_near(host: str) -> bool:
    """Whether a host is of this machine or of the shop's own network, where exchanges mostly speak without TLS."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".lan", ".internal", ".home.arpa"))


def _can_be(host: str) -> bool:
    """Whether a host, in brackets where it is an IPv6 address, can be one."""
    if not host.startswith("["):
        return True
    try:
        return bool(ip_address(host.strip("[]")))
    except ValueError:
        return False


def _plain(text: str) -> str:
    if _BREAKING.search(text):
        raise ValueError("holds a line break or another control character, which would begin a line of its own")
    return text


def _header(text: Any) -> str | Secret:
    if not isinstance(text, str):
        raise ValueError("Input should be a valid string")
    return Secret(text) if is_reference(text) else _plain(text)


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


def _name_of_secret(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", name):
        raise ValueError(f"{name[:80]!r} is no name: small Latin letters, digits and _, at most 31; for example key")
    if name in _PLACEHOLDERS:
        raise ValueError(f"{{{name}}} is of each call already; choose another name, for example key")
    return name


Header = Annotated[str | Secret, PlainValidator(_header)]
Line = Annotated[str, Field(max_length=200), AfterValidator(_plain)]
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


class DialerConfig(Section):
    """``kind`` says which of the keys below it matter."""

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

    url: str = ""
    method: Literal["GET", "POST", "PUT"] = "POST"
    headers: dict[str, Header] = {}
    body: dict[str, Any] | None = None
    body_format: Literal["json", "form"] = "json"
    secrets: dict[Annotated[str, AfterValidator(_name_of_secret)], Secret] = {}
    accepted_when: JmesPathText | None = None
    reference: JmesPathText | None = None

    address: str = ""
    tls: bool = False
    user: Line = ""
    secret: Secret | None = None
    channel: str = "PJSIP/{extension}"
    context: Line = "from-internal"
    caller_id: Line = ""
    account: Line = ""

    api_key: Secret | None = None
    trunk: Line = ""

    @property
    def is_on(self) -> bool:
        return self.kind != "off"

    @property
    def secrets_needed(self) -> dict[str, Secret]:
        """By key below ``dialer``, what must be set."""
        if not self.is_on:
            return {}
        found = {"callback_token": self.callback_token, "secret": self.secret, "api_key": self.api_key}
        headers = {f"headers.{name}": one for name, one in self.headers.items() if isinstance(one, Secret)}
        named = {f"secrets.{name}": one for name, one in self.secrets.items()}
        return {name: one for name, one in found.items() if one is not None} | headers | named

    @property
    def host(self) -> str:
        """Where it is; "" where it cannot be told."""
        if self.kind == "ami":
            return self.address.rpartition(":")[0].strip("[]") or self.address
        try:
            return urlsplit(_PLACEHOLDER.sub("x", self.url)).hostname or ""
        except ValueError:
            return ""

    @model_validator(mode="after")
    def _is_whole(self) -> "DialerConfig":
        if self.recording_base and (
            (base := web_address(self.recording_base)) is None
            or base.scheme != "https"
            or base.username is not None
            or base.query
        ):
            raise ValueError("recording_base: write an address with https://, without a user name, ? or #")
        match self.kind:
            case "http":
                self._check_described()
            case "ami":
                self._check_ami()
            case "simotel":
                self._check_simotel()
        return self

    def _check_described(self) -> None:
        _check_address(self.url, "url", example="https://pbx.example/dial?ext={extension}&to={number}")
        known = {*_PLACEHOLDERS, *self.secrets}
        for where, text in self._templates():
            for name in _PLACEHOLDER.findall(text):
                if name not in known:
                    raise ValueError(f"{where}: {{{name}}} is nothing; there are: {', '.join(sorted(known))}")
        if "{" in urlsplit(self.url).netloc:
            raise ValueError("url: placeholders may stand behind the host alone")
        if not any("{extension}" in text for _, text in self._templates()):
            raise ValueError("{extension} stands nowhere in url, headers and body: whom should the exchange ring first")
        if not any(re.search(r"\{number(_98|_e164)?\}", text) for _, text in self._templates()):
            raise ValueError("{number} stands nowhere in url, headers and body: whom should the exchange call")
        try:
            json.dumps(self.body, allow_nan=False)
        except (TypeError, ValueError):
            raise ValueError("body: holds a date or a number that JSON has none for; write it as a text") from None
        if self.body is not None and self.method == "GET":
            raise ValueError('body: a request with method = "GET" has none; write method = "POST"')
        for name in self.headers:
            if not re.fullmatch(r"[!#$%&'*+.^`|~\w-]+", name, re.ASCII):
                raise ValueError(f"headers: {name!r} is no name of a header")

    def _check_ami(self) -> None:
        found = _HOST.fullmatch(self.address)
        if found is None or not 0 < int(found[2] or _AMI_PORT) < 65536 or not _can_be(found[1]):
            raise ValueError('address: write where the manager interface is, for example "192.168.1.10:5038"')
        if not self.user or self.secret is None:
            raise ValueError("user and secret: write those of manager.conf, with read = call and write = originate")
        if not self.tls and not is_near(found[1].strip("[]")):
            raise ValueError("address: is not of your own network: numbers would be read on the way; write tls = true")
        if not _CHANNEL.fullmatch(self.channel):
            raise ValueError('channel: write how an extension is rung, for example "PJSIP/{extension}"')
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,80}", self.context):
            raise ValueError("context: write the name of a context of the dialplan, for example from-internal")

    def _check_simotel(self) -> None:
        _check_address(self.url, "url", example="http://192.168.1.10/api/v4")
        if "{" in self.url or "?" in self.url:
            raise ValueError("url: takes no placeholders and no ?; write http://192.168.1.10/api/v4")
        if ":" in self.user:
            raise ValueError("user: cannot hold a colon, which ends it where it is sent")
        if not self.user or self.secret is None or self.api_key is None:
            raise ValueError("user, secret and api_key: all three are needed; they are in the API settings of Simotel")

    def _templates(self) -> Iterator[tuple[str, str]]:
        yield "url", self.url
        yield from ((f"headers.{name}", text) for name, text in self.headers.items() if isinstance(text, str))
        yield from _texts("body", self.body)

    def tokens(self, usual: tuple[str, ...]) -> tuple[str, ...]:
        """The secret parts of the address that it may post to; ``usual`` are those of ``[callbacks]``."""
        if not self.is_on:
            return ()
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
        from notifier.dialer import ami, described, simotel

        return {"ami": ami.USUAL, "simotel": simotel.USUAL}.get(self.kind, described.USUAL)

    def http_dialer(self) -> "HttpDialer":
        """What is asked over HTTP. Raises MissingSecretError."""
        from notifier.dialer.described import DescribedDialer
        from notifier.dialer.simotel import SimotelDialer

        if self.kind == "simotel":
            assert self.secret is not None
            assert self.api_key is not None
            return SimotelDialer(
                prefix=self.prefix,
                base_url=self.url.rstrip("/"),
                user=self.user,
                password=self.secret.value(),
                api_key=self.api_key.value(),
                context=self.context,
                trunk=self.trunk,
                caller_id=self.caller_id,
                ring=int(self.ring.total_seconds()),
            )
        return DescribedDialer(
            prefix=self.prefix,
            url=self.url,
            method=self.method,
            headers={name: one.value() if isinstance(one, Secret) else one for name, one in self.headers.items()},
            body=self.body,
            as_form=self.body_format == "form",
            secrets={name: secret.value() for name, secret in self.secrets.items()},
            accepted_when=expressions.compiled(self.accepted_when) if self.accepted_when else None,
            reference=expressions.compiled(self.reference) if self.reference else None,
        )

    def ami_address(self) -> "AmiAddress":
        """Where the manager interface is. Raises MissingSecretError."""
        from notifier.dialer.manager import AmiAddress

        assert self.secret is not None
        host, port = _HOST.fullmatch(self.address).groups()  # type: ignore[union-attr]  # it was checked
        return AmiAddress(
            host=host.strip("[]"),
            port=int(port or _AMI_PORT),
            user=self.user,
            secret=self.secret.value(),
            tls=self.tls,
            timeout=self.timeout,
        )

    def ami_exchange(self) -> "AmiExchange":
        """What is asked over the manager interface. Raises MissingSecretError."""
        from notifier.dialer.ami import AmiDialer
        from notifier.dialer.manager import AmiExchange

        dialer = AmiDialer(
            channel=self.channel,
            context=self.context,
            caller_id=self.caller_id,
            account=self.account,
            prefix=self.prefix,
            ring=int(self.ring.total_seconds() * 1000),
        )
        return AmiExchange(dialer, self.ami_address())


def _check_address(url: str, key: str, *, example: str) -> None:
    if _BREAKING.search(url) or (parts := web_address(_PLACEHOLDER.sub("x", url))) is None:
        raise ValueError(f"{key}: write where the exchange is asked, for example {example}")
    if "#" in url or " " in url:
        raise ValueError(f"{key}: can hold neither # nor a blank; write %23 and %20")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"{key}: must hold no user name or password; headers, secrets and secret are for that")
    if parts.scheme == "http" and not is_near(parts.hostname or ""):
        raise ValueError(
            f"{key}: write https://; plain http is for your own network alone, elsewhere keys and numbers would be read"
        )


def _texts(where: str, part: Any) -> Iterator[tuple[str, str]]:
    match part:
        case str():
            yield where, part
        case Mapping():
            for name, one in part.items():
                yield from _texts(f"{where}.{name}", one)
        case list():
            for place, one in enumerate(part):
                yield from _texts(f"{where}[{place}]", one)
