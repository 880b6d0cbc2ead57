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
from notifier.secret import Secret, is_reference
from notifier.sms.providers.base import Failure

PLACEHOLDERS = ("to", "to_e164", "text", "id", "sender")
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
class HttpProviderRules:
    """How a provider is asked and how its answers are read. Raises ValueError naming the field at fault.

    ``url``, the values of ``headers`` and every text in ``body`` are templates: ``{to}`` (09…), ``{to_e164}`` (+98…),
    ``{text}``, ``{id}``, ``{sender}`` and ``{name}`` for each of ``secrets``. Values are escaped for where they stand.
    Expressions are JMESPath on the JSON of the answer.

    An answer is read in this order: a listed code, then acceptance, then a listed HTTP status; all else may have been
    sent. ``retry``, ``refused`` and ``account`` must therefore list only answers that surely sent nothing.
    """

    url: str
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
    account: Signs = Signs()
    retry_after: timedelta | None = None  # for which the line is left alone after a ``retry``
    repeatable: bool = False  # it tells messages apart by {id}, and sends a repeated one once

    def __post_init__(self) -> None:
        self._check_templates()
        self._check_answers()

    @property
    def failures(self) -> Mapping[Failure, Signs]:
        return {Failure.RETRY: self.retry, Failure.REFUSED: self.refused, Failure.ACCOUNT: self.account}

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
        try:
            place = urlsplit(self.url)
            _ = place.port  # looked at only when it is asked for
        except ValueError as error:
            raise ValueError(f"url: {error}") from None
        if place.scheme not in {"http", "https"} or not place.hostname:
            raise ValueError("url: it must be a whole address with http:// or https://")
        if "{" in place.netloc or "@" in place.netloc:
            raise ValueError("url: no placeholder and no password may stand before the path; use a header or secrets")
        if not self.url.isascii() or not self.url.isprintable() or " " in self.url:
            raise ValueError("url: percent-encode everything but ASCII, as a browser's address bar does")
        if self.method == "GET" and self.body is not None:
            raise ValueError("body: a GET has none; put the placeholders in the query of url")
        if self.body_format not in {"json", "form"}:
            raise ValueError(f"body_format is {self.body_format!r}; it must be json or form")
        if self.body_format == "form" and any(isinstance(value, dict | list) for value in (self.body or {}).values()):
            raise ValueError("body: a form has no tables or lists in it; write plain values, or body_format = json")
        if wrong := [name for name in self.headers if not _HEADER.fullmatch(name)]:
            raise ValueError(f"headers: {wrong[0]!r} is no name of a header")
        if taken := set(self.secrets) & set(PLACEHOLDERS):
            raise ValueError(f"secrets: {', '.join(sorted(taken))} is a placeholder already; use another name")
        known = (*PLACEHOLDERS, *self.secrets)
        for where, text in self._templates():
            for name in PLACEHOLDER.findall(text):
                if name not in known:
                    choice = ", ".join(f"{{{one}}}" for one in known)
                    raise ValueError(f"{where}: {{{name}}} is no placeholder; there are {choice}")
                if name == "text" and where.startswith("headers."):
                    raise ValueError(f"{where}: {{text}} has line breaks, which no header takes; put it in url or body")
        if not self.uses("to", "to_e164") or not self.uses("text"):
            raise ValueError("url and body: {to} (or {to_e164}) and {text} must stand somewhere")
        if self.repeatable and not self.uses("id"):
            raise ValueError("repeatable: the provider knows a repeated message only by its id; put {id} somewhere")

    def _check_answers(self) -> None:
        for name in ("accepted_when", "provider_id", "cost", "code", "message"):
            if (expression := getattr(self, name)) is not None:
                try:
                    expressions.compiled(expression)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None
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
