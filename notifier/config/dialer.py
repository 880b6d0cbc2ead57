"""The kinds of telephone exchange that ``[dialer]`` may be of: each has its own keys beside those of all."""

import json
import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, model_validator

from notifier import expressions
from notifier.config.dialer_section import (
    PLACEHOLDER,
    DialerSection,
    JmesPathText,
    Line,
    check_address,
    host_of,
    is_near,
    plain,
)
from notifier.secret import Secret, is_reference

if TYPE_CHECKING:
    from notifier.dialer.adapter import DialerDefaults
    from notifier.dialer.asking import HttpExchange
    from notifier.dialer.manager import AmiAddress, AmiExchange

_PLACEHOLDERS = ("extension", "number", "number_98", "number_e164", "attempt")
_CHANNEL = re.compile(r"[A-Za-z0-9_]+/[A-Za-z0-9_.@/-]*\{extension\}[A-Za-z0-9_.@/-]*")
_HOST = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:]+\])(?::(\d{1,5}))?")
_AMI_PORT = 5038


def _can_be(host: str) -> bool:
    """Whether a host, in brackets where it is an IPv6 address, can be one."""
    if not host.startswith("["):
        return True
    try:
        return bool(ip_address(host.strip("[]")))
    except ValueError:
        return False


def _header(text: Any) -> str | Secret:
    if not isinstance(text, str):
        raise ValueError("Input should be a valid string")
    return Secret(text) if is_reference(text) else plain(text)


