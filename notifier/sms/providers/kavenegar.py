"""Kavenegar: the official SDK's class over aiohttp, and the provider made of it."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp
import kavenegar
import structlog
from msgspec import Struct
from yarl import URL

from notifier.sms.providers import codes
from notifier.sms.providers.base import (
    MAX_BATCH,
    Accepted,
    Failed,
    Failure,
    Outgoing,
    Provider,
    ProviderError,
    Result,
    Status,
)

BASE_URL = "https://api.kavenegar.com/v1"
MAX_STATUSES = 500

_T = TypeVar("_T")
_Envelope = tuple[int, str, Any]

log = structlog.get_logger(__name__)

NEVER_LEFT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
"""Failures before a connection stood: refused, unknown host, TLS, no connection in time."""


class KavenegarError(ProviderError, kavenegar.APIException):  # type: ignore[misc]
    """Kavenegar answered, with a code other than 200."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        self.text = text
        super().__init__(codes.code(status).failed(text).reason)

    def failed(self, *, repeatable: bool = True) -> Failed:
        return codes.code(self.status).failed(self.text, repeatable=repeatable)


class KavenegarTransportError(ProviderError, kavenegar.HTTPException):  # type: ignore[misc]
    """Kavenegar did not answer, or not as Kavenegar; ``maybe_sent`` is False if the request certainly never left."""

    def __init__(self, text: str, *, maybe_sent: bool) -> None:
        self.maybe_sent = maybe_sent
        super().__init__(text)

    def failed(self, *, repeatable: bool = True) -> Failed:
        return super().failed(repeatable=repeatable or not self.maybe_sent)


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
        self._session = session
        self._own_session: aiohttp.ClientSession | None = None
        if URL(base_url).scheme not in {"http", "https"}:
            raise ValueError(f"{base_url!r} is no http(s) address: set base_url in [providers.kavenegar]")
        self._base_url = base_url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=connect_timeout)

    def __repr__(self) -> str:
        return f"{type(self).__name__}('***', base_url={self._base_url!r})"

    __str__ = __repr__

    async def close(self) -> None:
        """Close the session if it is our own; a handed-in one belongs to its giver."""
        if self._own_session is not None:
            await self._own_session.close()
            self._own_session = None

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is not None:
            return self._session
        if self._own_session is None:
            self._own_session = aiohttp.ClientSession()
        return self._own_session

    async def _request(self, action: str, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """The ``entries`` of the answer; raises KavenegarError or KavenegarTransportError."""
        answer = await self._post(f"{action}/{method}.json", _form(params or {}))
        if isinstance(answer, KavenegarTransportError):
            raise answer from None
        http_status, envelope = answer
        # The documentation has the code in the HTTP status and in the body; only the body surely speaks for Kavenegar.
        if envelope is None and http_status in codes.WITHOUT_ENVELOPE:
            raise KavenegarError(http_status, "a bare HTTP status, perhaps not from Kavenegar itself")
        if envelope is None:
            raise KavenegarTransportError(
                f"HTTP {http_status} on {action}/{method} without Kavenegar's envelope: check base_url, or wait",
                maybe_sent=True,
            )
        code, text, entries = envelope
        if code != codes.CONFIRMED:
            raise KavenegarError(code, text)
        return entries

    async def _post(self, path: str, form: Mapping[str, str]) -> tuple[int, _Envelope | None] | KavenegarTransportError:
        """HTTP status and envelope. A failure is returned: raised here, it would hold frames that know the URL."""
        try:
            async with self._connected().post(
                URL(f"{self._base_url}/{quote(self.apikey, safe='')}/{path}", encoded=True),
                data=form,
                headers={"Accept": "application/json"},
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                return response.status, _envelope(await response.read(), secret=self.apikey)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            kind, maybe_sent = type(error).__name__, not isinstance(error, NEVER_LEFT)
        return KavenegarTransportError(
            f"No answer from Kavenegar on {path} ({kind}): check the network and base_url", maybe_sent=maybe_sent
        )


class KavenegarProvider(Provider):
    """An account at Kavenegar.

    Plain texts carry their id as ``localid``: Kavenegar answers a repeated one by the first record and sends once, so
    every doubt about them is a ``RETRY``. ``verify/lookup`` has no such id. A message that Kavenegar accepts and fails
    in the same answer (status 6, 11, 13, 14) is ``Accepted`` with that status: the ledger decides what follows.
    """

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
        record = next(_records(entries), None)  # one number was asked for, so the only record is its
        if record is None:
            return Failed(failure=Failure.UNKNOWN, reason="Kavenegar confirmed the lookup but named no message")
        return record.accepted()

    async def statuses(self, provider_ids: Sequence[str]) -> Mapping[str, Status]:
        found: dict[str, Status] = {}
        for batch in _batches(provider_ids):
            for row in _rows(await self._ask(self._api.sms_status, {"messageid": ",".join(batch)})):
                provider_id, status = _number(row.get("messageid")), codes.status(_number(row.get("status")))
                if provider_id and status is not None:
                    found[str(provider_id)] = status
        return found

    async def statuses_by_local_id(self, ids: Sequence[int]) -> Mapping[int, tuple[str, Status]]:
        found: dict[int, tuple[str, Status]] = {}
        for batch in _batches(ids):
            fields = {"localid": ",".join(map(str, batch))}
            for row in _rows(await self._ask(self._api.sms_statuslocalmessageid, fields)):
                local_id, status = _number(row.get("localid")), codes.status(_number(row.get("status")))
                if local_id is not None and status is not None:
                    provider_id = _number(row.get("messageid"))
                    found[local_id] = (str(provider_id) if provider_id else "", status)
        return found

    async def credit(self) -> int:
        for row in _rows(await self._ask(self._api.account_info)):
            credit = _number(row.get("remaincredit"))
            if credit is not None:
                return credit
        raise KavenegarTransportError("account/info names no remaincredit: look in the panel", maybe_sent=False)

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
        return _results([message], entries)[0]

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
            if len(messages) == 1 or failed.failure is not Failure.REFUSED or failed.code in codes.ABOUT_THE_METHOD:
                return [failed] * len(messages)
            # One bad message refuses the batch: halve it until the bad one is alone. The ids make repeating safe.
            middle = len(messages) // 2
            halves = await asyncio.gather(self._send_array(messages[:middle]), self._send_array(messages[middle:]))
            return [result for half in halves for result in half]
        return _results(messages, entries)

    async def _ask(self, method: Callable[..., Awaitable[Any]], *fields: Mapping[str, Any]) -> Any:
        """One call, within the limit of parallel calls; one that is our own mistake is logged as an error."""
        try:
            async with self._slots:
                return await method(*fields)
        except KavenegarError as error:
            if codes.code(error.status).our_bug:
                log.error("kavenegar call is wrong", action=method.__name__, provider=self.name, code=error.status)
            raise


class _Record(Struct, frozen=True, kw_only=True):
    """One entry of an answer to a send, as far as it is readable."""

    provider_id: str
    local_id: int | None
    to: str  # last ten digits, or "" if it was not a whole number
    text: str
    cost: int
    status: Status

    def accepted(self) -> Accepted:
        return Accepted(provider_id=self.provider_id, cost=self.cost, status=self.status)


def _results(messages: Sequence[Outgoing], entries: object) -> list[Result]:
    """A result for each message, in order; one the answer does not name is asked for again, which its id makes safe."""
    found = _assign(messages, list(_records(entries)))
    missing = Failed(failure=Failure.RETRY, reason="Kavenegar confirmed the call but did not name this message")
    return [found[at].accepted() if at in found else missing for at in range(len(messages))]


def _assign(messages: Sequence[Outgoing], records: Iterable[_Record]) -> dict[int, _Record]:
    """Which record belongs to the message at which position: Kavenegar's own sample mixes the order.

    By our id, else by number and text, else (it may tidy a text up) by a number that occurs once. A key that fits more
    messages than records, or fewer, decides nothing.
    """
    left = {record.provider_id: record for record in records}
    if len(messages) == 1 and len(left) == 1 and all(r.local_id is None and not r.to for r in left.values()):
        return dict(enumerate(left.values()))  # the number is masked, but there is nobody else it could be
    found: dict[int, _Record] = {}
    for of_message, of_record, alike in _KEYS:
        offered = _grouped((of_record(record), record) for record in left.values())
        for key, places in _grouped((of_message(m), at) for at, m in enumerate(messages) if at not in found).items():
            fitting = offered.get(key, [])
            if len(fitting) == len(places) and (alike or len(places) == 1):
                found.update(zip(places, fitting, strict=True))
        left = {record.provider_id: record for record in left.values() if record not in found.values()}
    return found


# (key of a message, key of a record, whether several with one key are as good as each other)
_KEYS: tuple[tuple[Callable[[Outgoing], Hashable], Callable[[_Record], Hashable], bool], ...] = (
    (lambda message: message.id, lambda record: record.local_id, False),
    (
        lambda message: (_tail(message.to), message.text),
        lambda record: (record.to, record.text) if record.local_id is None else None,
        True,
    ),
    (lambda message: _tail(message.to), lambda record: record.to if record.local_id is None else None, False),
)


def _grouped(pairs: Iterable[tuple[Hashable, _T]]) -> dict[Hashable, list[_T]]:
    groups: dict[Hashable, list[_T]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups


def _records(entries: object) -> Iterator[_Record]:
    for row in _rows(entries):
        provider_id = _number(row.get("messageid"))
        if provider_id:
            yield _Record(
                provider_id=str(provider_id),
                local_id=_number(row.get("localid")) or None,
                to=_tail(str(row.get("receptor"))),
                text=str(row.get("message")),
                cost=_number(row.get("cost")) or 0,
                # A status nobody documented is no reason to doubt that the message was taken.
                status=codes.status(_number(row.get("status"))) or Status.QUEUED,
            )


def _rows(entries: object) -> list[dict[str, Any]]:
    """``entries`` as a list: Kavenegar gives a list, one object or null, and what is no object says nothing."""
    return [row for row in (entries if isinstance(entries, list) else [entries]) if isinstance(row, dict)]


def _envelope(body: bytes, *, secret: str) -> _Envelope | None:
    """Code, text (without the secret) and entries of an answer, or None if it is not Kavenegar's."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict) or not isinstance(head := answer.get("return"), dict):
        return None
    code, text = _number(head.get("status")), str(head.get("message") or "")
    return None if code is None else (code, text.replace(secret, "***"), answer.get("entries"))


def _form(params: Mapping[str, Any]) -> dict[str, str]:
    """Parameters as form fields; None is left out."""
    return {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, list | tuple) else str(value)
        for name, value in params.items()
        if value is not None
    }


def _number(value: object) -> int | None:
    """An integer that may have come as text."""
    try:
        return int(value) if isinstance(value, int | str) else None
    except ValueError:
        return None


def _tail(phone: str) -> str:
    """The last ten digits, the same in every way of writing a number; "" for what is not a whole number."""
    digits = re.sub(r"\D", "", phone)
    return digits[-10:] if len(digits) >= 10 else ""


def _batches(ids: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (ids[at : at + MAX_STATUSES] for at in range(0, len(ids), MAX_STATUSES))
