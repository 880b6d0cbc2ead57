"""Bale's Safir beside it: messages of a bot to phone numbers, refused as Bale refuses them (docs.bale.ai/safir)."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from notifier.clock import Clock

METHOD = "bale/send_message"
"""By which a fault names it."""

NAMES = {
    2: "InternalServerError",
    3: "RateLimitExceeded",
    4: "InvalidInput",
    8: "InvalidPhone",
    17: "NotBaleUser",
    20: "PaymentRequired",
    21: "MaximumContactLimitReached",
}
_HTTP = {2: 500, 3: 429, 20: 402}
_PHONE = re.compile(r"\+?98([0-9]{10})")
_LONGEST = 4096  # that of Bale's bots; Safir's own is not documented


class SimulatedBaleMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that Bale took. What became of it Bale tells nobody."""

    message_id: str
    request_id: str | None
    bot_id: int
    receptor: str
    """In the local ``09…`` form."""
    text: str
    sent_at: datetime


class SimulatedBale:
    """A bot's account in memory. ``absent`` are the numbers (``09…``) without an account at Bale; ``credit`` is how
    many messages may still be sent, ``contacts`` to how many people; None: any number."""

    def __init__(self, *, clock: Clock, api_key: str) -> None:
        self.api_key = api_key
        self.absent: set[str] = set()
        self.credit: int | None = None
        self.contacts: int | None = None
        self.messages: list[SimulatedBaleMessage] = []
        self._clock = clock
        self._by_request: dict[str, SimulatedBaleMessage] = {}

    def send(self, key: str | None, fields: Any) -> tuple[int, dict[str, Any]]:
        """HTTP status and body of the answer to a call."""
        if key != self.api_key:
            return 401, {"message": "invalid api-access-key"}
        phone = str(fields.get("phone_number", "")) if isinstance(fields, dict) else ""
        text = _text(fields) if isinstance(fields, dict) else None
        bot = fields.get("bot_id") if isinstance(fields, dict) else None
        request_id = fields.get("request_id") if isinstance(fields, dict) else None
        if text is None or not isinstance(bot, int) or not isinstance(request_id, str | None):
            return refusal(4, phone)
        if (known := self._by_request.get(request_id or "")) is not None:
            return _taken(known)
        if (match := _PHONE.fullmatch(phone)) is None:
            return refusal(8, phone)
        receptor = f"0{match[1]}"
        if (code := self._refused(receptor)) is not None:
            return refusal(code, phone)
        return _taken(self._take(receptor, text, bot, request_id))

    def _refused(self, receptor: str) -> int | None:
        if receptor in self.absent:
            return 17
        if self.credit is not None and self.credit < 1:
            return 20
        people = {message.receptor for message in self.messages}
        return 21 if self.contacts is not None and receptor not in people and len(people) >= self.contacts else None

    def _take(self, receptor: str, text: str, bot: int, request_id: str | None) -> SimulatedBaleMessage:
        message = SimulatedBaleMessage(
            message_id=str(UUID(int=len(self.messages) + 1)),
            request_id=request_id,
            bot_id=bot,
            receptor=receptor,
            text=text,
            sent_at=self._clock.now(),
        )
        self.messages.append(message)
        if request_id:
            self._by_request[request_id] = message
        if self.credit is not None:
            self.credit -= 1
        return message


def refusal(code: int, phone: str = "", *, mirrored: bool = True) -> tuple[int, dict[str, Any]]:
    """HTTP status and body of a refusal; Bale says some under HTTP 200 as well."""
    row = {"phone_number": phone, "code": code, "description": NAMES.get(code, "Unknown")}
    return _HTTP.get(code, 400) if mirrored else 200, {"message_id": "", "error_data": [row]}


def _taken(message: SimulatedBaleMessage) -> tuple[int, dict[str, Any]]:
    return 200, {"message_id": message.message_id, "error_data": None}


def _text(fields: Mapping[str, Any]) -> str | None:
    data = fields.get("message_data")
    inner = data.get("message") if isinstance(data, dict) else None
    text = inner.get("text") if isinstance(inner, dict) else None
    return text if isinstance(text, str) and 0 < len(text) <= _LONGEST else None
