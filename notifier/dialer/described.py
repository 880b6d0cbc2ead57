"""``kind = "http"``: an exchange that the configuration describes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult

from notifier.dialer.adapter import FORMS, DialerDefaults, HttpDialer, HttpRequest, forms
from notifier.domain.dialing import DialOrder, DialWord, Placed, Placing

PLACEHOLDER = re.compile(r"\{(\w+)\}")
PLACEHOLDERS = ("extension", "attempt", *FORMS)

USUAL = DialerDefaults(
    fields={
        "word": "event || status || disposition",
        "attempt": "attempt",
        "reference": "call_id || request_id || uuid",
        "extension": "extension",
        "number": "number",
        "talked": "talked || billsec",
        "recording": "recording || recording_url || record_url",
        "time": "time",
    },
    words={
        **{word: word for word in DialWord},
        "answer": DialWord.ANSWERED,
        "noanswer": DialWord.NO_ANSWER,
        "no answer": DialWord.NO_ANSWER,
        "failed": DialWord.LINE_FAULT,
        "congestion": DialWord.LINE_FAULT,
        "chanunavail": DialWord.UNREACHABLE,
        "cancel": DialWord.GIVEN_UP,
        "hangup": DialWord.ENDED,
    },
)
"""Our own words, and those of Asterisk's dialplan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedDialer(HttpDialer):
    """``url``, texts of ``body`` and values of ``headers`` are templates; values are escaped for where they stand.

    ``accepted_when`` must be true of the answer, ``reference`` finds the exchange's own name of the attempt in it.
    """

    url: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Mapping[str, Any] | None = None
    as_form: bool = False
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    accepted_when: ParsedResult | None = None
    reference: ParsedResult | None = None

    def request(self, order: DialOrder) -> HttpRequest:
        values = {"extension": order.extension, "attempt": order.attempt, **forms(order.number, self.prefix)}
        values |= self.secrets
        body = _filled(self.body, values) if self.body is not None else None
        return HttpRequest(
            url=PLACEHOLDER.sub(lambda match: quote(values[match[1]], safe=""), self.url),
            method=self.method,
            headers={name: _filled(text, values) for name, text in self.headers.items()},
            json=None if self.as_form else body,
            form={name: str(one) for name, one in body.items()} if self.as_form and body is not None else None,
        )

    def placed(self, status: int, document: Any) -> Placed:
        if status >= 500 or status in (408, 425):
            return Placed(Placing.UNKNOWN, why=f"HTTP {status}")
        if not 200 <= status < 300:
            return Placed(Placing.REFUSED, why=f"HTTP {status}")
        if self.accepted_when is not None and _search(self.accepted_when, document) is not True:
            return Placed(Placing.REFUSED, why="accepted_when")
        found = _search(self.reference, document)
        named = str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""
        return Placed(Placing.TAKEN, reference=named[:120])


def _filled(part: Any, values: Mapping[str, str]) -> Any:
    match part:
        case str():
            return PLACEHOLDER.sub(lambda match: values[match[1]], part)
        case dict():
            return {name: _filled(one, values) for name, one in part.items()}
        case list():
            return [_filled(one, values) for one in part]
    return part


def _search(expression: ParsedResult | None, document: Any) -> Any:
    try:
        return expression.search(document) if expression is not None else None
    except JMESPathError:
        return None
