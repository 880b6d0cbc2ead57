"""The exchange over HTTP, and the handles to set and look at it."""

from base64 import b64encode
from hmac import compare_digest

import msgspec
from aiohttp import web

from notifier.simulator.exchange import DialledOutcome
from notifier.simulator.keys import SIMULATOR


class ExchangeOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How it is set: by number, what becomes of calls to it, and where news goes."""

    outcomes: dict[str, DialledOutcome] = {}
    callback: str | None = None


class InboundCallOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody calls the shop."""

    from_: str = msgspec.field(name="from")
    kind: str = "simotel"


async def dial(request: web.Request) -> web.Response:
    """``kind = "http"``: the fields in the query, a form or JSON."""
    simulator = request.app[SIMULATOR]
    fields = {**request.query, **await _fields(request)}
    if not compare_digest(request.headers.get("Authorization", ""), f"Bearer {simulator.api_key}"):
        return web.json_response({"ok": False}, status=401)
    if not fields.get("extension") or not fields.get("number"):
        return web.json_response({"ok": False, "message": "extension and number are needed"}, status=422)
    made = simulator.exchange.dial(
        "http", str(fields["extension"]), str(fields["number"]), attempt=str(fields.get("attempt", ""))
    )
    return web.json_response({"ok": True, "data": {"request_id": made.reference, "status": "accepted"}})


async def originate(request: web.Request) -> web.Response:
    """Simotel's API v4."""
    simulator = request.app[SIMULATOR]
    login = b64encode(f"{simulator.exchange.user}:{simulator.api_key}".encode()).decode()
    if request.headers.get("X-APIKEY") != simulator.api_key or request.headers.get("Authorization") != f"Basic {login}":
        return web.json_response({"success": 0, "message": "unauthorized"}, status=401)
    fields = await _fields(request)
    if not fields.get("caller") or not fields.get("callee") or not fields.get("context"):
        return web.json_response({"success": 0, "message": "caller, callee and context are needed"})
    made = simulator.exchange.dial("simotel", str(fields["caller"]), str(fields["callee"]))
    return web.json_response({"success": 1, "message": "", "data": {"originated_call_id": made.reference}})


async def show(request: web.Request) -> web.Response:
    """What was dialled, oldest first."""
    exchange = request.app[SIMULATOR].exchange
    return _json({"dials": exchange.dials, "outcomes": exchange.outcomes, "callback": exchange.callback_url})


async def put(request: web.Request) -> web.Response:
    """Set what becomes of calls by number: answered, busy, no_answer, unreachable, line_fault or agent_missed."""
    try:
        order = msgspec.json.decode(await request.read(), type=ExchangeOrder)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        return web.json_response({"error": str(wrong)}, status=422)
    exchange = request.app[SIMULATOR].exchange
    exchange.outcomes, exchange.callback_url = dict(order.outcomes), order.callback or exchange.callback_url
    return await show(request)


async def ring_in(request: web.Request) -> web.Response:
    """Have somebody call the shop: ``{"from": …, "kind": "http" | "simotel" | "ami"}``."""
    try:
        order = msgspec.json.decode(await request.read(), type=InboundCallOrder)
        request.app[SIMULATOR].exchange.ring_in(order.kind, order.from_)
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError) as wrong:
        return web.json_response({"error": str(wrong)}, status=422)
    return web.json_response({"ok": True})


async def _fields(request: web.Request) -> dict[str, object]:
    try:
        if request.content_type == "application/json":
            found = msgspec.json.decode(await request.read())
            return found if isinstance(found, dict) else {}
        return dict(await request.post())
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        return {}


def _json(body: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), content_type="application/json", charset="utf-8")
