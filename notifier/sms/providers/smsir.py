"""sms.ir: plain texts by ``likeToLike``, patterns by ``verify`` (https://sms.ir/developer-web-service/rest-api/)."""

import asyncio
import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import accumulate, pairwise
from typing import Any
from urllib.parse import quote

import structlog
from yarl import URL

from notifier.sms.providers import smsir_codes as codes
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
from notifier.sms.providers.transport import HttpAnswer, NoAnswer, Transport, TransportError, base_address, number
from notifier.sms.segments import segments, units

BASE_URL = "https://api.sms.ir/v1"
MAX_TOGETHER = 100

log = structlog.get_logger(__name__)


class SmsIrError(ProviderError):
    """sms.ir answered, with a status other than 1."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        self.text = text
        super().__init__(codes.code(status).failed(text).reason)

    def failed(self, *, repeatable: bool = False) -> Failed:
        """What it means for a message; no call to sms.ir is repeatable, so nothing depends on that."""
        return codes.code(self.status).failed(self.text)


class SmsIrProvider(Provider):
    """An account at sms.ir.

    It takes no id of ours: what may have been sent is ``UNKNOWN``, plain texts included, and nothing can be asked by
    our ids. It counts money in units of credit, not in rial; ``unit_price`` is what one of them costs.
    """

    kind = "smsir"
    repeatable = False

    def __init__(
        self,
        api_key: str,
        *,
        base_url: str = BASE_URL,
        sender: str | None = None,
        unit_price: int | None = None,
        name: str = "smsir",
        connect_timeout: float = 5,
        timeout: float = 20,
        parallel: int = 8,
    ) -> None:
        """``sender`` is the line plain texts leave by, all digits; times are in seconds, ``unit_price`` in rial."""
        self.name = name
        self._key = api_key.strip()
        if not self._key:
            raise ValueError(f"The sms.ir API key is empty: set api_key in [providers.{name}]")
        if not (self._key.isascii() and self._key.isprintable()):
            raise ValueError(f"The sms.ir API key has signs no header can carry: check api_key in [providers.{name}]")
        if sender is not None and _digits(sender) is None:
            raise ValueError(f"{sender!r} is no line of sms.ir, which is all digits: set sender in [providers.{name}]")
        if unit_price is not None and unit_price < 1:
            raise ValueError(f"A unit of credit cannot cost {unit_price} rial: set unit_price in [providers.{name}]")
        self._sender = sender
        self._unit_price = unit_price
        self._base_url = base_address(base_url, section=f"providers.{name}")
        self._transport = Transport(connect_timeout=connect_timeout, timeout=timeout, fresh=True)
        self._parallel = parallel
        self._slots = asyncio.Semaphore(parallel)

    async def send(self, messages: Sequence[Outgoing]) -> list[Result]:
        if len(messages) > MAX_BATCH:
            raise ValueError(f"{len(messages)} messages at once: send them in batches of {MAX_BATCH}")
        results: dict[int, Result] = {}
        lines: dict[int, list[int]] = {}
        for at, message in enumerate(messages):
            line = _digits(message.sender or self._sender)
            if line is not None:
                lines.setdefault(line, []).append(at)
            elif message.sender:
                reason = f"{message.sender!r} is no line of sms.ir, which is all digits"
                results[at] = Failed(failure=Failure.REFUSED, code=codes.BAD_LINE, reason=reason)
            else:
                # A setting is missing, and no message is at fault: keep them until it is there.
                reason = f"sms.ir sends plain texts only by a line: set sender in [providers.{self.name}]"
                results[at] = Failed(failure=Failure.ACCOUNT, code=codes.BAD_LINE, reason=reason)
        batches = [(line, batch) for line, places in lines.items() for batch in _batches(places)]
        answers = await asyncio.gather(*(self._send(line, [messages[at] for at in batch]) for line, batch in batches))
        for (_, batch), answer in zip(batches, answers, strict=True):
            results.update(zip(batch, answer, strict=True))
        return [results[at] for at in range(len(messages))]

    async def lookup(self, message: Outgoing) -> Result:
        if message.pattern is None or _digits(message.pattern) is None:
            reason = f"sms.ir knows a pattern by its number, not as {message.pattern!r}: set pattern in the template"
            return Failed(failure=Failure.REFUSED, reason=reason)
        values = message.tokens or {}
        if long := sorted(name for name, value in values.items() if units(value) > codes.MAX_VALUE):
            limit, names = codes.MAX_VALUE, ", ".join(long)
            reason = f"A value may have {limit} characters in sms.ir's patterns; shorten in the template: {names}"
            return Failed(failure=Failure.REFUSED, code=codes.LONG_VALUE, reason=reason)
        fields = {
            "mobile": message.to,
            "templateId": int(message.pattern),
            "parameters": [{"name": name, "value": value} for name, value in values.items()],
        }
        try:
            data = await self._ask("POST", "send/verify", fields)
        except ProviderError as error:
            return error.failed(repeatable=False)
        provider_id = number(data.get("messageId")) if isinstance(data, dict) else None
        if not provider_id:
            return _doubt("sms.ir confirmed the pattern but named no message: look for it in its panel")
        return Accepted(
            provider_id=str(provider_id), cost=self._rial(data.get("cost")) or 0, status=DeliveryStatus.QUEUED
        )

    async def statuses(self, provider_ids: Sequence[str]) -> Mapping[str, DeliveryStatus]:
        """One call an id. A failure ends the asking; it raises only if nothing was learnt before."""
        waiting, found, errors = deque(provider_ids), dict[str, DeliveryStatus](), list[ProviderError]()

        async def ask_on() -> None:
            while waiting:
                provider_id = waiting.popleft()
                try:
                    status = await self._status(provider_id)
                except ProviderError as error:
                    errors.append(error)
                    waiting.clear()
                else:
                    if status is not None:
                        found[provider_id] = status

        await asyncio.gather(*(ask_on() for _ in range(self._parallel)))
        if errors and not found:
            raise errors[0]
        return found

    async def statuses_by_local_id(self, ids: Sequence[int]) -> Mapping[int, tuple[str, DeliveryStatus]]:
        return {}

    async def sent_to(self, to: str, *, since: datetime, until: datetime) -> list[tuple[str, DeliveryStatus]]:
        return []  # it has no such question

    async def credit(self) -> int:
        data = await self._ask("GET", "credit")
        if self._unit_price is None and _is_amount(data):
            raise ProviderError(
                f"sms.ir has {data} units of credit for us, which are no rial: set unit_price, what a unit costs by its"
                f" panel, in [providers.{self.name}]"
            )
        credit = self._rial(data)
        if credit is None:
            raise TransportError("sms.ir named no credit: look in its panel", maybe_sent=False)
        return credit

    async def close(self) -> None:
        await self._transport.close()

    async def _send(self, line: int, messages: Sequence[Outgoing]) -> list[Result]:
        fields = {
            "lineNumber": line,
            "messageTexts": [message.text for message in messages],
            "mobiles": [message.to for message in messages],
            "sendDateTime": None,
        }
        try:
            data = await self._ask("POST", "send/likeToLike", fields)
        except ProviderError as error:
            failed = error.failed(repeatable=False)
            ours = isinstance(error, SmsIrError) and codes.code(error.status).our_bug
            if len(messages) == 1 or failed.failure is not Failure.REFUSED or ours:
                return [failed] * len(messages)
            # One bad message refuses the batch: halve it until it is alone. A refused batch was not sent in part.
            middle = len(messages) // 2
            halves = await asyncio.gather(self._send(line, messages[:middle]), self._send(line, messages[middle:]))
            return [result for half in halves for result in half]
        return self._results(messages, data)

    def _results(self, messages: Sequence[Outgoing], data: Any) -> list[Result]:
        """A result for each message, by its place in the answer, which gives one cost for all."""
        ids = data.get("messageIds") if isinstance(data, dict) else None
        if not isinstance(ids, list) or len(ids) != len(messages):
            reason = f"sms.ir confirmed the call but did not name {len(messages)} messages: look for them in its panel"
            return [_doubt(reason)] * len(messages)
        taken = [(number(one) or 0) > 0 for one in ids]
        weights = [segments(message.text) * one for message, one in zip(messages, taken, strict=True)]
        shares = _shares(self._rial(data.get("cost")) or 0, weights)
        return [_result(one, cost) for one, cost in zip(ids, shares, strict=True)]

    async def _status(self, provider_id: str) -> DeliveryStatus | None:
        try:
            data = await self._ask("GET", f"send/{quote(provider_id, safe='')}")
        except SmsIrError as error:
            if error.status == codes.NO_SUCH_ID:
                return DeliveryStatus.UNKNOWN_ID
            raise
        if not isinstance(data, dict) or "deliveryState" not in data:
            return None
        state = data["deliveryState"]
        return DeliveryStatus.QUEUED if state is None else codes.STATES.get(number(state) or 0)

    async def _ask(self, method: str, path: str, fields: Mapping[str, Any] | None = None) -> Any:
        """The ``data`` of the answer, within the limit of parallel calls; raises SmsIrError or TransportError."""
        url = URL(f"{self._base_url}/{path}", encoded=True)
        async with self._slots:
            answer = await self._transport.ask(method, url, headers={"X-API-KEY": self._key}, json=fields)
        if isinstance(answer, NoAnswer):
            text = f"No answer from sms.ir on {path} ({answer.kind}): check the network and base_url"
            raise TransportError(text, maybe_sent=answer.maybe_sent)
        envelope = _envelope(answer, secret=self._key)
        if envelope is None and answer.status in codes.WITHOUT_ENVELOPE:
            raise SmsIrError(codes.WITHOUT_ENVELOPE[answer.status], f"a bare HTTP {answer.status}")
        if envelope is None:
            text = f"HTTP {answer.status} on {path} without sms.ir's envelope: check base_url, or wait"
            raise TransportError(text, maybe_sent=True)
        status, text, data = envelope
        if status == codes.DONE:
            return data
        if codes.code(status).our_bug and method == "POST":
            log.error(
                "our call to the provider is wrong",
                action="provider_call_wrong",
                provider=self.name,
                method=path,
                code=status,
            )
        raise SmsIrError(status, text)

    def _rial(self, credit: Any) -> int | None:
        """Units of credit as rial; None if they are no number or nobody said what one costs."""
        return round(credit * self._unit_price) if self._unit_price is not None and _is_amount(credit) else None


def _envelope(answer: HttpAnswer, *, secret: str) -> tuple[int, str, Any] | None:
    """Status, text (without the secret) and the data of a success, or None if the answer is not sms.ir's."""
    document = answer.document()
    # ASP.NET's own errors have a "status" too, the one of HTTP, but neither of the others.
    if not isinstance(document, dict) or not document.keys() & {"message", "data"}:
        return None
    status, text = number(document.get("status")), str(document.get("message") or "")
    if status is None:
        return None
    return status, text.replace(secret, "***"), document.get("data") if status == codes.DONE else None


