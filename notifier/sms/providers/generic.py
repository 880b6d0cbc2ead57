"""An HTTP provider described by configuration, see ``HttpProviderRules``."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import jmespath
from jmespath.exceptions import JMESPathError
from yarl import URL

from notifier.sms.providers.base import (
    MAX_BATCH,
    Accepted,
    CreditUntold,
    DeliveryStatus,
    Failed,
    Failure,
    Outgoing,
    Provider,
    ProviderError,
    Result,
)
from notifier.sms.providers.generic_rules import PLACEHOLDER, HttpProviderRules
from notifier.sms.providers.numbers import written
from notifier.sms.providers.transport import HttpAnswer, NoAnswer, Transport, TransportError, number

_LONGEST_REASON = 300
_MOST_REPORTS, _LONGEST_ID = 500, 100
_MOST_MONEY = 10**15
_ANSWERED = frozenset({200, 201, 202})
_NOT_FOUND = 404


class HttpProvider(Provider):
    """An account at a provider that ``HttpProviderRules`` describe. It sends plain texts, one a call."""

    kind = "http"

    def __init__(
        self,
        rules: HttpProviderRules,
        *,
        name: str,
        sender: str | None = None,
        connect_timeout: float = 5,
        timeout: float = 20,
        parallel: int = 16,
    ) -> None:
        """Times are in seconds. Raises ValueError for a secret that is not there or a line that is missing."""
        if rules.uses("sender") and not sender:
            raise ValueError(f"The call to {name} says {{sender}}: set sender in [providers.{name}]")
        self.name = name
        self.channel, self.price = rules.channel, rules.price
        self.repeatable = rules.repeatable
        self._rules = rules
        self._sender = sender or ""
        self._secrets = {key: secret.value().strip() for key, secret in rules.secrets.items()}
        self._headers = {
            key: value if isinstance(value, str) else value.value().strip() for key, value in rules.headers.items()
        }
        self._templates = {key for key, value in rules.headers.items() if isinstance(value, str)}
        self._hidden = [
            *self._secrets.values(),
            *(text for key, text in self._headers.items() if key not in self._templates),
        ]
        if not all(text and text.isprintable() for text in self._hidden):
            raise ValueError(f"A secret of {name} is empty or has a line break in it: check [providers.{name}]")
        self._common = {name: value.encode(errors="replace").decode() for name, value in self._secrets.items()}
        self._common["sender"] = self._sender
        self._transport = Transport(connect_timeout=connect_timeout, timeout=timeout, fresh=not rules.repeatable)
        self._slots = asyncio.Semaphore(parallel)

    async def send(self, messages: Sequence[Outgoing]) -> list[Result]:
        if len(messages) > MAX_BATCH:
            raise ValueError(f"{len(messages)} messages at once: send them in batches of {MAX_BATCH}")
        return list(await asyncio.gather(*map(self._send, messages)))

    async def lookup(self, message: Outgoing) -> Result:
        reason = f"{self.name} is described without patterns: send the template as text, or by another provider"
        return Failed(failure=Failure.REFUSED, reason=reason)

    async def statuses(self, provider_ids: Sequence[str]) -> Mapping[str, DeliveryStatus]:
        if self._rules.status_url is None:
            return {}
        found = await asyncio.gather(*map(self._status, provider_ids))
        return {one: status for one, status in zip(provider_ids, found, strict=True) if status is not None}

    async def statuses_by_local_id(self, ids: Sequence[int]) -> Mapping[int, tuple[str, DeliveryStatus]]:
        return {}

    async def sent_to(self, to: str, *, since: datetime, until: datetime) -> list[tuple[str, DeliveryStatus]]:
        return []

    async def credit(self) -> int:
        rules = self._rules.credit
        if rules is None:
            raise CreditUntold(f"{self.name} is described without a way to ask for its credit: look in its panel")
        answer = await self._ask(rules.method, rules.url, rules.body, self._common)
        if answer.status not in _ANSWERED:
            raise ProviderError(f"{self.name} answered HTTP {answer.status} when asked for its credit")
        left = _number(_find(rules.value, answer.document()))
        if left is None:
            raise ProviderError(f"{self.name} answered without its credit: check credit.value in the description")
        return round(left * rules.unit)

    @property
    def is_called_back(self) -> bool:
        """Whether the provider posts reports to us."""
        return self._rules.callback is not None

    def reports(self, document: Any) -> Mapping[str, DeliveryStatus]:
        """What a posted report says, by the provider's ids; what is not described or makes no sense is left out."""
        rules, said = self._rules.callback, {}
        if rules is None:
            return {}
        rows = document if rules.each is None else _find(rules.each, document)
        for row in (rows if rules.each is not None and isinstance(rows, list) else [rows])[:_MOST_REPORTS]:
            provider_id, value = _find(rules.id, row), _find(rules.status, row)
            status = self._rules.status_of(_as_text(value)) if value is not None else None
            if status is not None and isinstance(provider_id, str | int) and not isinstance(provider_id, bool):
                said[_as_text(provider_id)[:_LONGEST_ID]] = status
        return said

    async def close(self) -> None:
        await self._transport.close()

    async def _status(self, provider_id: str) -> DeliveryStatus | None:
        rules = self._rules
        assert rules.status_url is not None
        values = self._common | {"provider_id": provider_id}
        answer = await self._ask(rules.status_method, rules.status_url, rules.status_body, values)
        if answer.status == _NOT_FOUND:  # which some say of what is old, and others of what is yet to come
            return None
        if answer.status not in _ANSWERED:
            raise ProviderError(f"{self.name} answered HTTP {answer.status} when asked about a text")
        found = _find(rules.status, answer.document())
        return None if found is None else rules.status_of(_as_text(found))

    async def _ask(self, method: str, url: str, body: Any, values: Mapping[str, str]) -> HttpAnswer:
        """The answer to a question. Raises TransportError."""
        said = {name: text for name, text in self._headers.items() if name not in self._templates}
        for name in self._templates:
            if set(PLACEHOLDER.findall(self._headers[name])) <= values.keys():
                said[name] = "".join(filter(str.isprintable, _fill(self._headers[name], values)))
        filled = _filled(body, values)
        form = filled is not None and self._rules.body_format == "form"
        async with self._slots:
            answer = await self._transport.ask(
                method,
                URL(_fill(url, values, lambda value: quote(value, safe="")), encoded=True),
                headers=said,
                json=None if form else filled,
                form={name: _as_text(value) for name, value in filled.items()} if form else None,
            )
        if isinstance(answer, NoAnswer):
            raise TransportError(
                f"No answer from {self.name} ({answer.kind}): check the network and the address", maybe_sent=False
            )
        return answer

    async def _send(self, message: Outgoing) -> Result:
        async with self._slots:
            answer = await self._call(message)
        if isinstance(answer, NoAnswer):
            text = f"No answer from {self.name} ({answer.kind}): check the network and url"
            return TransportError(text, maybe_sent=answer.maybe_sent).failed(repeatable=self.repeatable)
        return self._result(answer)

    async def _call(self, message: Outgoing) -> HttpAnswer | NoAnswer:
        rules, values = self._rules, self._values(message)
        body = _filled(rules.body, values)
        form = body is not None and rules.body_format == "form"
        headers = {
            # A line break would end the header, and none is meant in a number or the name of a line.
            name: "".join(filter(str.isprintable, _fill(text, values))) if name in self._templates else text
            for name, text in self._headers.items()
        }
        return await self._transport.ask(
            rules.method,
            URL(_fill(rules.url, values, lambda value: quote(value, safe="")), encoded=True),
            headers=headers,
            json=None if form else body,
            form={name: _as_text(value) for name, value in body.items()} if form else None,
        )

    def _values(self, message: Outgoing) -> dict[str, str]:
        values = {
            **written(message.to),
            "text": message.text,
            "id": str(message.id),
            "sender": message.sender or self._sender,
        }
        # Half an emoji has no UTF-8; it must not keep the rest from being sent.
        return {name: value.encode(errors="replace").decode() for name, value in (values | self._secrets).items()}

    def _result(self, answer: HttpAnswer) -> Result:
        rules, document = self._rules, answer.document()
        code = None if (found := _find(rules.code, document)) is None else _as_text(found)
        for failure, signs in rules.failures.items():
            if code in signs.codes:
                return self._failed(failure, answer.status, code, document)
        # What is not true of an answer that is no JSON is not true at all, whatever the expression makes of nothing.
        fitting = rules.accepted_when is None or (document is not None and bool(_find(rules.accepted_when, document)))
        if answer.status in rules.accepted_http and fitting:
            return self._accepted(document, answer.status, code)
        for failure, signs in rules.failures.items():
            if answer.status in signs.http:
                return self._failed(failure, answer.status, code, document)
        return self._failed(None, answer.status, code, document)

    def _accepted(self, document: Any, status: int, code: str | None) -> Result:
        found = _find(self._rules.provider_id, document)
        provider_id = _as_text(found) if isinstance(found, int | str) and not isinstance(found, bool) else ""
        if self._rules.provider_id is not None and provider_id in {"", "0"}:
            return self._failed(None, status, code, document, but="as if accepted, but with no id")
        cost = _find(self._rules.cost, document)
        return Accepted(
            provider_id=provider_id,
            cost=_rial(cost, self._rules.unit_price) if cost is not None else self.price or 0,
            status=DeliveryStatus.QUEUED,
            reported=self._rules.reported,
        )

    def _failed(
        self, failure: Failure | None, status: int, code: str | None, document: Any, *, but: str = ""
    ) -> Failed:
        """A failure of that class; None is an answer nobody described, which may have sent the message."""
        words, wait = _find(self._rules.message, document), self._rules.retry_after
        said = [
            f"{self.name} answered HTTP {status}",
            *([but] if but else []),
            *([f"code {code}"] if code is not None else []),
            *([_as_text(words)] if words is not None else []),
        ]
        return Failed(
            failure=failure or (Failure.RETRY if self.repeatable else Failure.UNKNOWN),
            code=status if (known := number(code)) is None else known,
            reason=self._hide(", ".join(said)),
            retry_after=wait.total_seconds() if wait and failure is Failure.RETRY else None,
            maybe_sent=failure is None,
        )

    def _hide(self, text: str) -> str:
        """The text without our secrets, in case the provider repeats them, and not without end."""
        for secret in self._hidden:
            text = text.replace(secret, "***").replace(quote(secret, safe=""), "***")
        return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}…"


def _fill(template: str, values: Mapping[str, str], escape: Callable[[str], str] = str) -> str:
    """The template with its values, in one pass: a text that happens to say {id} stays as it is."""
    return PLACEHOLDER.sub(lambda match: escape(values[match[1]]), template)


def _filled(part: Any, values: Mapping[str, str]) -> Any:
    if isinstance(part, str):
        return _fill(part, values)
    if isinstance(part, Mapping):
        return {name: _filled(value, values) for name, value in part.items()}
    return [_filled(value, values) for value in part] if isinstance(part, list | tuple) else part


def _find(expression: str | None, document: Any) -> Any:
    """What the expression finds; None where there is nothing, or nothing it could be applied to."""
    if expression is None:
        return None
    try:
        return jmespath.search(expression, document)
    except JMESPathError:
        return None


def _as_text(value: Any) -> str:
    """A JSON value as a form or a list of codes has it: texts bare, ``true`` as in JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _rial(cost: Any, unit_price: int) -> int:
    return max(0, round((_number(cost) or 0) * unit_price))


def _number(value: Any) -> float | None:
    """A number of JSON, or one that came as text; None for what is none, or has no end."""
    try:
        found = float("nan" if isinstance(value, bool) else value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if abs(found) < _MOST_MONEY else None
