"""Kavenegar: the official SDK's class over aiohttp, and the provider made of it."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp
import kavenegar
import msgspec
import structlog
from yarl import URL

from notifier.sms.providers import answers, codes
from notifier.sms.providers.base import (
    MAX_BATCH,
    DeliveryStatus,
    Failed,
    Failure,
    Outgoing,
    Provider,
    ProviderError,
    Result,
)
from notifier.sms.providers.transport import NoAnswer, Transport, TransportError, base_address, number

BASE_URL = "https://api.kavenegar.com/v1"
MAX_STATUSES = 500

_LONGEST_SPAN = 24 * 3600  # seconds that one question about a number may cover

_T = TypeVar("_T")

log = structlog.get_logger(__name__)


class KavenegarError(ProviderError, kavenegar.APIException):  # type: ignore[misc]
    """Kavenegar answered, with a code other than 200."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        self.text = text
        super().__init__(codes.code(status).failed(text).reason)

    def failed(self, *, repeatable: bool = True) -> Failed:
        return codes.code(self.status).failed(self.text, repeatable=repeatable)


class KavenegarTransportError(TransportError, kavenegar.HTTPException):  # type: ignore[misc]
    """Kavenegar did not answer, or not as Kavenegar."""


class AsyncKavenegarAPI(kavenegar.KavenegarAPI):  # type: ignore[misc]
    """The official SDK's class whose methods are coroutines over a shared session: ``await api.sms_send({...})``.

    A list among the parameters travels as JSON text in one field, as Kavenegar wants it. The key is part of every URL,
    so nothing that knows a URL gets out of here: neither aiohttp's exceptions nor the frames they were raised in.
    """

    def __init__(
        self,
        apikey: str,
        session: aiohttp.ClientSession | None = None,
        *,
        base_url: str = BASE_URL,
        connect_timeout: float = 5,
        timeout: float = 20,
    ) -> None:
        """Times are in seconds. Without a session it makes its own at the first call, inside the running loop."""
        super().__init__(apikey.strip())
        if not self.apikey:
            raise ValueError("The Kavenegar API key is empty: set api_key in [providers.kavenegar]")
        self._base_url = base_address(base_url, section="providers.kavenegar")
        self._transport = Transport(session, connect_timeout=connect_timeout, timeout=timeout)

    def __repr__(self) -> str:
        return f"{type(self).__name__}('***', base_url={self._base_url!r})"

    __str__ = __repr__

    async def sms_statusbyreceptor(self, params: Mapping[str, Any]) -> Any:
        """The status of what was sent to one number: a method of the web service that the SDK does not know."""
        return await self._request("sms", "statusbyreceptor", params)

    async def utils_getdate(self) -> Any:
        """The provider's own time: a method of the web service that the SDK does not know."""
        return await self._request("utils", "getdate", None)

    async def close(self) -> None:
        """Close the session if it is our own; a handed-in one belongs to its giver."""
        await self._transport.close()

    async def _request(self, action: str, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """The ``entries`` of the answer; raises KavenegarError or KavenegarTransportError."""
        path = f"{action}/{method}"
        answer = await self._transport.ask("POST", self._url(path), form=_form(params or {}))
        if isinstance(answer, NoAnswer):
            raise KavenegarTransportError(
                f"No answer from Kavenegar on {path} ({answer.kind}): check the network and base_url",
                maybe_sent=answer.maybe_sent,
            )
        envelope = answers.envelope(answer, secret=self.apikey)
        # The documentation has the code in the HTTP status and in the body; only the body surely speaks for Kavenegar.
        if envelope is None and answer.status in codes.WITHOUT_ENVELOPE:
            raise KavenegarError(answer.status, "a bare HTTP status, perhaps not from Kavenegar itself")
        if envelope is None:
            raise KavenegarTransportError(
                f"HTTP {answer.status} on {path} without Kavenegar's envelope: check base_url, or wait",
                maybe_sent=True,
            )
        code, text, entries = envelope
        if code != codes.CONFIRMED:
            raise KavenegarError(code, text)
        return entries

    def _url(self, path: str) -> URL:
        return URL(f"{self._base_url}/{quote(self.apikey, safe='')}/{path}.json", encoded=True)


class KavenegarProvider(Provider):
    """An account at Kavenegar.

    Plain texts carry their id as ``localid``: Kavenegar answers a repeated one by the first record and sends once, so
    every doubt about them is a ``RETRY``. ``verify/lookup`` has no such id. A message that Kavenegar accepts and fails
    in the same answer (status 6, 11, 13, 14) is ``Accepted`` with that status: the ledger decides what follows.
    """

    kind = "kavenegar"
    repeatable = True

    def __init__(
        self,
        api_key: str,
        *,
        base_url: str = BASE_URL,
        sender: str | None = None,
        session: aiohttp.ClientSession | None = None,
        name: str = "kavenegar",
        connect_timeout: float = 5,
        timeout: float = 20,
        parallel: int = 16,
    ) -> None:
        """``sender`` is the line plain texts leave by; ``parallel`` is how many calls may be under way at once."""
        self.name = name
        self._sender = sender
        self._api = AsyncKavenegarAPI(
            api_key, session, base_url=base_url, connect_timeout=connect_timeout, timeout=timeout
        )
        self._slots = asyncio.Semaphore(parallel)

    async def send(self, messages: Sequence[Outgoing]) -> list[Result]:
        if len(messages) > MAX_BATCH:
            raise ValueError(f"{len(messages)} messages at once: Kavenegar takes {MAX_BATCH}, send them in batches")
        # sendarray wants a line for every message; send falls back to the account's default line.
        if len(messages) > 1 and all(self._line(message) for message in messages):
            return await self._send_array(messages)
        return list(await asyncio.gather(*map(self._send_one, messages)))

    async def lookup(self, message: Outgoing) -> Result:
        if not message.pattern:
            return Failed(failure=Failure.REFUSED, reason=f"Message {message.id} has no pattern to look up")
        fields = {**(message.tokens or {}), "receptor": message.to, "template": message.pattern}
        try:
            entries = await self._ask(self._api.verify_lookup, fields)
        except ProviderError as error:
            return error.failed(repeatable=False)
        record = next(answers.records(entries), None)  # one number was asked for, so the only record is its
        if record is None:
            reason = "Kavenegar confirmed the lookup but named no message"
            return Failed(failure=Failure.UNKNOWN, reason=reason, maybe_sent=True)
        return record.accepted()

    async def statuses(self, provider_ids: Sequence[str]) -> Mapping[str, DeliveryStatus]:
        found: dict[str, DeliveryStatus] = {}
        for batch in _batches(provider_ids):
            for row in answers.rows(await self._ask(self._api.sms_status, {"messageid": ",".join(batch)})):
                provider_id, status = number(row.get("messageid")), codes.status(number(row.get("status")))
                if provider_id and status is not None:
                    found[str(provider_id)] = status
        return found

    async def statuses_by_local_id(self, ids: Sequence[int]) -> Mapping[int, tuple[str, DeliveryStatus]]:
        found: dict[int, tuple[str, DeliveryStatus]] = {}
        for batch in _batches(ids):
            fields = {"localid": ",".join(map(str, batch))}
            for row in answers.rows(await self._ask(self._api.sms_statuslocalmessageid, fields)):
                local_id, status = number(row.get("localid")), codes.status(number(row.get("status")))
                if local_id is not None and status is not None:
                    provider_id = number(row.get("messageid"))
                    found[local_id] = (str(provider_id) if provider_id else "", status)
        return found

    async def sent_to(self, to: str, *, since: datetime, until: datetime) -> list[tuple[str, DeliveryStatus]]:
        found: dict[str, DeliveryStatus] = {}
        start, end = int(since.timestamp()), math.ceil(until.timestamp())
        while start < end:
            fields = {"receptor": to, "startdate": start, "enddate": min(end, start + _LONGEST_SPAN)}
            for row in answers.rows(await self._ask(self._api.sms_statusbyreceptor, fields)):
                provider_id, status = number(row.get("messageid")), codes.status(number(row.get("status")))
                if provider_id and status is not None:
                    found[str(provider_id)] = status
            start += _LONGEST_SPAN
        return list(found.items())

    async def credit(self) -> int:
        for row in answers.rows(await self._ask(self._api.account_info)):
            credit = number(row.get("remaincredit"))
            if credit is not None:
                return credit
        raise KavenegarTransportError("account/info names no remaincredit: look in the panel", maybe_sent=False)

    async def settings(self) -> Mapping[str, str]:
        """How the account is set in the panel: ``debugmode``, ``resendfailed`` and more, as text."""
        rows = answers.rows(await self._ask(self._api.account_config))
        return {name: str(value) for row in rows for name, value in row.items()}

    async def time(self) -> datetime:
        """What time it is there. Raises ProviderError."""
        for row in answers.rows(await self._ask(self._api.utils_getdate)):
            if (seconds := number(row.get("unixtime"))) is not None:
                return datetime.fromtimestamp(seconds, UTC)
        raise KavenegarTransportError("utils/getdate names no unixtime", maybe_sent=False)

    async def close(self) -> None:
        await self._api.close()

    def _line(self, message: Outgoing) -> str | None:
        return message.sender or self._sender

    async def _send_one(self, message: Outgoing) -> Result:
        fields = {
            "receptor": message.to,
            "message": message.text,
            "sender": self._line(message),
            "localid": message.id,
        }
        try:
            entries = await self._ask(self._api.sms_send, fields)
        except ProviderError as error:
            return error.failed()
        return answers.results([message], entries)[0]

    async def _send_array(self, messages: Sequence[Outgoing]) -> list[Result]:
        fields = {
            "receptor": [message.to for message in messages],
            "sender": [self._line(message) for message in messages],
            "message": [message.text for message in messages],
            "localmessageids": [message.id for message in messages],
        }
        try:
            entries = await self._ask(self._api.sms_sendarray, fields)
        except ProviderError as error:
            failed = error.failed()
            if len(messages) == 1 or failed.failure is not Failure.REFUSED:
                return [failed] * len(messages)
            # One bad message refuses the batch: halve it until the bad one is alone. The ids make repeating safe.
            middle = len(messages) // 2
            halves = await asyncio.gather(self._send_array(messages[:middle]), self._send_array(messages[middle:]))
            return [result for half in halves for result in half]
        return answers.results(messages, entries)

    async def _ask(self, method: Callable[..., Awaitable[Any]], *fields: Mapping[str, Any]) -> Any:
        """One call, within the limit of parallel calls; one that is our own mistake is logged as an error."""
        try:
            async with self._slots:
                return await method(*fields)
        except KavenegarError as error:
            if codes.code(error.status).our_bug:
                log.error(
                    "our call to the provider is wrong",
                    action="provider_call_wrong",
                    provider=self.name,
                    method=method.__name__,
                    code=error.status,
                )
            raise


def _form(params: Mapping[str, Any]) -> dict[str, str]:
    """Parameters as form fields; None is left out."""
    return {
        name: msgspec.json.encode(value).decode() if isinstance(value, list | tuple) else str(value)
        for name, value in params.items()
        if value is not None
    }


def _batches(ids: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (ids[at : at + MAX_STATUSES] for at in range(0, len(ids), MAX_STATUSES))
