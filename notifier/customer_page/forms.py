"""Forms of the page: that one is ours, of this very page, and what it holds."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from hmac import compare_digest
from urllib.parse import urlsplit

from aiohttp import web

from notifier.incoming import forms

_ONCE = re.compile("[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class PageForm:
    """What was sent: fields, and the picture where one was chosen."""

    fields: Mapping[str, str] = field(default_factory=dict)
    picture: bytes = b""


@dataclass(frozen=True, slots=True)
class FormKeys:
    """The keys that each form carries: bound to the token of its page, made with the secret of the store."""

    secret: bytes

    def new(self, token: str) -> tuple[str, str]:
        """What tells one showing of a page from another, and its key."""
        once = secrets.token_hex(8)
        return once, self._key(token, once)

    def once(self, token: str, fields: Mapping[str, str]) -> str | None:
        """What the form says of its page's showing; None where this is no form of this page."""
        once, key = fields.get("once", ""), fields.get("key", "")
        wanted = self._key(token, once)
        ours = _ONCE.fullmatch(once) and compare_digest(key.encode(errors="replace"), wanted.encode())
        return once if ours else None

    def _key(self, token: str, once: str) -> str:
        return blake2b(f"{once} {token}".encode(errors="replace"), key=self.secret, digest_size=16).hexdigest()


def is_from_elsewhere(request: web.Request, base: str) -> bool:
    """Whether a browser says that the page of another site sent this. Under `no-referrer` ours say `Origin: null`."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = request.headers.get("Origin")
    ours = {request.host, urlsplit(base).netloc}
    return origin not in (None, "null") and urlsplit(origin).netloc not in ours


async def received(request: web.Request, *, largest: int) -> PageForm:
    """The form of a request. Raises as `forms.received` does."""
    fields, files = await forms.received(request, largest=largest)
    picture = files.get("picture")  # browsers send a field that was left empty as an empty file
    return PageForm(dict(fields), picture.content if picture else b"")