def _name_of_secret(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", name):
        raise ValueError(f"{name[:80]!r} is no name: small Latin letters, digits and _, at most 31; for example key")
    if name in _PLACEHOLDERS:
        raise ValueError(f"{{{name}}} is of each call already; choose another name, for example key")
    return name


Header = Annotated[str | Secret, PlainValidator(_header)]


class _DescribedKeys(DialerSection):
    url: str = ""
    method: Literal["GET", "POST", "PUT"] = "POST"
    headers: dict[str, Header] = {}
    body: dict[str, Any] | None = None
    body_format: Literal["json", "form"] = "json"
    secrets: dict[Annotated[str, AfterValidator(_name_of_secret)], Secret] = {}
    accepted_when: JmesPathText | None = None
    reference: JmesPathText | None = None


class _AccountKeys(DialerSection):
    user: Line = ""
    secret: Secret | None = None
    context: Line = "from-internal"
    caller_id: Line = ""


class _AmiKeys(_AccountKeys):
    address: str = ""
    tls: bool = False
    channel: str = "PJSIP/{extension}"
    account: Line = ""


class _SimotelKeys(_AccountKeys):
    url: str = ""
    api_key: Secret | None = None
    trunk: Line = ""


class NoDialerConfig(_DescribedKeys, _AmiKeys, _SimotelKeys):
    """None, or one that is switched off: the keys of every kind may stand there until it is switched on again."""

    kind: Literal["off"] = "off"

    @property
    def is_on(self) -> bool:
        return False

    @property
    def secrets_needed(self) -> dict[str, Secret]:
        return {}

    def tokens(self, usual: tuple[str, ...]) -> tuple[str, ...]:
        return ()


class DescribedDialerConfig(_DescribedKeys):
    """An exchange that is asked over HTTP, by a request that is described here."""

    kind: Literal["http"]

    @property
    def secrets_needed(self) -> dict[str, Secret]:
        headers = {f"headers.{name}": one for name, one in self.headers.items() if isinstance(one, Secret)}
        return super().secrets_needed | headers | {f"secrets.{name}": one for name, one in self.secrets.items()}

    @property
    def host(self) -> str:
        return host_of(self.url)

    @model_validator(mode="after")
    def _is_whole(self) -> "DescribedDialerConfig":
        check_address(self.url, "url", example="https://pbx.example/dial?ext={extension}&to={number}")
        known = {*_PLACEHOLDERS, *self.secrets}
        for where, text in self._templates():
            for name in PLACEHOLDER.findall(text):
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
        return self

    def _templates(self) -> Iterator[tuple[str, str]]:
        yield "url", self.url
        yield from ((f"headers.{name}", text) for name, text in self.headers.items() if isinstance(text, str))
        yield from _texts("body", self.body)

    def exchange(self) -> "HttpExchange":
        from notifier.dialer.asking import HttpExchange
        from notifier.dialer.described import DescribedDialer

        dialer = DescribedDialer(
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
        return HttpExchange(dialer, self.timeout)


class AmiDialerConfig(_AmiKeys):
    """Asterisk and what is built on it, by its manager interface."""

    kind: Literal["ami"]
    secret: Secret

    @property
    def secrets_needed(self) -> dict[str, Secret]:
        return super().secrets_needed | {"secret": self.secret}

    @property
    def host(self) -> str:
        return self.address.rpartition(":")[0].strip("[]") or self.address

    @model_validator(mode="after")
    def _is_whole(self) -> "AmiDialerConfig":
        found = _HOST.fullmatch(self.address)
        if found is None or not 0 < int(found[2] or _AMI_PORT) < 65536 or not _can_be(found[1]):
            raise ValueError('address: write where the manager interface is, for example "192.168.1.10:5038"')
        if not self.user:
            raise ValueError("user and secret: write those of manager.conf, with read = call and write = originate")
        if not self.tls and not is_near(found[1].strip("[]")):
            raise ValueError("address: is not of your own network: numbers would be read on the way; write tls = true")
        if not _CHANNEL.fullmatch(self.channel):
            raise ValueError('channel: write how an extension is rung, for example "PJSIP/{extension}"')
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,80}", self.context):
            raise ValueError("context: write the name of a context of the dialplan, for example from-internal")
        return self

    @property
    def _usual(self) -> "DialerDefaults":
        from notifier.dialer import ami

        return ami.USUAL

    def exchange(self) -> "AmiExchange":
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
        return AmiExchange(dialer, self.listened_at())

    def listened_at(self) -> "AmiAddress":
        from notifier.dialer.manager import AmiAddress

        host, port = _HOST.fullmatch(self.address).groups()  # type: ignore[union-attr]  # it was checked
        return AmiAddress(
            host=host.strip("[]"),
            port=int(port or _AMI_PORT),
            user=self.user,
            secret=self.secret.value(),
            tls=self.tls,
            timeout=self.timeout,
        )


class SimotelDialerConfig(_SimotelKeys):
    """Simotel, by its API."""

    kind: Literal["simotel"]
    secret: Secret
    api_key: Secret

    @property
    def secrets_needed(self) -> dict[str, Secret]:
        return super().secrets_needed | {"secret": self.secret, "api_key": self.api_key}

    @property
    def host(self) -> str:
        return host_of(self.url)

    @model_validator(mode="after")
    def _is_whole(self) -> "SimotelDialerConfig":
        check_address(self.url, "url", example="http://192.168.1.10/api/v4")
        if "{" in self.url or "?" in self.url:
            raise ValueError("url: takes no placeholders and no ?; write http://192.168.1.10/api/v4")
        if ":" in self.user:
            raise ValueError("user: cannot hold a colon, which ends it where it is sent")
        if not self.user:
            raise ValueError("user, secret and api_key: all three are needed; they are in the API settings of Simotel")
        return self

    @property
    def _usual(self) -> "DialerDefaults":
        from notifier.dialer import simotel

        return simotel.USUAL

    def exchange(self) -> "HttpExchange":
        from notifier.dialer.asking import HttpExchange
        from notifier.dialer.simotel import SimotelDialer

        dialer = SimotelDialer(
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
        return HttpExchange(dialer, self.timeout)


_Kinds = NoDialerConfig | DescribedDialerConfig | AmiDialerConfig | SimotelDialerConfig
_BY_KIND: Mapping[str, type[DialerSection]] = {
    get_args(one.model_fields["kind"].annotation)[0]: one for one in get_args(_Kinds)
}


def _without_what_says_nothing(section: Any) -> Any:
    """A section without the keys of other kinds that are as they ship: a file may hold those of all kinds."""
    if not isinstance(section, dict):
        return section
    given = {"kind": "off", **section}
    model = _BY_KIND.get(given["kind"]) if isinstance(given["kind"], str) else None
    if model is None:
        return given
    return {key: value for key, value in given.items() if key in model.model_fields or not _is_usual(key, value)}


def _is_usual(key: str, value: Any) -> bool:
    field = NoDialerConfig.model_fields.get(key)
    if field is None or field.default is None:
        return False
    return bool(value == field.default or (isinstance(value, str) and value.lower() == str(field.default).lower()))


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


DialerConfig = Annotated[_Kinds, Field(discriminator="kind"), BeforeValidator(_without_what_says_nothing)]
"""The exchange, if there is one."""
