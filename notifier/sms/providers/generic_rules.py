"""How an HTTP provider is described: templates for the call, JMESPath expressions for its answer, lists of signs."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from annotated_types import Ge
from pydantic import PlainValidator

from notifier import expressions
from notifier.domain.channels import Channel
from notifier.secret import Secret, is_reference
from notifier.sms.providers.base import DeliveryStatus, Failure

NUMBERS = ("to", "to_e164", "to_98", "to_0098", "to_9")
PLACEHOLDERS = (*NUMBERS, "text", "id", "sender")
IN_QUESTIONS = ("sender", "provider_id")
"""What may be said of one message when it is asked about, and of none when it is asked what is left."""
Method = Literal["GET", "POST", "PUT", "PATCH"]

PLACEHOLDER = re.compile(r"\{(\w+)\}")
_HEADER = re.compile(r"[!#$%&'*+.^`|~\w-]+", re.ASCII)


def _header(text: Any) -> str | Secret:
    if not isinstance(text, str):
        raise ValueError("Input should be a valid string")
    return Secret(text) if is_reference(text) else text


Header = Annotated[str | Secret, PlainValidator(_header)]
"""A template, or a secret that is sent as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What tells a kind of answer: its HTTP status, or the value of ``HttpProviderRules.code`` as text."""

    http: frozenset[int] = frozenset()
    codes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRules:
    """How a report that the provider posts is read: ``id`` and ``status`` are JMESPath on its JSON or its fields.

    Where one report tells of several messages, ``each`` finds their list, and the other two apply to one of it.
    """

    id: str
    status: str
    each: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditRules:
    """How it is asked what is left: ``value`` is JMESPath on the answer, ``unit`` the rial in one unit of it."""

    url: str
    value: str
    unit: Annotated[int, Ge(1)] = 1
    method: Method = "GET"
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpProviderRules:
    """How a provider is asked and how its answers are read. Raises ValueError naming the field at fault.

    ``url``, the values of ``headers`` and every text in ``body`` are templates: ``{to}`` (09…), ``{to_e164}`` (+98…),
    ``{to_98}``, ``{to_0098}``, ``{to_9}``, ``{text}``, ``{id}``, ``{sender}`` and ``{name}`` for each of ``secrets``.
    Values are escaped for where they stand. Expressions are JMESPath on the JSON of the answer.

    An answer is read in this order: a listed code, then acceptance, then a listed HTTP status; all else may have been
    sent. ``retry``, ``refused``, ``elsewhere`` and ``account`` must therefore list only answers that surely sent
    nothing.

    What became of a message is asked at ``status_url``, which says ``{provider_id}``, or posted to us (``callback``);
    ``statuses`` lists the values that mean something. Questions carry the headers that say nothing of one message.
    """

    url: str
    channel: Channel = Channel.SMS
    method: Method = "POST"
    headers: Mapping[str, Header] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    body_format: Literal["json", "form"] = "json"
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    accepted_http: frozenset[int] = frozenset({200, 201, 202})
    accepted_when: str | None = None  # must be true as well, where it is given
    provider_id: str | None = None  # an accepted answer without it is a doubt
    cost: str | None = None
    unit_price: Annotated[int, Ge(1)] = 1  # rial in one unit of cost: 10 where it is toman
    code: str | None = None
    message: str | None = None  # the provider's own words, for the reason
    retry: Signs = Signs()
    refused: Signs = Signs()
    elsewhere: Signs = Signs()  # by this number nobody is reached there
    account: Signs = Signs()
    retry_after: timedelta | None = None  # for which the line is left alone after a ``retry``
    price: Annotated[int, Ge(0)] | None = None  # rial a message, where it does not go by the table of SMS prices
    repeatable: bool = False  # it tells messages apart by {id}, and sends a repeated one once

    status_url: str | None = None
    status_method: Method = "GET"
    status_body: Mapping[str, Any] | None = None
    status: str | None = None  # where the answer has it
    statuses: Mapping[DeliveryStatus, frozenset[str]] = field(default_factory=dict)
    callback: CallbackRules | None = None
    credit: CreditRules | None = None

    def __post_init__(self) -> None:
        self._check_templates()
        self._check_answers()
        self._check_questions()

    @property
    def failures(self) -> Mapping[Failure, Signs]:
        return {
            Failure.RETRY: self.retry,
            Failure.REFUSED: self.refused,
            Failure.ELSEWHERE: self.elsewhere,
            Failure.ACCOUNT: self.account,
        }

    @property
    def reported(self) -> bool:
        """Whether it is ever told what became of a message."""
        return self.status_url is not None or self.callback is not None

    def status_of(self, value: str) -> DeliveryStatus | None:
        """What a value of ``status`` means; None for one that is not listed."""
        return next((status for status, values in self.statuses.items() if value in values), None)

    def uses(self, *names: str) -> bool:
        """Whether the call says any of these placeholders."""
        return any(name in names for _, text in self._templates() for name in PLACEHOLDER.findall(text))

    def _templates(self) -> Iterator[tuple[str, str]]:
        yield "url", self.url
        yield from ((f"headers.{name}", value) for name, value in self.headers.items() if isinstance(value, str))
        yield from (("body", text) for text in _texts(self.body))

    def _check_templates(self) -> None:
        if self.method not in get_args(Method):
            raise ValueError(f"method is {self.method!r}; it must be one of {', '.join(get_args(Method))}")
        _check_address("url", self.url)
        if self.method == "GET" and self.body is not None:
            raise ValueError("body: a GET has none; put the placeholders in the query of url")
        if self.body_format not in {"json", "form"}:
            raise ValueError(f"body_format is {self.body_format!r}; it must be json or form")
        for where, body in self._bodies():
            if self.body_format == "form" and any(isinstance(value, dict | list) for value in body.values()):
                raise ValueError(
                    f"{where}: a form has no tables or lists in it; write plain values, or body_format = json"
                )
        if wrong := [name for name in self.headers if not _HEADER.fullmatch(name)]:
            raise ValueError(f"headers: {wrong[0]!r} is no name of a header")
        if taken := set(self.secrets) & {*PLACEHOLDERS, *IN_QUESTIONS}:
            raise ValueError(f"secrets: {', '.join(sorted(taken))} is a placeholder already; use another name")
        known = (*PLACEHOLDERS, *self.secrets)
        for where, text in self._templates():
            for name in PLACEHOLDER.findall(text):
                if name not in known:
                    choice = ", ".join(f"{{{one}}}" for one in known)
                    raise ValueError(f"{where}: {{{name}}} is no placeholder; there are {choice}")
                if name == "text" and where.startswith("headers."):
                    raise ValueError(f"{where}: {{text}} has line breaks, which no header takes; put it in url or body")
        if not self.uses(*NUMBERS) or not self.uses("text"):
            raise ValueError("url and body: {to} (or {to_e164}, {to_98}…) and {text} must stand somewhere")
        if self.repeatable and not self.uses("id"):
            raise ValueError("repeatable: the provider knows a repeated message only by its id; put {id} somewhere")

    def _check_answers(self) -> None:
        _check_expressions(
            {name: getattr(self, name) for name in ("accepted_when", "provider_id", "cost", "code", "message")}
        )
        if not self.accepted_http:
            raise ValueError("accepted_http: at least one HTTP status must mean that a message was taken")
        kinds = {str(failure): signs for failure, signs in self.failures.items()}
        statuses = [("accepted_http", self.accepted_http), *((name, signs.http) for name, signs in kinds.items())]
        for name, numbers in statuses:
            if wrong := sorted(one for one in numbers if not 200 <= one <= 599):
                raise ValueError(f"{name}: {wrong[0]} is no HTTP status of an answer")
        # With accepted_when, the same status may mean both: that it is not true is then the sign of a failure.
        _check_disjoint("HTTP status", statuses if self.accepted_when is None else statuses[1:])
        _check_disjoint("code", [(name, signs.codes) for name, signs in kinds.items()])
        if self.code is None and any(signs.codes for signs in kinds.values()):
            raise ValueError("code: codes are listed, but not where an answer has its code")
        if self.unit_price < 1:
            raise ValueError(f"unit_price is {self.unit_price}; a unit of cost is 1 rial or more")

    def _bodies(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        credit = self.credit.body if self.credit else None
        for where, body in (("body", self.body), ("status_body", self.status_body), ("credit.body", credit)):
            if body is not None:
                yield where, body

    def _check_questions(self) -> None:
        if self.status_url is not None:
            self._check_question("status", self.status_url, self.status_method, self.status_body, IN_QUESTIONS)
            said = [self.status_url, *_texts(self.status_body)]
            if not any("provider_id" in PLACEHOLDER.findall(text) for text in said):
                raise ValueError("status_url: {provider_id} must stand in it or in status_body")
            if self.status is None:
                raise ValueError("status: say where the answer of status_url has it")
        elif self.status is not None or self.status_body is not None:
            raise ValueError("status_url: what became of a text is described, but not where that is asked")
        if self.reported and self.provider_id is None:
            raise ValueError("provider_id: a report is known by it; say where an accepted answer has it")
        if self.reported and not self.statuses:
            raise ValueError('statuses: say which values mean what, such as statuses = { delivered = ["1"] }')
        if self.statuses and not self.reported:
            raise ValueError("statuses: nobody tells any; describe status_url or callback, or leave it out")
        found: dict[str, str | None] = {"status": self.status}
        if self.callback is not None:
            found |= {f"callback.{name}": getattr(self.callback, name) for name in ("id", "status", "each")}
        if self.credit is not None:
            credit = self.credit
            self._check_question("credit", credit.url, credit.method, credit.body, ("sender",))
            found["credit.value"] = credit.value
            if credit.unit < 1:
                raise ValueError(f"credit.unit is {credit.unit}; a unit of credit is 1 rial or more")
        _check_expressions(found)
        _check_disjoint("status", [(f"statuses.{name}", values) for name, values in self.statuses.items()])

    def _check_question(
        self, what: str, url: str, method: str, body: Mapping[str, Any] | None, names: Sequence[str]
    ) -> None:
        where = "status_url" if what == "status" else f"{what}.url"
        _check_address(where, url)
        if method not in get_args(Method):
            raise ValueError(f"the method of {where} is {method!r}; it must be one of {', '.join(get_args(Method))}")
        if method == "GET" and body is not None:
            raise ValueError(f"{where}: a GET has no body; put the placeholders in the query, or ask by POST")
        known = (*names, *self.secrets)
        for text in (url, *_texts(body)):
            for name in PLACEHOLDER.findall(text):
                if name not in known:
                    choice = ", ".join(f"{{{one}}}" for one in known)
                    raise ValueError(f"{where}: {{{name}}} is no placeholder of a question; there are {choice}")


def _check_address(where: str, url: str) -> None:
    try:
        place = urlsplit(url)
        _ = place.port  # looked at only when it is asked for
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    if place.scheme not in {"http", "https"} or not place.hostname:
        raise ValueError(f"{where}: it must be a whole address with http:// or https://")
    if "{" in place.netloc or "@" in place.netloc:
        raise ValueError(f"{where}: no placeholder and no password may stand before the path; use a header or secrets")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError(f"{where}: percent-encode everything but ASCII, as a browser's address bar does")


def _check_expressions(named: Mapping[str, str | None]) -> None:
    for name, expression in named.items():
        if expression is not None:
            try:
                expressions.compiled(expression)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None


def _texts(part: Any) -> Iterator[str]:
    """Every text in a body, which is where templates are."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, Mapping | list | tuple):
        for value in part.values() if isinstance(part, Mapping) else part:
            yield from _texts(value)


def _check_disjoint(what: str, lists: Sequence[tuple[str, frozenset[Any]]]) -> None:
    seen: dict[Any, str] = {}
    for name, values in lists:
        for value in values:
            if value in seen:
                raise ValueError(f"{what} {value} is listed under {seen[value]} and under {name}; it can mean only one")
            seen[value] = name
