"""What a messenger tells of a bot, made out of JSON that anybody may have written. Pure."""

import re
from dataclasses import dataclass
from typing import Any, TypeGuard

from notifier.domain import persian

_LARGEST_ID = 2**53  # chats of Telegram have up to 52 bits
_TEXT, _DATA, _ID = 4096, 64, 64  # characters
_CODE = re.compile(r"(?:/start(?:@\w+)?\s+)?(\d{8})")


@dataclass(frozen=True, slots=True, kw_only=True)
class BotWords:
    """A person wrote to the bot, in a chat of the two of them."""

    chat: int
    text: str

    @property
    def code(self) -> str | None:
        """The code in it, however its digits are written."""
        plain = persian.ascii_digits(self.text).strip()
        plain = re.sub(r"(?<=\d)[\s\u200c\u200e\u200f-]+(?=\d)", "", plain)
        found = _CODE.fullmatch(plain)
        return found[1] if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class BotPress:
    """A person pressed a button; ``text`` is what the message said over it."""

    id: str
    chat: int
    message: int
    data: str
    text: str


def offset_after(update: Any) -> int | None:
    """By what the next updates are asked for once this one is done with; None for what is no update."""
    number = update.get("update_id") if isinstance(update, dict) else None
    return number + 1 if _is_id(number) else None


def read(update: Any) -> BotWords | BotPress | None:
    """What an update says; None for all that is not ours to act on, such as anything in a group."""
    fields = update if isinstance(update, dict) else {}
    if isinstance(press := fields.get("callback_query"), dict):
        return _press(press)
    message = fields.get("message")
    if not isinstance(message, dict) or (chat := _private(message, message.get("from"))) is None:
        return None
    text = message.get("text")
    return BotWords(chat=chat, text=text[:_TEXT]) if isinstance(text, str) else None


def _press(press: dict[str, Any]) -> BotPress | None:
    message, key, data = press.get("message"), press.get("id"), press.get("data")
    if not isinstance(message, dict) or (chat := _private(message, press.get("from"))) is None:
        return None
    number, text = message.get("message_id"), message.get("text")
    if isinstance(key, int) and not isinstance(key, bool):
        key = str(key)
    if not isinstance(key, str) or not 0 < len(key) <= _ID or not isinstance(data, str) or len(data) > _DATA:
        return None
    if not _is_id(number):
        return None
    return BotPress(id=key, chat=chat, message=number, data=data, text=text[:_TEXT] if isinstance(text, str) else "")


def _private(message: dict[str, Any], sender: Any) -> int | None:
    """The chat, where it is one of a person with the bot and that person is who acts."""
    chat = message.get("chat")
    if not isinstance(chat, dict) or not isinstance(sender, dict) or sender.get("is_bot") is True:
        return None
    number = chat.get("id")
    if chat.get("type") != "private" or not _is_id(number) or sender.get("id") != number:
        return None
    return number


def _is_id(number: Any) -> TypeGuard[int]:
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number < _LARGEST_ID
