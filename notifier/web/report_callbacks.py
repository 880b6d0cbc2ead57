"""What described providers post of the messages they took. Unsigned, so the path holds a secret."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import structlog
from aiohttp import web
from pydantic_core import from_json
from redis.exceptions import RedisError

from notifier.errors import NotFound
from notifier.incoming import forms
from notifier.sms.providers.base import DeliveryStatus
from notifier.sms.receipts import Receipts
from notifier.web import answers
from notifier.web.described import Body, DocumentedAnswer, describe

ReadReports = Callable[[Any], Mapping[str, DeliveryStatus]]
"""What a posted document says, by the provider's ids."""

log = structlog.get_logger()


class ReportTaken(answers.Facts, frozen=True):
    ok: Literal[True]


class ReportCallbacks:
    """Answers 200 quickly, also to what makes no sense to us: anything else is sent again and again."""

    def __init__(self, tokens: Sequence[str], receipts: Receipts, providers: Mapping[str, ReadReports]) -> None:
        self._tokens, self._receipts, self._providers = tokens, receipts, providers

    def routes(self) -> list[web.RouteDef]:
        path = "/callbacks/{provider}/{token}/delivery"
        return [web.route(method, path, self.delivery) for method in ("GET", "POST")]

    @describe(
        "A delivery report of a described provider",
        tag="callbacks",
        text="Read as `callback` in the provider's section says, from JSON, a form or the query. Answered 200 "
        "even when it makes no sense, for anything else is sent again and again.",
        bodies=tuple(
            Body(alternatives=({"type": "object"},), media=media, required=False)
            for media in ("application/json", "application/x-www-form-urlencoded")
        ),
        answers={200: DocumentedAnswer(text="Taken", models=(ReportTaken,))},
        problems=(404, 408),
    )
    async def delivery(self, request: web.Request) -> web.Response:
        """A report, or several."""
        given = request.match_info["token"].encode()
        known = sum(hmac.compare_digest(given, token.encode()) for token in self._tokens) > 0
        name = request.match_info["provider"]
        if not known or (read := self._providers.get(name)) is None:
            raise NotFound("There is nothing at this address.")
        statuses = read(await _document(request))
        if statuses:
            try:
                await self._receipts.report(name, statuses)
            except (RedisError, OSError):  # asking will bring it, where that is described too
                log.warning("report lost", action="report_lost", provider_id=next(iter(statuses)))
        return answers.json(ReportTaken(ok=True))


async def _document(request: web.Request) -> Any:
    """The JSON that was sent; else the fields of query and form together."""
    fields: dict[str, Any] = dict(request.query)
    if request.method == "POST":
        try:
            if request.content_type == "application/json":
                document = from_json(await forms.body(request))
                return fields | document if isinstance(document, dict) else document
            fields |= dict(await forms.fields(request))
        except (ValueError, web.HTTPRequestEntityTooLarge):
            log.warning("callback not understood", action="callback_odd", content_type=request.content_type)
    return fields
