"""Bale's Safir: a message of one's own bot to a phone number, for who has an account at Bale.

Source: https://docs.bale.ai/safir. A message carries our id as its ``request_id``, and Bale sends one that it has seen
no second time; for how long it remembers is not said, so that nothing is repeated for longer than with others. Nobody
tells what became of a message: that it was taken is all there is to know.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from yarl import URL

from notifier.domain.channels import Channel
from notifier.sms.providers import bale_codes as codes
from notifier.sms.providers.base import (
    MAX_BATCH,
    Accepted,
    CreditUntold,
    DeliveryStatus,
    Failed,
    Failure,
    Outgoing,
    Provider,
    Result,
)
from notifier.sms.providers.numbers import international, is_iranian_mobile
from notifier.sms.providers.transport import HttpAnswer, NoAnswer, Transport, TransportError, base_address

BASE_URL = "https://safir.bale.ai/api/v3"

_LONGEST_REASON = 300

log = structlog.get_logger(__name__)


class BaleProvider(Provider):
    """A bot at Bale that writes to phone numbers."""

    kind = "bale"
    channel = Channel.BALE
    repeatable = True

    def __init__(
        self,
        api_key: str,
        *,
        bot_id: int,
        base_url: str = BASE_URL,
        price: int = 0,
        name: str = "bale",
        connect_timeout: float = 5,
        timeout: float = 20,
        parallel: int = 16,
    ) -> None:
        """Times are in seconds; ``price`` is what a message costs, in rial, since no answer says it."""
        key = api_key.strip()
        if not key or not key.isprintable() or not key.isascii():
            raise ValueError(f"The key is empty or has a sign in it that no header takes: check [providers.{name}]")
        if bot_id < 1:
            raise ValueError(f"bot_id is {bot_id}: write the number of the bot into [providers.{name}]")
        self.name, self.price = name, price
        self._key, self._bot_id = key, bot_id
        self._url = URL(f"{base_address(base_url, section=f'providers.{name}')}/send_message", encoded=True)
        self._transport = Transport(connect_timeout=connect_timeout, timeout=timeout)
        self._slots = asyncio.Semaphore(parallel)

    def __repr__(self) -> str:
        return f"{type(self).__name__}('***', bot_id={self._bot_id})"

    async def send(self, messages: Sequence[Outgoing]) -> list[Result]:
        if len(messages) > MAX_BATCH:
            raise ValueError(f"{len(messages)} messages at once: send them in batches of {MAX_BATCH}")
        return list(await asyncio.gather(*map(self._send, messages)))

    async def lookup(self, message: Outgoing) -> Result:
        return Failed(failure=Failure.REFUSED, reason="Bale has no patterns: send the template as text")

    async def statuses(self, provider_ids: Sequence[str]) -> Mapping[str, DeliveryStatus]:
        return {}

    async def statuses_by_local_id(self, ids: Sequence[int]) -> Mapping[int, tuple[str, DeliveryStatus]]:
        return {}

    async def sent_to(self, to: str, *, since: datetime, until: datetime) -> list[tuple[str, DeliveryStatus]]:
        return []

    async def credit(self) -> int:
        raise CreditUntold("Bale tells nobody what is left: look in its panel")

    async def close(self) -> None:
        await self._transport.close()

    async def _send(self, message: Outgoing) -> Result:
        if not is_iranian_mobile(message.to):
            return Failed(failure=Failure.ELSEWHERE, reason="Bale reaches only Iranian mobile numbers")
        body = {
            "request_id": str(message.id),
            "bot_id": self._bot_id,
            "phone_number": international(message.to),
            "message_data": {"message": {"text": message.text.encode(errors="replace").decode()}},
        }
        async with self._slots:
            answer = await self._transport.ask("POST", self._url, headers={"api-access-key": self._key}, json=body)
        if isinstance(answer, NoAnswer):
            text = f"No answer from Bale ({answer.kind}): check the network and base_url"
            return TransportError(text, maybe_sent=answer.maybe_sent).failed()
        return self._result(answer)

    def _result(self, answer: HttpAnswer) -> Result:
        """An error may come under any HTTP status, so that what the body says counts first."""
        document = answer.document()
        fields = document if isinstance(document, dict) else {}
        if (error := _error(fields)) is not None:
            said, words = error
            return self._failed(codes.code(said), words)
        provider_id = fields.get("message_id")
        if 200 <= answer.status < 300 and isinstance(provider_id, str | int) and str(provider_id).strip():
            return Accepted(
                provider_id=str(provider_id), cost=self.price or 0, status=DeliveryStatus.SENT, reported=False
            )
        if (number := codes.WITHOUT_CODE.get(answer.status)) is not None:
            return self._failed(codes.CODES[number], f"HTTP {answer.status}")
        text = f"Bale answered with HTTP {answer.status} and neither an id nor a code"
        return TransportError(text, maybe_sent=True).failed()

    def _failed(self, code: codes.BaleCode, words: str) -> Failed:
        if code.our_bug:
            log.error(
                "our call to the provider is wrong",
                action="provider_call_wrong",
                provider=self.name,
                method="send_message",
                code=code.number,
            )
        return code.failed(words.replace(self._key, "***")[:_LONGEST_REASON])


def _error(fields: Mapping[str, Any]) -> tuple[object, str] | None:
    """Code and words of the first error, from the list, or from the flat shape that some were answered in."""
    found = fields.get("error_data")
    rows = found if isinstance(found, list) else [found]
    for row in [*rows, fields]:
        if isinstance(row, dict) and row.get("code") not in (None, "", 0):
            return row["code"], str(row.get("description") or row.get("message") or "")
    return None
