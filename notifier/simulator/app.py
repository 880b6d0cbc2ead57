"""The simulator behind HTTP: Kavenegar's own paths under /v1, Bale's under /bale, those of bots under /tapi, a
telephone exchange's under /exchange, the handles to set and look at all of them under /_sim."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import msgspec
from aiohttp import web

from notifier import tasks
from notifier.simulator import bale, bot_chat, bots, control, exchange, exchange_http
from notifier.simulator.answers import Entry, envelope
from notifier.simulator.codes import ACCEPTED, RefusedError
from notifier.simulator.faults import Fault
from notifier.simulator.keys import CLOSING, SIMULATOR
from notifier.simulator.methods import carry_out
from notifier.simulator.state import Simulator

# sendarray: 200 texts of 900 Persian letters, each letter \u-escaped and percent-encoded, and room.
_LARGEST_BODY = 4 * 2**20


def create_app(simulator: Simulator, *, callbacks_every: float | None = 0.5) -> web.Application:
    """An application around ``simulator``. It makes the callbacks that are due every so many seconds of real time;
    None leaves them to whoever calls ``simulator.deliver_callbacks()``."""
    app = web.Application(client_max_size=_LARGEST_BODY)
    app[SIMULATOR] = simulator
    app[CLOSING] = asyncio.Event()
    app.router.add_route("*", "/v1/{key}/{path:.*}", _call)
    app.router.add_post("/bale/api/v3/send_message", _send_by_bale)
    app.router.add_route("*", "/tapi/bot{token}/{method}", _ask_bot)
    app.router.add_route("*", "/exchange/dial", _dial)
    app.router.add_post("/exchange/api/v4/call/originate/act", _originate)
    app.add_routes(control.ROUTES)
    app.add_routes(bot_chat.ROUTES)

    async def close(app: web.Application) -> None:
        app[CLOSING].set()

    async def reporting(app: web.Application) -> AsyncIterator[None]:
        if callbacks_every is None:
            yield
            return
        task = asyncio.create_task(_report_forever(simulator, callbacks_every))
        yield
        await tasks.end(task)

    app.on_shutdown.append(close)
    app.cleanup_ctx.append(reporting)
    return app


async def _report_forever(simulator: Simulator, every: float) -> None:
    while True:
        await simulator.deliver_callbacks()
        with contextlib.suppress(aiohttp.ClientError, OSError):
            await simulator.exchange.deliver()
        await asyncio.sleep(every)


async def _call(request: web.Request) -> web.StreamResponse:
    """One call of the API, with whatever fault befalls it."""
    return await _befallen(request, request.match_info["path"].removesuffix(".json"), _answer)


async def _send_by_bale(request: web.Request) -> web.StreamResponse:
    return await _befallen(request, bale.METHOD, _bale_answer)


async def _ask_bot(request: web.Request) -> web.StreamResponse:
    return await _befallen(request, f"{bots.PREFIX}{request.match_info['method']}", _bot_answer)


async def _dial(request: web.Request) -> web.StreamResponse:
    return await _befallen(request, exchange.DIAL, lambda request, _: exchange_http.dial(request))


async def _originate(request: web.Request) -> web.StreamResponse:
    return await _befallen(request, exchange.ORIGINATE, lambda request, _: exchange_http.originate(request))


async def _befallen(
    request: web.Request, method: str, carry_out: Callable[[web.Request, Simulator], Awaitable[web.Response]]
) -> web.StreamResponse:
    simulator = request.app[SIMULATOR]
    struck = simulator.faults.strike(method)
    trouble = next((fault for fault in struck if fault.kind != "latency"), None)
    answer = await carry_out(request, simulator) if any(fault.accepted for fault in struck) else None
    await asyncio.sleep(sum(fault.seconds for fault in struck if fault.kind == "latency"))
    if trouble is not None:
        return await _trouble(request, trouble, answer, simulator)
    return await carry_out(request, simulator) if answer is None else answer


async def _bale_answer(request: web.Request, simulator: Simulator) -> web.Response:
    try:
        fields = msgspec.json.decode(await request.read())
    except (msgspec.DecodeError, UnicodeDecodeError):
        fields = None
    taken = len(simulator.bale.messages)
    status, body = simulator.bale.send(request.headers.get("api-access-key"), fields)
    if simulator.on_bale is not None and len(simulator.bale.messages) > taken:
        simulator.on_bale(simulator.bale.messages[-1])
    return _json(body, status if simulator.http_mirror or "error_data" not in body else ACCEPTED)


async def _bot_answer(request: web.Request, simulator: Simulator) -> web.Response:
    try:
        fields = msgspec.json.decode(await request.read() or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError):
        fields = None
    bot = simulator.bots.by_token.get(request.match_info["token"])
    if bot is None or not isinstance(fields, dict):
        status, body = bots.refusal(401 if bot is None else 400)
    else:
        status, body = await bot.carry_out(request.match_info["method"], {**request.query, **fields})
    return _json(body, status)


async def _answer(request: web.Request, simulator: Simulator) -> web.Response:
    path = request.match_info["path"]
    try:
        if not path.endswith(".json"):
            raise RefusedError(404)
        answer = carry_out(
            simulator,
            key=request.match_info["key"],
            path=path.removesuffix(".json"),
            verb=request.method,
            params=await _params(request),
        )
    except RefusedError as refused:
        return _json(envelope(refused.code), refused.code if simulator.http_mirror else ACCEPTED)
    return _json(answer.envelope())


async def _params(request: web.Request) -> dict[str, str]:
    """The query and the form together. Of a repeated field only the first counts; a JSON body is not understood."""
    if request.content_type.startswith("multipart/") or (request.charset or "utf-8").lower() != "utf-8":
        raise RefusedError(422)  # a form in UTF-8 is what SDKs send; no other codec is looked up
    try:
        form = await request.post()
    except web.HTTPRequestEntityTooLarge:
        raise RefusedError(414) from None
    except (ValueError, LookupError, ConnectionError):  # no form, or half of one from somebody who is gone
        raise RefusedError(422) from None
    given: dict[str, str] = {}
    for name, value in [*request.query.items(), *form.items()]:
        if isinstance(value, str):
            given.setdefault(name, value)
    return given


async def _trouble(
    request: web.Request, fault: Fault, answer: web.Response | None, simulator: Simulator
) -> web.StreamResponse:
    match fault.kind:
        case "code":
            mirrored = simulator.http_mirror if fault.http_mirror is None else fault.http_mirror
            if fault.is_of_bots:
                status, body = bots.refusal(fault.code, retry_after=int(fault.seconds))
                return _json(body, status)
            if fault.is_of_bale:
                status, body = bale.refusal(fault.code, mirrored=mirrored)
                return _json(body, status)
            return _json(envelope(fault.code), fault.code if mirrored else ACCEPTED)
        case "http_error":
            page = f"<html><body><h1>{fault.status} Server Error</h1></body></html>"
            return web.Response(status=fault.status, text=page, content_type="text/html")
        case "broken_json":
            whole = answer.body if answer is not None else b'{"return":{"status":200,"message":"'
            assert isinstance(whole, bytes)
            return web.Response(body=whole[: len(whole) // 2], content_type="application/json", charset="utf-8")
        case "hang":
            await request.app[CLOSING].wait()
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _json(body: Entry, status: int = ACCEPTED) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(body), content_type="application/json", charset="utf-8")
