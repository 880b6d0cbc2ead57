"""``Authorization: Bearer …``: who holds a token is let in."""

import hmac
from collections.abc import Iterable

from aiohttp import web

from notifier.errors import Unauthorized


def require(request: web.Request, tokens: Iterable[str], which: str) -> None:
    """Raise Unauthorized unless the request brings one of these tokens; ``which`` says of them what they are."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    given = token.strip().encode(errors="surrogateescape")
    if scheme.lower() != "bearer" or not any(hmac.compare_digest(given, known.encode()) for known in tokens):
        raise Unauthorized(f"Send Authorization: Bearer with {which}.", headers={"WWW-Authenticate": "Bearer"})
