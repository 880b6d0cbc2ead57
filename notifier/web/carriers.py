"""What carriers tell us: a parcel's news, posted to an address that holds a secret, since nobody signs it."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from aiohttp import web
from pydantic_core import from_json
from redis.exceptions import RedisError

from notifier.errors import NotFound, StoreAway
from notifier.incoming import forms, heads
from notifier.intake.carriers.adapter import CarrierAdapter, CarrierOdd
from notifier.intake.carriers.following import ParcelFollower
from notifier.intake.carriers.refusals import CarrierRefusals
from notifier.web import answers
from notifier.web.callbacks import Taken
from notifier.web.described import Body, DocumentedAnswer, Parameter, describe

log = structlog.get_logger()

_ANY: Mapping[str, Any] = {"type": "object", "properties": {"status": {"type": "string"}, "date": {"type": "string"}}}
_MOST_FIELDS, _LONGEST = 60, 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierCallbacks:
    """Answers 200 quickly, also to what makes no sense: that is kept.

    A carrier that can be asked is asked: what comes here could be from anybody who has seen the address.
    """

    follower: ParcelFollower
    refusals: CarrierRefusals
    tokens: Mapping[str, Sequence[str]]

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/callbacks/carriers/{carrier}/{token}", self.news)]

    @describe(
        "News of a parcel",
        tag="callbacks",
        text="Of carriers of `kind` chapar and http that have a `callback_token`. The fields come as a form or as JSON;"
        " `?code=` says of which parcel where the carrier does not. Answered 200 even when they make no sense, which is"
        " kept and shown.",
        parameters=(Parameter(name="code", text="The parcel's tracking code"),),
        bodies=tuple(
            Body(alternatives=(_ANY,), media=media, required=False)
            for media in ("application/json", "application/x-www-form-urlencoded")
        ),
        answers={200: DocumentedAnswer(text="Taken", models=(Taken,))},
        problems=(404, 408, 413, 503),
    )
    async def news(self, request: web.Request) -> web.Response:
        """Take it, or keep it."""
        heads.check(request)
        carrier = self._proved(request)
        try:
            reports = carrier.called(await self._fields(request))
        except CarrierOdd as trouble:
            self.refusals.odd(carrier, trouble)
            log.warning("callback not understood", action="callback_odd", source=carrier.source)
            return answers.json(Taken(ok=True))
        try:
            if not carrier.can_ask:
                _, strange = await self.follower.take(carrier, reports)
                self.refusals.unknown(carrier, strange)
            else:
                for code in dict.fromkeys(one.code for one in reports):
                    await self.follower.ask_soon(carrier, code)
        except (RedisError, OSError):
            raise StoreAway("The news could not be kept. Hand it over again.") from None
        return answers.json(Taken(ok=True))

    def _proved(self, request: web.Request) -> CarrierAdapter:
        given, name = request.match_info["token"].encode(), request.match_info["carrier"]
        matches = sum(hmac.compare_digest(given, token.encode()) for token in self.tokens.get(name, ()))
        carrier = self.follower.carriers.get(name)
        if not matches or carrier is None or not carrier.takes_calls:
            raise NotFound("There is nothing at this address.")
        return carrier

    async def _fields(self, request: web.Request) -> Mapping[str, Any]:
        """What was sent. Raises CarrierOdd for what is no object."""
        fields: dict[str, Any] = {}
        try:
            if request.content_type == "application/json":
                document = from_json(await forms.body(request))
                if not isinstance(document, dict):
                    raise CarrierOdd("the callback is no object")
                fields = document
            else:
                fields = dict(await forms.fields(request))
        except ValueError:
            raise CarrierOdd("the callback is neither JSON nor a form") from None
        return dict(list(fields.items())[:_MOST_FIELDS]) | {
            name: value[:_LONGEST] for name, value in request.query.items()
        }
