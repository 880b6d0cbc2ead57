"""Bots of a messenger with the API of Telegram, as Bale has it: chats, buttons, updates by asking or by webhook."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import aiohttp
import msgspec

from notifier.clock import Clock

PREFIX = "bot/"
"""Before the name of a method, by which a fault names it: ``bot/sendMessage``."""

TOKEN = "1000:simulator"
"""The bot that is there from the beginning."""

_LONGEST = 4096
_KEPT = 2000  # updates, as Bale keeps


class SimulatedBotMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in a chat. ``buttons`` are rows of what a button says and the data it brings."""

    message_id: int
    chat: int
    text: str
    by_bot: bool
    at: datetime
    buttons: list[list[tuple[str, str]]] = []


class SimulatedPress(msgspec.Struct, frozen=True, kw_only=True):
    """What the bot said to who pressed a button; None while it said nothing."""

    id: str
    chat: int
    data: str
    answer: str | None = None


class SimulatedBot:
    """One bot in memory. ``blocked`` are the chats that blocked it; one that is ``revoked`` answers 401."""

    def __init__(self, token: str, clock: Clock, on_message: Callable[[SimulatedBotMessage], None] | None) -> None:
        self.token, self.revoked = token, False
        self.blocked: set[int] = set()
        self.people: set[int] = set()
        self.messages: list[SimulatedBotMessage] = []
        self.presses: list[SimulatedPress] = []
        self.updates: list[dict[str, Any]] = []
        self.webhook, self.secret = "", ""
        self.arrived = asyncio.Event()
        self._clock, self._on_message, self._last = clock, on_message, 0

    @property
    def username(self) -> str:
        return f"bot{self.token.partition(':')[0]}_bot"

    def says(self, chat: int, text: str, *, group: bool = False, sender: int | None = None) -> dict[str, Any]:
        """Somebody writes to the bot; returns the update."""
        if not group:
            self.people.add(chat)
            self.blocked.discard(chat)
        message = self._keep(chat, text, by_bot=False, buttons=[])
        where = {"id": chat, "type": "group" if group else "private"}
        who = {"id": sender if sender is not None else chat, "is_bot": False, "first_name": "کاربر"}
        body = {"message_id": message.message_id, "from": who, "chat": where, "date": int(message.at.timestamp())}
        return self._tell({"message": body | {"text": text}})

    def presses_button(self, chat: int, message_id: int, data: str, *, sender: int | None = None) -> dict[str, Any]:
        """Somebody presses a button under a message; returns the update. Raises ValueError where there is none."""
        message = next((one for one in self.messages if one.chat == chat and one.message_id == message_id), None)
        if message is None or data not in [one for row in message.buttons for _, one in row]:
            raise ValueError("there is no such button under this message")
        press = SimulatedPress(id=str(4_000_000_000 + len(self.presses)), chat=chat, data=data)
        self.presses.append(press)
        told = {
            "message_id": message_id,
            "chat": {"id": chat, "type": "private"},
            "date": int(message.at.timestamp()),
            "text": message.text,
        }
        who = {"id": sender if sender is not None else chat, "is_bot": False, "first_name": "کاربر"}
        return self._tell({"callback_query": {"id": press.id, "from": who, "message": told, "data": data}})

    async def carry_out(self, method: str, fields: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """HTTP status and body of the answer to a call."""
        if self.revoked:
            return refusal(401)
        match method:
            case "getMe":
                number = int(self.token.partition(":")[0]) if self.token.partition(":")[0].isdecimal() else 1
                return _done({"id": number, "is_bot": True, "first_name": "بازوی تمرین", "username": self.username})
            case "sendMessage":
                return self._send(fields)
            case "editMessageText":
                return self._edit(fields)
            case "answerCallbackQuery":
                return self._answer(fields)
            case "getUpdates":
                return await self._updates(fields)
            case "setWebhook":
                self.webhook, self.secret = str(fields.get("url", "")), str(fields.get("secret_token", ""))
                return _done(True)
            case "deleteWebhook":
                self.webhook = self.secret = ""
                return _done(True)
            case "getWebhookInfo":
                return _done({"url": self.webhook, "pending_update_count": len(self.updates)})
        return refusal(404)

    async def deliver(self) -> int:
        """Post what happened to the webhook; how many were answered 200. What is not stays and comes again."""
        if not self.webhook:
            return 0
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.secret} if self.secret else {}
        count = 0
        async with aiohttp.ClientSession() as session:
            while self.updates:
                try:
                    async with session.post(self.webhook, json=self.updates[0], headers=headers) as response:
                        if response.status != 200:
                            return count
                except aiohttp.ClientError:
                    return count
                del self.updates[0]
                count += 1
        return count

    def _send(self, fields: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        chat, text = fields.get("chat_id"), fields.get("text")
        if not isinstance(text, str) or not 0 < len(text) <= _LONGEST:
            return refusal(400, "Bad Request: message text is empty or too long")
        if not isinstance(chat, int) or chat not in self.people:
            return refusal(400, "Bad Request: chat not found")
        if chat in self.blocked:
            return refusal(403)
        message = self._keep(chat, text, by_bot=True, buttons=_buttons(fields))
        return _done(_shown(message))

    def _edit(self, fields: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        for place, one in enumerate(self.messages):
            if one.by_bot and (one.chat, one.message_id) == (fields.get("chat_id"), fields.get("message_id")):
                text, buttons = str(fields.get("text", "")), _buttons(fields)
                if (text, buttons) == (one.text, one.buttons):
                    return refusal(400, "Bad Request: message is not modified")
                self.messages[place] = msgspec.structs.replace(one, text=text, buttons=buttons)
                return _done(_shown(self.messages[place]))
        return refusal(400, "Bad Request: message to edit not found")

    def _answer(self, fields: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        for place, one in enumerate(self.presses):
            if one.id == fields.get("callback_query_id"):
                self.presses[place] = msgspec.structs.replace(one, answer=str(fields.get("text", "")))
                return _done(True)
        return refusal(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")

    async def _updates(self, fields: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        if self.webhook:
            return refusal(409, "Conflict: can't use getUpdates method while webhook is active")
        offset, wait = fields.get("offset", 0), fields.get("timeout", 0)
        if not isinstance(offset, int) or not isinstance(wait, int | float):
            return refusal(400)
        self.updates = [one for one in self.updates if one["update_id"] >= offset]
        if not self.updates and wait > 0:
            self.arrived.clear()
            try:
                async with asyncio.timeout(min(wait, 50)):
                    await self.arrived.wait()
            except TimeoutError:
                pass
        return _done(self.updates[:100])

    def _keep(self, chat: int, text: str, *, by_bot: bool, buttons: list[list[tuple[str, str]]]) -> SimulatedBotMessage:
        message = SimulatedBotMessage(
            message_id=len(self.messages) + 1,
            chat=chat,
            text=text,
            by_bot=by_bot,
            at=self._clock.now(),
            buttons=buttons,
        )
        self.messages.append(message)
        if self._on_message is not None and by_bot:
            self._on_message(message)
        return message

    def _tell(self, what: dict[str, Any]) -> dict[str, Any]:
        self._last += 1
        update = {"update_id": self._last, **what}
        self.updates = [*self.updates, update][-_KEPT:]
        self.arrived.set()
        return update


class SimulatedBots:
    """Every bot by its token; a token that nobody was given is answered 401."""

    def __init__(self, clock: Clock, on_message: Callable[[SimulatedBotMessage], None] | None = None) -> None:
        self._clock, self._on_message = clock, on_message
        self.by_token: dict[str, SimulatedBot] = {}
        self.add(TOKEN)

    def add(self, token: str) -> SimulatedBot:
        """A further bot."""
        return self.by_token.setdefault(token, SimulatedBot(token, self._clock, self._on_message))

    @property
    def first(self) -> SimulatedBot:
        return next(iter(self.by_token.values()))


_WORDS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: "Conflict",
    429: "Too Many Requests",
    500: "Internal Server Error",
}


def refusal(code: int, words: str = "", *, retry_after: int = 0) -> tuple[int, dict[str, Any]]:
    """HTTP status and body of a refusal."""
    body: dict[str, Any] = {"ok": False, "error_code": code, "description": words or _WORDS.get(code, "Error")}
    return code, body | ({"parameters": {"retry_after": retry_after}} if retry_after else {})


def _done(result: Any) -> tuple[int, dict[str, Any]]:
    return 200, {"ok": True, "result": result}


def _shown(message: SimulatedBotMessage) -> dict[str, Any]:
    chat = {"id": message.chat, "type": "private"}
    return {"message_id": message.message_id, "chat": chat, "date": int(message.at.timestamp()), "text": message.text}


def _buttons(fields: Mapping[str, Any]) -> list[list[tuple[str, str]]]:
    markup = fields.get("reply_markup")
    rows = markup.get("inline_keyboard") if isinstance(markup, dict) else None
    return [
        [(str(one.get("text", "")), str(one.get("callback_data", ""))) for one in row if isinstance(one, dict)]
        for row in rows or []
        if isinstance(row, list)
    ]
