"""What Kavenegar tells the account unasked: delivery reports and customers' messages, tried again until heard."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import aiohttp

from notifier.clock import Clock
from notifier.simulator.codes import FINAL
from notifier.simulator.records import SimulatedInbound

RETRY_EVERY = timedelta(minutes=2)
RETRIES = 30
_AT_ONCE = 20

Verb = Literal["GET", "POST"]
CallbackKind = Literal["delivery", "inbound"]


@dataclass(slots=True)
class _Errand:
    params: dict[str, str]
    due_at: datetime
    retries: int = 0


class Callbacks:
    """The reports under way. A newer status takes the place of an older one that was not heard yet."""

    def __init__(
        self, *, clock: Clock, status_of: Callable[[int], int], on_inbound_heard: Callable[[int], None]
    ) -> None:
        self._clock = clock
        self._status_of = status_of
        self._on_inbound_heard = on_inbound_heard
        self._told: dict[int, int] = {}
        self._errands: dict[tuple[CallbackKind, int], _Errand] = {}
        self._one_at_a_time = asyncio.Lock()

    def watch(self, messageid: int, told: int) -> None:
        """Report this message from the next status after ``told``, which the client knows already."""
        self._told.setdefault(messageid, told)

    def announce(self, message: SimulatedInbound) -> None:
        params = {
            "from": message.sender,
            "to": message.receptor,
            "message": message.text,
            "messageid": str(message.messageid),
        }
        self._errands["inbound", message.messageid] = _Errand(params, self._clock.now())

    async def deliver(self, *, delivery_url: str | None, inbound_url: str | None, verb: Verb) -> int:
        """Make every call that is due and return how many were answered with 200."""
        urls: dict[CallbackKind, str | None] = {"delivery": delivery_url, "inbound": inbound_url}
        async with self._one_at_a_time:
            if delivery_url is not None:
                self._collect()
            now = self._clock.now()
            due = [
                (key, errand, url)
                for key, errand in self._errands.items()
                if errand.due_at <= now and (url := urls[key[0]]) is not None
            ]
            if not due:
                return 0
            async with aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_AT_ONCE),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=10),
            ) as session:
                heard = await asyncio.gather(*(_call(session, verb, url, errand.params) for _, errand, url in due))
            for (key, errand, _), ok in zip(due, heard, strict=True):
                self._close(key, errand, ok)
            return sum(heard)

    def _collect(self) -> None:
        now = self._clock.now()
        for messageid, told in list(self._told.items()):
            status = self._status_of(messageid)
            if status != told:
                params = {"messageid": str(messageid), "status": str(int(status))}
                self._errands["delivery", messageid] = _Errand(params, now)
                self._told[messageid] = status
            if status in FINAL:
                del self._told[messageid]

    def _close(self, key: tuple[CallbackKind, int], errand: _Errand, ok: bool) -> None:
        kind, messageid = key
        if ok and kind == "inbound":
            self._on_inbound_heard(messageid)
        if ok or errand.retries == RETRIES:
            del self._errands[key]
        else:
            errand.retries += 1
            errand.due_at = self._clock.now() + RETRY_EVERY


async def _call(session: aiohttp.ClientSession, verb: Verb, url: str, params: dict[str, str]) -> bool:
    where = {"params": params} if verb == "GET" else {"data": params}
    try:
        async with session.request(verb, url, allow_redirects=False, **where) as answer:  # type: ignore[arg-type]
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False
