"""Errors over HTTP: RFC 9457 problem details, whatever went wrong."""

import json

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from redis.exceptions import RedisError

from notifier.errors import Problem, StoreAway

log = structlog.get_logger()

_DETAILS = {
    404: "There is nothing at this address.",
    405: "This address does not take that method; see the Allow header.",
    413: "The body is too large; send less at once.",
}


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into an answer that says what to do, and show nobody a stack trace."""
    try:
        return await handler(request)
    except Problem as problem:
        if problem.status >= 500:
            log.warning("request refused", action="problem", status=problem.status, path=request.path)
        return _answer(problem.document(), problem.status, problem.headers)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        detail = _DETAILS.get(error.status, error.reason)
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return _answer({"title": error.reason, "status": error.status, "detail": detail}, error.status, headers)
    except web.RequestPayloadError:
        detail = "The body cannot be read; it must be encoded and as long as its headers say."
        return _answer({"title": "Bad request", "status": 400, "detail": detail}, 400, {})
    except RedisError as error:
        log.warning("store away", action="store_away", error=type(error).__name__, path=request.path)
        away = StoreAway("The store does not answer at the moment; ask again.")
        return _answer(away.document(), away.status, away.headers)
    except Exception:
        log.exception("request failed", action="request_failed", method=request.method, path=request.path)
        return _answer({"title": "Internal error", "status": 500, "detail": "Our mistake; it was logged."}, 500, {})


def _answer(document: dict[str, object], status: int, headers: dict[str, str]) -> web.Response:
    body = json.dumps({"type": "about:blank"} | document, ensure_ascii=False).encode()
    return web.Response(body=body, status=status, headers=headers, content_type="application/problem+json")
