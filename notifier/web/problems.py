"""Errors over HTTP: RFC 9457 problem details, whatever went wrong."""

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from redis.exceptions import RedisError

from notifier.errors import Overloaded, Problem, StoreAway
from notifier.incoming import heads
from notifier.store.records import encode
from notifier.web.answers import ProblemDetails

log = structlog.get_logger()

PROBLEM = "application/problem+json"

_OURS = {"title": "Internal error", "status": 500, "detail": "Our mistake; it was logged."}

BODY_TIMEOUT = web.AppKey("body_timeout", float)
"""Seconds in which a body must have come."""

_DETAILS = {
    404: "There is nothing at this address.",
    405: "This address does not take that method; see the Allow header.",
    413: "The body is too large; send less at once.",
}


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into an answer that says what to do, and show nobody a stack trace."""
    try:
        if not request.path.lstrip("/").startswith("webhooks/"):  # these look themselves, and count what they refuse
            heads.check(request)
        if request.content.is_eof():
            return await handler(request)
        return await _patiently(request, handler)
    except Exception as error:
        return answer_to(error, request)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is said to a request that was not carried out."""

    status: int
    document: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, problem: Problem) -> "Refusal":
        return cls(problem.status, problem.document(), problem.headers)

    def body(self) -> bytes:
        return encode(ProblemDetails(type="about:blank", **self.document))

    def response(self) -> web.Response:
        return web.Response(body=self.body(), status=self.status, headers=self.headers, content_type=PROBLEM)


def answer_to(error: Exception, request: web.Request) -> web.Response:
    """The answer that an error while handling a request comes to. Raises the error where there is nobody to answer."""
    return refusal_of(error, request).response()


def refusal_of(error: Exception, request: web.Request) -> Refusal:
    """What an error while handling a request comes to. Raises the error where there is nobody to answer."""
    match error:
        case Problem():
            if error.status >= 500 and not isinstance(error, Overloaded):  # of these there are many: the gate says so
                log.warning("request refused", action="problem", status=error.status, path=_path(request))
            return Refusal.of(error)
        case _TooSlow():
            return _refusal(408, "The body took too long to come; send it faster, or less at once.")
        case web.HTTPException():
            if error.status < 400:
                raise error
            detail = _DETAILS.get(error.status, error.reason)
            headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
            document = {"title": error.reason, "status": error.status, "detail": detail}
            return Refusal(error.status, document, headers)
        case ConnectionError() if request.transport is None:  # whoever asked is gone
            raise error
        case web.RequestPayloadError():
            return _refusal(400, "The body cannot be read; it must be encoded and as long as its headers say.")
        case RedisError():
            log.warning("store unreachable", action="store_away", error=type(error).__name__, path=_path(request))
            return Refusal.of(StoreAway("The store does not answer at the moment; ask again."))
    log.exception("request failed", action="request_failed", method=request.method, path=_path(request), exc_info=error)
    return Refusal(500, _OURS)


def _path(request: web.Request) -> str:
    """The address that was asked for, without the secret that some have in them."""
    if request.path.startswith("/webhooks/"):  # which have none, and are not always routed
        return request.path
    token = request.match_info.get("token")
    return request.path.replace(token, "***") if token else request.path


class _TooSlow(TimeoutError):
    """A body that did not come in time."""


async def _patiently(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a request whose body is still coming, which it must within a time."""

    def give_up() -> None:
        if not request.content.is_eof():
            request.content.set_exception(_TooSlow())

    limit = asyncio.get_running_loop().call_later(request.config_dict[BODY_TIMEOUT], give_up)
    try:
        return await handler(request)
    finally:
        limit.cancel()


def problem(status: int, detail: str) -> web.Response:
    """An answer to what no handler has seen."""
    return _refusal(status, detail).response()


def _refusal(status: int, detail: str) -> Refusal:
    return Refusal(status, {"title": HTTPStatus(status).phrase, "status": status, "detail": detail})
