"""The handles under /_sim: faults, customers' messages, credit, what becomes of calls, and what was sent."""

from typing import Annotated, TypeVar

import msgspec
from aiohttp import web

from notifier.simulator import exchange_http, phones
from notifier.simulator.codes import RefusedError
from notifier.simulator.faults import Fault
from notifier.simulator.keys import SIMULATOR
from notifier.simulator.records import CallOutcome

ROUTES = web.RouteTableDef()
T = TypeVar("T")


class InboundOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A customer's message to be."""

    from_: str = msgspec.field(name="from")
    message: str = msgspec.field()
    to: str | None = None


class BaleOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    absent: list[str] = []
    credit: Annotated[int, msgspec.Meta(ge=0)] | None = None
    contacts: Annotated[int, msgspec.Meta(ge=0)] | None = None


class CreditOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    credit: Annotated[int, msgspec.Meta(ge=0)]


@ROUTES.get("/_sim/messages")
async def messages(request: web.Request) -> web.Response:
    """What was sent and called, oldest first; ``?receptor=`` for one number."""
    receptor = request.query.get("receptor")
    try:
        wanted = None if receptor is None else phones.anywhere(receptor)
    except RefusedError:
        raise _refusal(f"`receptor` {receptor!r} is not a phone number; write it like 09121234567") from None
    found = [message for message in request.app[SIMULATOR].outbox if wanted in (None, message.receptor)]
    return _json({"messages": found})


@ROUTES.get("/_sim/faults")
async def faults(request: web.Request) -> web.Response:
    return _faults(request)


@ROUTES.post("/_sim/faults")
async def add_faults(request: web.Request) -> web.Response:
    """One fault or a list of them."""
    given = await _body(request, Fault | list[Fault])  # type: ignore[arg-type]
    for fault in given if isinstance(given, list) else [given]:
        request.app[SIMULATOR].faults.add(fault)
    return _faults(request)


@ROUTES.delete("/_sim/faults")
async def clear_faults(request: web.Request) -> web.Response:
    request.app[SIMULATOR].faults.clear()
    return _faults(request)


@ROUTES.post("/_sim/inbound")
async def inbound(request: web.Request) -> web.Response:
    """A customer writes."""
    order = await _body(request, InboundOrder)
    try:
        message = await request.app[SIMULATOR].receive_from_customer(order.from_, order.message, to=order.to)
    except RefusedError as refused:
        wrong = "`from` is not a mobile number; write it like 09121234567"
        if refused.code == 412:
            wrong = "`to` is not a line; write it like 10004346"
        raise _refusal(wrong) from None
    return _json({"messageid": message.messageid})


@ROUTES.post("/_sim/credit")
async def credit(request: web.Request) -> web.Response:
    """Set the credit, in rial."""
    simulator = request.app[SIMULATOR]
    simulator.credit = (await _body(request, CreditOrder)).credit
    return _json({"credit": simulator.credit})


@ROUTES.get("/_sim/bale")
async def show_bale(request: web.Request) -> web.Response:
    """What was sent by Bale, oldest first, and how it is set."""
    return _bale(request)


@ROUTES.post("/_sim/bale")
async def set_bale(request: web.Request) -> web.Response:
    """Who has no account at Bale, and how many messages and people are left; what is left out becomes as usual."""
    order, bale = await _body(request, BaleOrder), request.app[SIMULATOR].bale
    try:
        bale.absent = {phones.mobile(number) for number in order.absent}
    except RefusedError:
        raise _refusal("`absent` holds what is no mobile number; write them like 09121234567") from None
    bale.credit, bale.contacts = order.credit, order.contacts
    return _bale(request)


@ROUTES.get("/_sim/exchange")
async def show_exchange(request: web.Request) -> web.Response:
    """What the exchange dialled, and how it is set."""
    return await exchange_http.show(request)


@ROUTES.post("/_sim/exchange")
async def set_exchange(request: web.Request) -> web.Response:
    """What becomes of calls through the exchange by number, and where its news goes."""
    return await exchange_http.put(request)


@ROUTES.post("/_sim/exchange/inbound")
async def call_in(request: web.Request) -> web.Response:
    """Somebody calls the shop."""
    return await exchange_http.ring_in(request)


@ROUTES.post("/_sim/calls")
async def set_calls(request: web.Request) -> web.Response:
    """By number, what becomes of calls to it: answered, busy, no_answer, rejected or failed."""
    order, simulator = await _body(request, dict[str, CallOutcome]), request.app[SIMULATOR]
    try:
        simulator.call_outcomes = {phones.voice(number): outcome for number, outcome in order.items()}
    except RefusedError:
        raise _refusal("a name is no phone number; write it like 09121234567") from None
    return _json(simulator.call_outcomes)


async def _body(request: web.Request, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(await request.read(), type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise _refusal(str(wrong)) from None


def _faults(request: web.Request) -> web.Response:
    return _json({"faults": request.app[SIMULATOR].faults.in_force})


def _bale(request: web.Request) -> web.Response:
    bale = request.app[SIMULATOR].bale
    standing = {"absent": sorted(bale.absent), "credit": bale.credit, "contacts": bale.contacts}
    return _json({"messages": bale.messages, **standing})


def _refusal(detail: str) -> web.HTTPUnprocessableEntity:
    return web.HTTPUnprocessableEntity(
        text=msgspec.json.encode({"error": detail}).decode(), content_type="application/json"
    )


def _json(body: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), content_type="application/json", charset="utf-8")
