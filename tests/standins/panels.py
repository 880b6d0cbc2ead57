"""The panels that presets describe, each as its own documentation has it: real HTTP, one account, faults on demand."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

Trouble = Literal["", "drop", "hang", "html", "half"]


@dataclass(frozen=True, slots=True)
class PanelText:
    """A text that a panel took."""

    id: int
    to: str
    text: str
    sender: str


@dataclass(slots=True)
class Panel:
    """One account. ``trouble`` befalls every send after it was carried out; ``refusal`` is answered in its place."""

    key: str
    texts: list[PanelText] = field(default_factory=list)
    statuses: dict[str, Any] = field(default_factory=dict)
    refusal: tuple[int, Any] | None = None
    trouble: Trouble = ""
    questions: int = 0
    release: asyncio.Event = field(default_factory=asyncio.Event)
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(3741437414000001))

    def take(self, to: str, text: str, sender: str) -> PanelText:
        self.texts.append(PanelText(next(self._ids), to, text, sender))
        return self.texts[-1]

    async def spoil(self, request: web.Request, answer: Any) -> web.StreamResponse:
        assert request.transport is not None
        match self.trouble:
            case "drop":
                request.transport.abort()
            case "hang":
                await self.release.wait()
            case "html":
                return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")
            case "half":
                return web.Response(body=web.json_response(answer).body[:10], content_type="application/json")  # type: ignore[index]
        return web.json_response(answer)


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def ippanel(panel: Panel) -> web.Application:
    """https://ippanelcom.github.io/Edge-Document"""
    unauthorised = {"data": None, "meta": {"status": False, "message": "کلید", "message_code": "400-1", "errors": {}}}
    fine = {"status": True, "message": "انجام شد", "message_code": "200-1"}

    def guarded(handler: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Authorization") != panel.key:
                return web.json_response(unauthorised, status=401)
            return await handler(request)

        return handle

    async def send(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        assert body["sending_type"] == "webservice"
        if panel.refusal:
            return web.json_response(panel.refusal[1], status=panel.refusal[0])
        [to] = body["params"]["recipients"]
        text = panel.take(to, body["message"], body["from_number"])
        return await panel.spoil(request, {"data": {"message_outbox_ids": [text.id]}, "meta": fine})

    async def report(request: web.Request) -> web.StreamResponse:
        panel.questions += 1
        status = panel.statuses.get(request.query["bulk_id"], "0")
        row = {"recipient": "+989120000000", "message": "", "msg_parts": "1", "message_status": status}
        return web.json_response({"data": [row], "meta": fine})

    async def credit(request: web.Request) -> web.StreamResponse:
        return web.json_response({"data": {"credit": 6084722.705052, "gift": 0}, "meta": fine})

    app = web.Application()
    app.router.add_post("/v1/api/send", guarded(send))
    app.router.add_get("/v1/api/report/recipients", guarded(report))
    app.router.add_get("/v1/api/payment/credit/mine", guarded(credit))
    return app


def melipayamak(panel: Panel) -> web.Application:
    """https://melipayamak.com/api: a form with name and password in it; ``key`` is the password."""

    async def fields(request: web.Request) -> Mapping[str, str] | None:
        form = {name: str(value) for name, value in (await request.post()).items()}
        return form if (form["username"], form["password"]) == ("shop", panel.key) else None

    wrong = {"Value": "0", "RetStatus": 0, "StrRetStatus": "InvalidUserPass"}

    async def send(request: web.Request) -> web.StreamResponse:
        if (form := await fields(request)) is None:
            return web.json_response(wrong)
        if panel.refusal:
            return web.json_response(panel.refusal[1], status=panel.refusal[0])
        text = panel.take(form["to"], form["text"], form["from"])
        return await panel.spoil(request, {"Value": str(text.id), "RetStatus": 1, "StrRetStatus": "Ok"})

    async def delivery(request: web.Request) -> web.StreamResponse:
        panel.questions += 1
        if (form := await fields(request)) is None:
            return web.json_response(wrong)
        value = str(panel.statuses.get(form["recId"], "0"))
        return web.json_response({"Value": value, "RetStatus": 1, "StrRetStatus": "Ok"})

    async def credit(request: web.Request) -> web.StreamResponse:
        if await fields(request) is None:
            return web.json_response(wrong)
        return web.json_response({"Value": "1234.5", "RetStatus": 1, "StrRetStatus": "Ok"})

    app = web.Application()
    app.router.add_post("/api/SendSMS/SendSMS", send)
    app.router.add_post("/api/SendSMS/GetDeliveries2", delivery)
    app.router.add_post("/api/SendSMS/GetCredit", credit)
    return app


def medianasms(panel: Panel) -> web.Application:
    """https://api.mediana.ir, version 1.0.0"""
    fine = {"code": "OK", "errorMessage": None, "errors": None}

    def guarded(handler: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            if request.headers.get("X-API-KEY") != panel.key:
                return web.json_response({"meta": {"code": "Unauthorized"}, "data": None}, status=401)
            return await handler(request)

        return handle

    async def send(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if panel.refusal:
            return web.json_response(panel.refusal[1], status=panel.refusal[0])
        [to] = body["recipients"]
        text = panel.take(to, body["messageText"], body["sendingNumber"])
        answer = {"meta": fine, "data": {"succeed": True, "requestCode": text.id, "smsItems": [{"smsItemId": "x"}]}}
        return await panel.spoil(request, answer)

    async def report(request: web.Request) -> web.StreamResponse:
        panel.questions += 1
        status = panel.statuses.get(request.match_info["id"], "Pending")
        items = [{"smsItemId": "x", "recipient": "09120000000", "status": status}]
        return web.json_response({"meta": fine, "data": {"status": "Done", "smsItems": items}})

    async def credit(request: web.Request) -> web.StreamResponse:
        return web.json_response({"meta": fine, "data": {"balance": 250000}})

    app = web.Application()
    app.router.add_post("/sms/v1/send/sms", guarded(send))
    app.router.add_get("/sms/v1/send-requests/status/{id}", guarded(report))
    app.router.add_get("/sms/v1/account/balance", guarded(credit))
    return app


def ghasedak(panel: Panel) -> web.Application:
    """https://ghasedak.me/docs"""

    def envelope(data: Any, code: int = 200) -> web.Response:
        body = {"isSuccess": code == 200, "statusCode": code, "message": "", "data": data}
        return web.json_response(body, status=code)

    def guarded(handler: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await handler(request) if request.headers.get("ApiKey") == panel.key else envelope(None, 401)

        return handle

    async def send(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if panel.refusal:
            return web.json_response(panel.refusal[1], status=panel.refusal[0])
        text = panel.take(body["receptor"], body["message"], body["lineNumber"])
        data = {"receptor": text.to, "cost": 3537, "messageId": str(text.id), "clientReferenceId": "1"}
        return await panel.spoil(request, {"isSuccess": True, "statusCode": 200, "message": "", "data": data})

    async def report(request: web.Request) -> web.StreamResponse:
        panel.questions += 1
        assert request.query["Type"] == "1"
        return envelope([{"messageId": request.query["Ids"], "status": panel.statuses.get(request.query["Ids"], 0)}])

    async def credit(request: web.Request) -> web.StreamResponse:
        return envelope({"credit": 81000, "expireDate": "2027-01-01"})

    app = web.Application()
    base = "/rest/api/v1/WebService"
    app.router.add_post(f"{base}/SendSingleSMS", guarded(send))
    app.router.add_get(f"{base}/CheckSmsStatus", guarded(report))
    app.router.add_get(f"{base}/GetAccountInformation", guarded(credit))
    return app
