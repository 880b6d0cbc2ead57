"""Carriers to practise against over real HTTP, each in its own form, with faults on demand.

A parcel's lines are put with ``put``; ``fault`` has every answer go wrong in one way, until it is None again.
"""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import jdatetime
from aiohttp import web

KEY = "carrier-key-of-the-tests"
RECEIVER = {"receiver": "رضا کریمی", "phone": "09121112233", "address": "تهران، خیابان یکم"}
"""What carriers show of people: none of it is to be kept."""


class CarrierFault(StrEnum):
    HTML = "html"
    BROKEN = "500"
    BUSY = "429"
    REFUSED = "401"
    SLOW = "slow"
    OTHERS = "others"
    CHANGED = "changed"
    HUGE = "huge"
    DEEP = "deep"
    ODD = "odd"
    ELSEWHERE = "elsewhere"


@dataclass
class Line:
    word: str
    at: datetime
    place: str = ""


@dataclass
class Carriers:
    """All kinds in one application, below ``/tapin``, ``/postex``, ``/chapar``, ``/alopeyk`` and ``/other``."""

    parcels: dict[str, list[Line]] = field(default_factory=dict)
    fault: CarrierFault | None = None
    asked: Counter[str] = field(default_factory=Counter)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    seen: list[Any] = field(default_factory=list)

    def put(self, code: str, word: str, at: datetime, place: str = "") -> None:
        self.parcels.setdefault(code, []).append(Line(word, at, place))

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.post("/tapin/order/post/change-status/report", self.tapin),
                web.get("/postex/tracking/report", self.postex),
                web.post("/chapar/tracking", self.chapar),
                web.get("/alopeyk/orders/{code}", self.alopeyk),
                web.get("/other/{code}", self.other),
            ]
        )
        return app

    async def _fails(self, request: web.Request, kind: str) -> web.StreamResponse | None:
        self.asked[kind] += 1
        match self.fault:
            case CarrierFault.HTML:
                return web.Response(text="<html><body>در دست تعمیر</body></html>", content_type="text/html")
            case CarrierFault.BROKEN:
                return web.Response(status=500, text="down")
            case CarrierFault.BUSY:
                return web.Response(status=429, headers={"Retry-After": "7200"})
            case CarrierFault.REFUSED:
                return web.Response(status=401)
            case CarrierFault.HUGE:
                return web.Response(body=b"[" + b'{"status": 7},' * 400_000 + b"{}]", content_type="application/json")
            case CarrierFault.DEEP:
                return web.Response(body=b"[" * 100_000 + b"]" * 100_000, content_type="application/json")
            case CarrierFault.ODD:
                odd = {
                    "status": ["delivered"],
                    "object": [],
                    "entries": {"list": {}},
                    "history": "x",
                    "way": {"state": 7},
                }
                return web.json_response(odd | {"returns": {"status": "200"}, "parcel": None})
            case CarrierFault.ELSEWHERE:
                return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"})
            case CarrierFault.SLOW:
                await self.release.wait()
                return web.Response(status=504)
        return None

    async def tapin(self, request: web.Request) -> web.StreamResponse:
        if failed := await self._fails(request, "tapin"):
            return failed
        assert request.headers["Authorization"] == KEY
        asked = await request.json()
        self.seen.append(asked)
        changed = [
            {
                "order_id": 1,
                "barcode": code,
                "status": int(line.word),
                "last_change_status": f"{line.at:%Y-%m-%dT%H:%M:%S}",
            }
            | RECEIVER
            for code, lines in self.parcels.items()
            for line in lines
            if line.word.isdecimal()
            and f"{jdatetime.date.fromgregorian(date=line.at.date()):%Y-%m-%d}" == asked["date"]
        ]
        start = (asked["page"] - 1) * asked["count"]
        page = changed[start : start + asked["count"]]
        if self.fault is CarrierFault.CHANGED:
            return web.json_response({"data": page})
        return web.json_response({"returns": {"status": 200, "message": ""}, "entries": {"list": page}})

    async def postex(self, request: web.Request) -> web.StreamResponse:
        if failed := await self._fails(request, "postex"):
            return failed
        assert request.headers["x-api-key"] == KEY
        if self.fault is CarrierFault.CHANGED:
            return web.json_response({"isSuccess": False, "message": "نسخه قدیمی است"})
        first, last = request.query["from_date"], request.query["to_date"]
        return web.json_response(
            [
                {
                    "tracking_no": code,
                    "event_name": line.word,
                    "event_code": "E1",
                    "change_status_date": f"{line.at:%Y-%m-%d}",
                    "change_status_time": f"{line.at:%H:%M:%S}",
                }
                | RECEIVER
                for code, lines in self.parcels.items()
                for line in lines
                if first <= f"{line.at:%Y-%m-%d}" <= last
            ]
        )

    async def chapar(self, request: web.Request) -> web.StreamResponse:
        if failed := await self._fails(request, "chapar"):
            return failed
        assert request.headers["APP-AUTH"] == KEY
        (code,) = json.loads((await request.post())["input"])["order"]["reference"]
        lines = self.parcels.get(code, [])
        shown = "99900000000000009" if self.fault is CarrierFault.OTHERS else code
        history = [
            {"reference": shown, "status": "X1", "status_note": line.word, "location": line.place}
            | {"date": f"{line.at:%Y-%m-%d}", "time": f"{line.at:%H:%M}"}
            for line in lines
        ]
        return web.json_response({"result": True, "objects": {"order": {"history": history, **RECEIVER}}})

    async def alopeyk(self, request: web.Request) -> web.StreamResponse:
        if failed := await self._fails(request, "alopeyk"):
            return failed
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        code = request.match_info["code"]
        lines = self.parcels.get(code)
        if not lines:
            return web.json_response({"status": "fail"}, status=404)
        shown = "OTHER1" if self.fault is CarrierFault.OTHERS else code
        order = {"id": 77, "order_token": shown, "status": lines[-1].word, "updated_at": lines[-1].at.isoformat()}
        return web.json_response({"status": "success", "object": order | RECEIVER})

    async def other(self, request: web.Request) -> web.StreamResponse:
        if failed := await self._fails(request, "other"):
            return failed
        assert request.headers["X-Key"] == KEY
        code = request.match_info["code"]
        shown = "OTHER1" if self.fault is CarrierFault.OTHERS else code
        way = [
            {"state": line.word, "when": line.at.isoformat(), "where": line.place}
            for line in self.parcels.get(code, [])
        ]
        return web.json_response({"parcel": shown, "way": way, **RECEIVER})
