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
    DeliveryStatus,
    Failed,
    Failure,
    Outgoing,
    Provider,
    ProviderError,
    Result,
)
from notifier.sms.providers.generic_rules import PLACEHOLDER, HttpProviderRules
from notifier.sms.providers.transport import HttpAnswer, NoAnswer, Transport, TransportError, number

_LONGEST_REASON = 300


class HttpProvider(Provider):
    """An account at a provider that ``HttpProviderRules`` describe. It sends plain texts, one a call, and no more."""

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
        return {}

    async def statuses_by_local_id(self, ids: Sequence[int]) -> Mapping[int, tuple[str, DeliveryStatus]]:
        return {}

    async def sent_to(self, to: str, *, since: datetime, until: datetime) -> list[tuple[str, DeliveryStatus]]:
        return []

    async def credit(self) -> int:
        raise ProviderError(f"{self.name} is described without a way to ask for its credit: look in its panel")

    async def close(self) -> None:
        await self._transport.close()

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
            "to": message.to,
            "to_e164": f"+98{message.to[1:]}" if message.to.startswith("0") else message.to,
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
        return Accepted(provider_id=provider_id, cost=_rial(cost, self._rules.unit_price), status=DeliveryStatus.QUEUED)

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
    try:
        return max(0, round(float(cost) * unit_price))
    except (TypeError, ValueError, OverflowError):
        return 0
