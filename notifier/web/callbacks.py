"""What Kavenegar tells us: delivery reports and customers' texts. Unsigned, so the path holds a secret."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar

import structlog
from aiohttp import web
from pydantic_core import from_json
from redis.exceptions import RedisError

from notifier.errors import NotFound, StoreAway
from notifier.incoming import forms
from notifier.sms.inbound import Inbox
from notifier.sms.providers import codes
from notifier.sms.receipts import Receipts
from notifier.web import answers
from notifier.web.described import Body, DocumentedAnswer, Parameter, describe

F = TypeVar("F", bound=Callable[..., Any])


class Taken(answers.Facts, frozen=True):
    ok: Literal[True]


_TEXT = {"type": "string"}
_LONGEST, _LONGEST_NAME = 2000, 60  # characters


def _described(summary: str, names: Mapping[str, str], problems: tuple[int, ...]) -> Callable[[F], F]:
    """Fields may stand in the query, in a form or in JSON: nobody has written down which."""
    fields: Mapping[str, Any] = {"type": "object", "properties": dict.fromkeys(names, _TEXT)}
    return describe(
        summary,
        tag="callbacks",
        text="The fields may come in the query, as a form or as JSON. Answered 200 even when they make no sense, for "
        "anything else is sent again and again.",
        parameters=tuple(Parameter(name=name, text=text) for name, text in names.items()),
        bodies=tuple(
            Body(alternatives=(fields,), media=media, required=False)
            for media in ("application/x-www-form-urlencoded", "application/json")
        ),
        answers={200: DocumentedAnswer(text="Taken", models=(Taken,))},
        problems=problems,
    )


log = structlog.get_logger()


class KavenegarCallbacks:
    """Answers 200 quickly, also to what makes no sense to us: anything else is sent again and again.

    ``providers`` are the names of the configured Kavenegar accounts: a report does not say which it is from.
    """

    def __init__(self, tokens: Sequence[str], receipts: Receipts, inbox: Inbox, providers: Sequence[str]) -> None:
        self._tokens, self._receipts, self._inbox, self._providers = tokens, receipts, inbox, providers

    def routes(self) -> list[web.RouteDef]:
        """GET and POST, for nobody has written down which it is."""
        base = "/callbacks/kavenegar/{token}"
        return [
            web.route(method, f"{base}/{name}", handler)
            for name, handler in (("delivery", self.delivery), ("inbound", self.inbound))
            for method in ("GET", "POST")
        ]

    @_described(
        "A delivery report",
        {"messageid": "The provider's id of the text", "status": "Its state, as a number"},
        (404, 408),
    )
    async def delivery(self, request: web.Request) -> web.Response:
        """``messageid`` and ``status``."""
        fields = await self._fields(request)
        message_id, number = fields.get("messageid", ""), fields.get("status", "")
        status = codes.status(int(number)) if number.isascii() and number.isdigit() and len(number) < 9 else None
        if message_id and status is not None:
            try:
                for provider in self._providers:
                    await self._receipts.report(provider, {message_id: status})
            except (RedisError, OSError):  # polling will bring it
                log.warning("report lost", action="report_lost", provider_id=message_id)
        return answers.json(Taken(ok=True))

    @_described(
        "A customer's text",
        {"from": "Who wrote", "to": "Our line", "message": "The text", "messageid": "The provider's id of it"},
        (404, 408, 503),
    )
    async def inbound(self, request: web.Request) -> web.Response:
        """``from``, ``to``, ``message``, ``messageid``; no 200 before it is kept, for nothing else brings it."""
        fields = await self._fields(request)
        if (sender := fields.get("from")) and (message_id := fields.get("messageid")):
            try:
                await self._inbox.receive(message_id, sender, fields.get("message", ""))
            except (RedisError, OSError):
                raise StoreAway("The text could not be kept. Hand it over again.") from None
        return answers.json(Taken(ok=True))

    async def _fields(self, request: web.Request) -> Mapping[str, str]:
        """What was sent, as a query, a form or JSON."""
        given = request.match_info["token"].encode()
        if sum(hmac.compare_digest(given, token.encode()) for token in self._tokens) == 0:
            raise NotFound("There is nothing at this address.")
        fields = dict(request.query)
        if request.method == "POST":
            try:
                if request.content_type == "application/json":
                    document = from_json(await forms.body(request))
                    fields |= document if isinstance(document, dict) else {}
                else:
                    fields |= dict(await forms.fields(request))
            except (ValueError, web.HTTPRequestEntityTooLarge):
                log.warning("callback not understood", action="callback_odd", content_type=request.content_type)
        return {name[:_LONGEST_NAME].lower(): _bounded(value) for name, value in fields.items()}


def _bounded(value: object) -> str:
    """A field as text, of which no more is looked at than a text may have; no structure, and no number without end."""
    if isinstance(value, int) and abs(value) < 10**_LONGEST_NAME:
        return str(value)
    return value[:_LONGEST] if isinstance(value, str) else ""
