"""The messenger of the simulated bots as a page: read what a bot wrote, write to it, press its buttons; and the same as
JSON for programs."""

from html import escape
from typing import Annotated, Any, TypeVar

import msgspec
from aiohttp import web

from notifier.simulator.bots import SimulatedBot, SimulatedBotMessage
from notifier.simulator.keys import SIMULATOR

ROUTES = web.RouteTableDef()
Order = TypeVar("Order")
_SHOWN = 50  # messages of a chat
_PERSON = 55  # the chat of whoever opens the page without naming one

_STYLE = """
body{font:16px/1.8 Vazirmatn,Tahoma,sans-serif;margin:0 auto;padding:1rem;max-width:34rem}
body{background:#eef2f4;color:#17202a}
.m{background:#fff;border-radius:.7rem;padding:.6rem .9rem;margin:.5rem 0;white-space:pre-wrap;overflow-wrap:anywhere}
.me{background:#d6efdc;margin-inline-start:20%}form{display:flex;gap:.5rem;flex-wrap:wrap;margin:.3rem 0}
button,input{font:inherit;padding:.5rem .8rem;border:1px solid #6b7885;border-radius:.5rem}
button,input{background:#fff;color:inherit}
input{flex:1;min-width:0}.said{border-inline-start:.25rem solid #1d6f42;padding-inline-start:.6rem}
@media(prefers-color-scheme:dark){body{background:#12181d;color:#e8edf1}.m,button,input{background:#1f2930}
.me{background:#1d4029}}"""


class BotOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a bot is to be: revoked, blocked by some chats, or there at all."""

    token: str
    revoked: bool = False
    blocked: list[int] = []


class WordsOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody writes to a bot, or presses a button under one of its messages (``data``, or what the button says)."""

    chat: int
    text: Annotated[str, msgspec.Meta(max_length=4096)] = ""
    message_id: int | None = None
    press: str = ""
    token: str = ""
    group: bool = False


@ROUTES.get("/_sim/bots")
async def show(request: web.Request) -> web.Response:
    """Every bot with its chats; ``?token=`` one of them."""
    bots = request.app[SIMULATOR].bots.by_token.values()
    return _json({"bots": [_standing(one) for one in bots if request.query.get("token", one.token) == one.token]})


@ROUTES.post("/_sim/bots")
async def set_bot(request: web.Request) -> web.Response:
    """Add a bot, or have it revoked or blocked."""
    order = await _order(request, BotOrder)
    bot = request.app[SIMULATOR].bots.add(order.token)
    bot.revoked, bot.blocked = order.revoked, set(order.blocked)
    return _json(_standing(bot))


@ROUTES.post("/_sim/bots/words")
async def write(request: web.Request) -> web.Response:
    """Somebody writes, or presses a button; a webhook is posted to at once."""
    order = await _order(request, WordsOrder)
    bot = _bot(request, order.token)
    try:
        update = (
            bot.presses_button(order.chat, order.message_id or 0, _data(bot, order))
            if order.press
            else bot.says(order.chat, order.text, group=order.group)
        )
    except ValueError as wrong:
        raise _refused(str(wrong)) from None
    await bot.deliver()
    return _json({"update": update, "messages": [one for one in bot.messages if one.chat == order.chat]})


@ROUTES.get("/_sim/chat")
async def chat(request: web.Request) -> web.Response:
    """A person's chat with a bot, as a page."""
    bot, person = _bot(request, request.query.get("token", "")), _number(request.query.get("chat", ""))
    messages = [one for one in bot.messages if one.chat == person][-_SHOWN:]
    said = next((one.answer for one in reversed(bot.presses) if one.chat == person and one.answer), "")
    hidden = (
        f'<input type="hidden" name="chat" value="{person}">'
        f'<input type="hidden" name="token" value="{escape(bot.token)}">'
    )
    rows = "".join(_row(one, hidden) for one in messages) or "<p>هنوز چیزی نوشته نشده است.</p>"
    answer = f'<p class="said" role="status">{escape(said)}</p>' if said else ""
    form = (
        f'<form method="post" action="/_sim/chat">{hidden}'
        '<input name="text" maxlength="4096" aria-label="پیام" autofocus><button>فرستادن</button></form>'
    )
    page = (
        '<!doctype html><html lang="fa" dir="rtl"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>پیام‌رسان تمرین</title>'
        f"<style>{_STYLE}</style><main><h1>پیام‌رسان تمرین</h1>{rows}{answer}{form}</main></html>"
    )
    return web.Response(text=page, content_type="text/html")


@ROUTES.post("/_sim/chat")
async def chatted(request: web.Request) -> web.Response:
    """What was written or pressed on the page."""
    form = await request.post()
    bot, person = _bot(request, str(form.get("token", ""))), _number(str(form.get("chat", "")))
    try:
        if "data" in form:
            bot.presses_button(person, _number(str(form.get("message_id", ""))), str(form["data"]))
        elif text := str(form.get("text", "")).strip():
            bot.says(person, text[:4096])
    except ValueError as wrong:
        raise _refused(str(wrong)) from None
    await bot.deliver()
    raise web.HTTPSeeOther(f"/_sim/chat?chat={person}&token={bot.token}")


def _row(message: SimulatedBotMessage, hidden: str) -> str:
    buttons = "".join(
        f'<button name="data" value="{escape(data)}">{escape(text)}</button>'
        for row in message.buttons
        for text, data in row
    )
    under = (
        f'<form method="post" action="/_sim/chat">{hidden}'
        f'<input type="hidden" name="message_id" value="{message.message_id}">{buttons}</form>'
        if buttons
        else ""
    )
    return f'<div class="m{"" if message.by_bot else " me"}">{escape(message.text)}{under}</div>'


def _data(bot: SimulatedBot, order: WordsOrder) -> str:
    for message in bot.messages:
        if message.chat == order.chat and message.message_id == order.message_id:
            named = [data for row in message.buttons for text, data in row if order.press in (text, data)]
            return named[0] if named else order.press
    return order.press


def _bot(request: web.Request, token: str) -> SimulatedBot:
    bots = request.app[SIMULATOR].bots
    found = bots.by_token.get(token) if token else bots.first
    if found is None:
        raise _refused("there is no bot of this `token`; POST /_sim/bots adds it")
    return found


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else _PERSON


def _standing(bot: SimulatedBot) -> dict[str, Any]:
    return {
        "token": bot.token,
        "username": bot.username,
        "revoked": bot.revoked,
        "blocked": sorted(bot.blocked),
        "webhook": bot.webhook,
        "messages": bot.messages,
        "presses": bot.presses,
    }


async def _order(request: web.Request, shape: type[Order]) -> Order:
    try:
        return msgspec.json.decode(await request.read(), type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise _refused(str(wrong)) from None


def _refused(detail: str) -> web.HTTPUnprocessableEntity:
    return web.HTTPUnprocessableEntity(
        text=msgspec.json.encode({"error": detail}).decode(), content_type="application/json"
    )


def _json(body: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), content_type="application/json", charset="utf-8")
