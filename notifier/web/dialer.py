"""What the shop's telephone exchange tells us, at an address that holds a secret, since nobody signs it."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog
from aiohttp import web
from pydantic_core import from_json
from redis.exceptions import RedisError

from notifier.dialer.adapter import DialerOdd
from notifier.dialer.taking import DialerNews
from notifier.domain.dialing import UnknownDial
from notifier.errors import NotFound, StoreAway, Unprocessable
from notifier.incoming import forms, heads
from notifier.intake.dead_letters import DeadLetter
from notifier.intake.rejections import Handled, Rejection, RejectionRecorder
from notifier.web import answers
from notifier.web.callbacks import Taken
from notifier.web.described import Body, DocumentedAnswer, describe

log = structlog.get_logger()

SOURCE = "dialer"
"""What refusals of the exchange's news are kept under."""

_ANY: Mapping[str, Any] = {"type": "object", "properties": {"event": {"type": "string"}}}
_LARGEST = 16 * 1024  # bytes of one event
_MOST, _LONGEST = 60, 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class DialerCallbacks:
    """Answers 200 quickly, also to what makes no sense or is of no call of ours: that is kept."""

    news: DialerNews | None
    tokens: Callable[[], Sequence[str]]
    recorder: RejectionRecorder

    def routes(self) -> list[web.RouteDef]:
        base = "/callbacks/dialer/{token}"
        return [web.post(base, self.told), web.post(f"{base}/{{event}}", self.told_by_path)]

    @describe(
        "News of a telephone call",
        tag="callbacks",
        text="From the exchange of `[dialer]`. The fields come as JSON or as a form; which is read how, the kind of the"
        " exchange and `[dialer.fields]` say. Answered 200 even when they make no sense or are of no call that was"
        " made from here, which is kept and shown.",
        bodies=tuple(
            Body(alternatives=(_ANY,), media=media, required=False)
            for media in ("application/json", "application/x-www-form-urlencoded")
        ),
        answers={200: DocumentedAnswer(text="Taken", models=(Taken,))},
        problems=(404, 408, 413, 503),
    )
    async def told(self, request: web.Request) -> web.Response:
        """Take it, or keep it."""
        return await self._taken(request, {})

    @describe(
        "News of a telephone call, whose name is in the address",
        tag="callbacks",
        text="For exchanges that put the name of the event behind the address.",
        bodies=tuple(
            Body(alternatives=(_ANY,), media=media, required=False)
            for media in ("application/json", "application/x-www-form-urlencoded")
        ),
        answers={200: DocumentedAnswer(text="Taken", models=(Taken,))},
        problems=(404, 408, 413, 503),
    )
    async def told_by_path(self, request: web.Request) -> web.Response:
        """Take it, or keep it."""
        name = request.match_info["event"][:_LONGEST]
        return await self._taken(request, {"event": name, "event_name": name})

    async def _taken(self, request: web.Request, said: Mapping[str, Any]) -> web.Response:
        heads.check(request)
        news = self._proved(request)
        raw, document = await _document(request, said)
        if document is None:
            self._keep(raw, 422, "It is no object, neither as JSON nor as a form.")
            return answers.json(Taken(ok=True))
        try:
            await news.take(document)
        except DialerOdd as trouble:
            self._keep(raw, 422, str(trouble))
        except UnknownDial as trouble:
            self._keep(raw, 200, str(trouble))
        except (RedisError, OSError):
            raise StoreAway("The news could not be kept. Hand it over again.") from None
        return answers.json(Taken(ok=True))

    def _proved(self, request: web.Request) -> DialerNews:
        given = request.match_info["token"].encode()
        matches = sum(hmac.compare_digest(given, token.encode()) for token in self.tokens())
        if not matches or self.news is None:
            raise NotFound("There is nothing at this address.")
        return self.news

    def _keep(self, raw: bytes, status: int, reason: str) -> None:
        log.warning("callback not understood", action="callback_odd", source=SOURCE)
        self.recorder.record(
            Handled(
                source=SOURCE,
                path="/callbacks/dialer",
                remote=None,
                headers={},
                size=len(raw),
                body=raw,
                signed=True,
                status=200,
                rejections=[Rejection(status=status, reason=reason, body=raw)],
            )
        )


@dataclass(frozen=True, slots=True)
class DialerReplays:
    """Replays what was kept, by the words of today."""

    news: DialerNews

    def knows(self, source: str) -> bool:
        return source == SOURCE

    def refusal(self, kept: DeadLetter) -> str:
        """Why a replay would be refused; "" where that is not known."""
        try:
            self.news.reader.read(self._read(kept), self.news.now())
        except (DialerOdd, Unprocessable) as trouble:
            return str(trouble)
        return ""

    async def take(self, kept: DeadLetter) -> bool:
        """Whether it was taken. Raises Problem where it is refused still."""
        try:
            await self.news.take(self._read(kept))
        except (DialerOdd, UnknownDial) as trouble:
            raise Unprocessable(str(trouble)) from None
        return True

    def _read(self, kept: DeadLetter) -> Mapping[str, Any]:
        try:
            document = from_json(kept.body)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise Unprocessable("It is no object.")
        return document


async def _document(request: web.Request, said: Mapping[str, Any]) -> tuple[bytes, Mapping[str, Any] | None]:
    """What was sent, as it is kept and as it is read; None for what is no object."""
    raw = b""
    try:
        if request.content_type == "application/json":
            raw = await forms.body(request, largest=_LARGEST)
            document = from_json(raw)
            if not isinstance(document, dict):
                return raw, None
            found = {**dict(list(document.items())[:_MOST]), **said}
        else:
            pairs = [*request.query.items(), *await forms.fields(request)][:_MOST]
            found = {name: value[:_LONGEST] for name, value in pairs} | dict(said)
        return msgspec.json.encode(found), found
    except ValueError:
        return raw, None
