"""What messengers tell bots of ours by webhook. The path holds a secret; Telegram sends it in a header as well."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

import structlog
from aiohttp import web
from pydantic_core import from_json
from redis.exceptions import RedisError

from notifier.errors import NotFound, NotifierError, StoreAway
from notifier.incoming import forms
from notifier.web import answers
from notifier.web.described import Body, DocumentedAnswer, describe

log = structlog.get_logger()

_HEADER = "X-Telegram-Bot-Api-Secret-Token"


class UpdateTaken(answers.Facts, frozen=True):
    ok: Literal[True]


class BotCallbacks:
    """``bots`` are the secret and the handler of each bot that is told by webhook."""

    def __init__(self, bots: Mapping[str, tuple[str, Callable[[Any], Awaitable[None]]]]) -> None:
        self._bots = bots

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/callbacks/bot/{kind}/{token}", self.update), web.post("/callbacks/bot/{kind}", self.update)]

    @describe(
        "What a messenger tells a bot",
        tag="callbacks",
        text="The secret of `[staff.channels.KIND] callback_token` stands in the path, or in the header that Telegram "
        "has for it. Answered 200 to what makes no sense too, for anything else is sent again and again.",
        bodies=(Body(alternatives=({"type": "object"},), media="application/json"),),
        answers={200: DocumentedAnswer(text="Taken", models=(UpdateTaken,))},
        problems=(404, 408, 503),
    )
    async def update(self, request: web.Request) -> web.Response:
        """One update; 503 when it could not be kept, so that it is told again."""
        secret, handle = self._bots.get(request.match_info["kind"], ("", _nothing))
        given = request.match_info.get("token", request.headers.get(_HEADER, ""))
        if not hmac.compare_digest(given.encode(errors="replace"), secret.encode()) or not secret:
            raise NotFound("There is nothing at this address.")
        try:
            update = from_json(await forms.body(request))
        except (ValueError, web.HTTPRequestEntityTooLarge):
            log.warning("callback not understood", action="callback_odd", content_type=request.content_type)
            return answers.json(UpdateTaken(ok=True))
        try:
            await handle(update)
        except (RedisError, OSError, NotifierError):
            raise StoreAway("The update could not be kept. Hand it over again.") from None
        except Exception as error:  # told again it would fail again, and keep back all that follows
            log.error("an update is left", action="bot_update_failed", error=type(error).__name__)
        return answers.json(UpdateTaken(ok=True))


async def _nothing(update: Any) -> None:
    """Where there is no such bot."""