def _result(one: object, cost: int) -> Result:
    """What stands in a message's place: an id, null for a number refused, 0 for one on the blacklist."""
    if one is None:
        return codes.code(codes.BAD_MOBILE).failed("it named no id")
    provider_id = number(one)
    if provider_id == 0:
        return codes.code(codes.BLACKLISTED).failed("it named the id 0")
    if provider_id is None or provider_id < 0:
        return _doubt("sms.ir confirmed the call but named no id of this message: look for it in its panel")
    return Accepted(provider_id=str(provider_id), cost=cost, status=DeliveryStatus.QUEUED)


def _doubt(reason: str) -> Failed:
    return Failed(failure=Failure.UNKNOWN, reason=reason, maybe_sent=True)


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _shares(total: int, weights: Sequence[int]) -> list[int]:
    """``total`` divided by weight, to the last rial."""
    whole = sum(weights) or 1
    return [to - since for since, to in pairwise(total * sofar // whole for sofar in accumulate(weights, initial=0))]


def _digits(text: str | None) -> int | None:
    """A line or pattern as the number sms.ir wants, or None if it is none."""
    return int(text) if text and text.isascii() and text.isdecimal() else None


def _batches(places: Sequence[int]) -> Iterator[Sequence[int]]:
    return (places[at : at + MAX_TOGETHER] for at in range(0, len(places), MAX_TOGETHER))
