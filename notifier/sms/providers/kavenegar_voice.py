"""Kavenegar's ``call/maketts``: a text that is read out to who picks up the phone.

Sources: https://kavenegar.com/rest.html (call/maketts, sms/status). The codes and statuses are those of its texts: 10,
that a message arrived, is taken for a call that was answered, and 11 for one that was not, busy or refused, which no
document says in so many words.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from notifier.domain.channels import Channel
from notifier.sms.providers import answers
from notifier.sms.providers.base import (
    MAX_BATCH,
    MAX_ID,
    MOST_CALLS,
    Accepted,
    DeliveryStatus,
    Failed,
    Failure,
    Outgoing,
    ProviderError,
    Result,
)
from notifier.sms.providers.kavenegar import KavenegarProvider
from notifier.sms.providers.numbers import is_iranian


def call_id(message_id: int, calls: int) -> int:
    """The ``localid`` of a message's call after so many others.

    Under the id of the SMS Kavenegar would answer with that SMS and call nobody; a second call under the id of the
    first would be none.
    """
    digest = sha256(f"call:{message_id}:{calls}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % MAX_ID + 1


class KavenegarVoiceProvider(KavenegarProvider):
    """Calls of an account at Kavenegar. The number that is seen is Kavenegar's: there is no line to choose."""

    kind = "kavenegar_voice"
    channel = Channel.VOICE
    price: int | None = None

    def __init__(self, api_key: str, *, price: int | None = None, **options: Any) -> None:
        """``price`` is what a call is taken to cost, in rial, until an answer says it; ``options`` as of the texts."""
        super().__init__(api_key, **options)
        self.price = price

    async def send(self, messages: Sequence[Outgoing]) -> list[Result]:
        if len(messages) > MAX_BATCH:
            raise ValueError(f"{len(messages)} messages at once: send them in batches of {MAX_BATCH}")
        return list(await asyncio.gather(*map(self._call, messages)))

    async def lookup(self, message: Outgoing) -> Result:
        return Failed(failure=Failure.REFUSED, reason="A call reads out a text, and knows no patterns")

    async def statuses_by_local_id(self, ids: Sequence[int]) -> Mapping[int, tuple[str, DeliveryStatus]]:
        """The last call for each message that Kavenegar knows of."""
        whose = {call_id(message_id, calls): message_id for calls in range(MOST_CALLS) for message_id in ids}
        found: dict[int, tuple[str, DeliveryStatus]] = {}
        for local_id, known in sorted(
            (await super().statuses_by_local_id(list(whose))).items(), key=lambda row: list(whose).index(row[0])
        ):
            if known[1] is not DeliveryStatus.UNKNOWN_ID or whose[local_id] not in found:
                found[whose[local_id]] = known
        return found

    async def sent_to(self, to: str, *, since: datetime, until: datetime) -> list[tuple[str, DeliveryStatus]]:
        return []

    async def _call(self, message: Outgoing) -> Result:
        if not is_iranian(message.to):
            return Failed(failure=Failure.ELSEWHERE, reason="Calls reach only numbers in Iran")
        fields = {"receptor": message.to, "message": message.text, "localid": call_id(message.id, message.calls)}
        try:
            entries = await self._ask(self._api.call_maketts, fields)
        except ProviderError as error:
            return error.failed()
        record = next(answers.records(entries), None)  # one number was asked for, so the only record is its
        if record is None:
            reason = "Kavenegar confirmed the call but named none"
            return Failed(failure=Failure.RETRY, reason=reason, maybe_sent=True)
        return Accepted(provider_id=record.provider_id, cost=record.cost or self.price or 0, status=record.status)
