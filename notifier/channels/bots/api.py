"""The API of a bot over HTTP. Its token stands in every address, so that no address and no exception leaves here."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
from yarl import URL

from notifier.channels.bots import answer
from notifier.channels.bots.answer import BotAnswer
from notifier.domain.channels import StaffChannel

LONGEST = 4096
"""Characters of a message."""

TOKEN = re.compile(r"[A-Za-z0-9:_-]{8,200}")
"""What a token may look like: it stands in the path of an address."""

_TIMEOUT, _CONNECT = 15.0, 5.0  # seconds
_LARGEST = 4 * 2**20  # bytes of an answer: a hundred updates are less
_NEVER_LEFT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
_MARKUP = re.compile(r"(?<!\S)([*_])|([*_])(?!\S)")

Keyboard = Sequence[Sequence[tuple[str, str]]]
"""Rows of buttons: what each says, and the data that comes back when it is pressed."""


class BotApi:
    """A bot of ours. Redirects are not followed; nothing is repeated here."""

    def __init__(self, kind: StaffChannel, token: str, *, url: str) -> None:
        """Raises ValueError for a token that no address takes."""
        if not TOKEN.fullmatch(token):
            raise ValueError(
                f"The token is none: copy it once more, as 123456:ABC…, into [staff.channels.{kind}] token"
            )
        self.kind, self._token, self._base = kind, token, url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"<BotApi {self.kind}>"

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def me(self) -> BotAnswer:
        """Who the bot is."""
        return await self._ask("getMe", {})

    async def send(self, chat: int, text: str, keyboard: Keyboard = ()) -> BotAnswer:
        return await self._ask("sendMessage", {"chat_id": chat, "text": self._said(text)} | _markup(keyboard))

    async def edit(self, chat: int, message: int, text: str, keyboard: Keyboard = ()) -> BotAnswer:
        """Have a message say something else; without a keyboard its buttons go."""
        fields = {"chat_id": chat, "message_id": message, "text": self._said(text)}
        return await self._ask("editMessageText", fields | _markup(keyboard))

    async def answer_press(self, press: str, text: str) -> BotAnswer:
        """Say to who pressed a button what came of it."""
        return await self._ask("answerCallbackQuery", {"callback_query_id": press, "text": text[:200]})

    async def updates(self, offset: int, *, wait: int) -> BotAnswer:
        """What happened from ``offset`` on; the server waits for so many seconds until something does."""
        fields = {"offset": offset, "limit": 100, "timeout": wait, "allowed_updates": ["message", "callback_query"]}
        return await self._ask("getUpdates", fields, limit=wait + _TIMEOUT)

    async def set_webhook(self, url: str, secret: str) -> BotAnswer:
        """Have what happens posted to an address; ``secret`` comes with it as a header, where the messenger can."""
        fields: dict[str, Any] = {"url": url}
        if self.kind is StaffChannel.TELEGRAM:
            fields |= {"secret_token": secret, "allowed_updates": ["message", "callback_query"]}
        return await self._ask("setWebhook", fields)

    async def delete_webhook(self) -> BotAnswer:
        return await self._ask("deleteWebhook", {})

    def _said(self, text: str) -> str:
        """A text as the messenger shows it as it is: Bale reads every text as Markdown."""
        text = text.encode(errors="replace").decode()
        if self.kind is StaffChannel.BALE:
            text = _MARKUP.sub(lambda found: f"\u2060{found[0]}\u2060", text).replace("](", "]\u2060(")
        return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"

    async def _ask(self, method: str, fields: Mapping[str, Any], *, limit: float = _TIMEOUT) -> BotAnswer:
        """One call. A failure is returned: raised here, it would hold the address."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # On a kept connection that the server has just closed a request fails without a word whether it was
                # read; a doubt delays a reminder, and a handshake does not.
                connector=aiohttp.TCPConnector(force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "order-notifier"},
                trust_env=False,
            )
        url = URL(f"{self._base}/bot{self._token}/{method}", encoded=True)
        limits = aiohttp.ClientTimeout(total=limit, connect=_CONNECT)
        try:
            async with self._session.post(url, json=fields, timeout=limits, allow_redirects=False) as response:
                return answer.read(response.status, _document(await _body(response)))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            left = not isinstance(error, _NEVER_LEFT)
            return BotAnswer(error=type(error).__name__, maybe_done=left)


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """What came, as far as an answer of a bot's API may go."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _LARGEST:
            return b""
    return bytes(body)


def _markup(keyboard: Keyboard) -> dict[str, Any]:
    if not keyboard:
        return {}
    rows = [[{"text": text, "callback_data": data} for text, data in row] for row in keyboard]
    return {"reply_markup": {"inline_keyboard": rows}}


def _document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
