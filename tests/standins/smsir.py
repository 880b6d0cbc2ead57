"""An sms.ir to test against: real HTTP, its statuses and its habits, and as forgetful of ids as the real one."""

import asyncio
import json
import re
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import uuid4

from aiohttp import web

MAX_TOGETHER = 100
MAX_VALUE = 25
_MOBILE = re.compile(r"(?:\+98|0098|98|0)?9\d{9}")


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that left, for good: sms.ir cannot tell a repeated one from a new one."""

    id: int
    mobile: str
    text: str
    line: int | None = None
    template: int | None = None
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one request, after it was carried out (``accepted``) or instead of that.

    ``{key}`` in ``text`` and in ``answer`` becomes the key that was shown.
    """

    kind: Literal["drop", "hang", "html", "half", "status", "answer"]
    accepted: bool = False
    http: int = 502
    status: int = 0
    text: str = "نشد"
    answer: Any = None


class Refused(Exception):
    """An answer other than success."""

    def __init__(self, status: int, *, http: int = 400) -> None:
        super().__init__(status)
        self.status = status
        self.http = http


@dataclass(slots=True)
class SmsIr:
    """The account behind the key ``key``; a unit of credit is a message."""

    key: str = field(repr=False)
    lines: set[int] = field(default_factory=lambda: {30004505000017})
    templates: dict[int, set[str]] = field(default_factory=dict)
    credit: float = 165.3
    invalid: set[str] = field(default_factory=set)  # well formed, but refused one by one
    blacklist: set[str] = field(default_factory=set)
    states: dict[int, int | None] = field(default_factory=dict)
    faults: deque[Fault] = field(default_factory=deque)
    sent: list[Sent] = field(default_factory=list)
    requests: list[tuple[str, Any]] = field(default_factory=list)  # path, body
    ports: list[int] = field(default_factory=list)  # of the client, one a request
    at_once: int = 0
    most_at_once: int = 0
    release: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.post("/v1/send/likeToLike", self._handler(self._like_to_like)),
                web.post("/v1/send/verify", self._handler(self._verify)),
                web.get("/v1/send/{id}", self._handler(self._report)),
                web.get("/v1/credit", self._handler(self._credit)),
            ]
        )
        return app

    def _handler(
        self, carry_out: Callable[[web.Request, Any], Any]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            try:
                return await self._answer(request, carry_out)
            finally:
                self.at_once -= 1

        return handle

    async def _answer(self, request: web.Request, carry_out: Callable[[web.Request, Any], Any]) -> web.StreamResponse:
        assert request.transport is not None
        self.ports.append(request.transport.get_extra_info("peername")[1])
        body = await request.json() if request.can_read_body else None
        self.requests.append((request.path.removeprefix("/v1/"), body))
        await asyncio.sleep(0)  # lets the other requests in, as a network does
        fault = self.faults.popleft() if self.faults else None
        if fault is None or fault.accepted:
            try:
                if request.headers.get("X-API-KEY") != self.key:
                    raise Refused(10, http=401)
                answer = envelope(1, carry_out(request, body))
            except Refused as refused:
                answer = envelope(refused.status, None, http=refused.http)
        return answer if fault is None else await self._spoil(request, fault)

    async def _spoil(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        match fault.kind:
            case "drop":
                assert request.transport is not None
                request.transport.abort()
            case "hang":
                await self.release.wait()
            case "html":
                shown = f"<html>{request.url} {dict(request.headers)} failed</html>"
                return web.Response(status=fault.http, text=shown, content_type="text/html")
            case "half":
                return web.Response(text='{"status": 1, "mess', content_type="application/json")
            case "status":
                return envelope(fault.status, None, http=fault.http, text=fault.text.replace("{key}", self.key))
            case "answer":
                body = json.dumps(fault.answer).replace("{key}", self.key)
                return web.Response(status=fault.http, text=body, content_type="application/json")
        return web.Response()

    def _like_to_like(self, request: web.Request, body: dict[str, Any]) -> Any:
        mobiles, texts = body["mobiles"], body["messageTexts"]
        if not mobiles or not texts:
            raise Refused(107 if not mobiles else 108)
        if len(mobiles) > MAX_TOGETHER or len(texts) > MAX_TOGETHER:
            raise Refused(105 if len(mobiles) > MAX_TOGETHER else 106)
        if len(mobiles) != len(texts):
            raise Refused(110)
        if body["lineNumber"] not in self.lines:
            raise Refused(101)
        if not all(texts):
            raise Refused(103)
        if not all(_MOBILE.fullmatch(mobile) for mobile in mobiles):
            raise Refused(104)
        taken = [mobile not in self.invalid | self.blacklist for mobile in mobiles]
        self._pay(sum(taken))
        ids: list[int | None] = []
        for mobile, text in zip(mobiles, texts, strict=True):
            if mobile in self.invalid | self.blacklist:
                ids.append(None if mobile in self.invalid else 0)
            else:
                ids.append(self._leave(mobile=mobile, text=text, line=body["lineNumber"]))
        return {"packId": str(uuid4()), "messageIds": ids, "cost": float(sum(taken))}

    def _verify(self, request: web.Request, body: dict[str, Any]) -> Any:
        parameters = tuple((one["name"], one["value"]) for one in body["parameters"])
        if not _MOBILE.fullmatch(body["mobile"]):
            raise Refused(104)
        if body["templateId"] not in self.templates:
            raise Refused(113)
        if any(len(value) > MAX_VALUE for _, value in parameters):
            raise Refused(114)
        if {name for name, _ in parameters} != self.templates[body["templateId"]]:
            raise Refused(116)
        if body["mobile"] in self.blacklist:
            raise Refused(115)
        self._pay(1)
        message = self._leave(mobile=body["mobile"], text="", template=body["templateId"], parameters=parameters)
        return {"messageId": message, "cost": 1.0}

    def _report(self, request: web.Request, body: None) -> Any:
        wanted = request.match_info["id"]
        for message in self.sent:
            if str(message.id) == wanted:
                state = self.states.get(message.id)
                return {"messageId": message.id, "mobile": int(message.mobile[-10:]), "deliveryState": state}
        raise Refused(111)

    def _credit(self, request: web.Request, body: None) -> Any:
        return self.credit

    def _pay(self, messages: int) -> None:
        if messages > self.credit:
            raise Refused(102)
        self.credit = round(self.credit - messages, 1)

    def _leave(self, **what: Any) -> int:
        self.sent.append(Sent(id=86_522_023 + len(self.sent), **what))
        return self.sent[-1].id


def envelope(status: int, data: Any, *, http: int = 200, text: str | None = None) -> web.Response:
    body = {"status": status, "message": text or ("موفق" if status == 1 else "نشد"), "data": data}
    return web.json_response(body, status=http, dumps=lambda value: json.dumps(value, ensure_ascii=False))
