"""What the head of a request may say: looked at before anything in it is used or a byte of the body is read."""

import re
from functools import lru_cache
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from notifier.errors import BadRequest, WrongContentType

_AS_IT_IS = {"Accept-Encoding": "identity"}
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::(?P<port>[0-9]{1,5}))?")
_CHARSET = re.compile(r"charset[*0-9]*\s*=\s*(\"[^\"]*\"?|[^\s;,]*)", re.IGNORECASE)
_UTF_8 = frozenset({"utf-8", "utf8"})


def check(request: web.Request) -> None:
    """Raises BadRequest and WrongContentType."""
    headers = request.headers
    hosts = headers.getall(hdrs.HOST, ())
    if len(hosts) > 1 or (hosts and not _is_host(hosts[0])):
        raise BadRequest("The Host header is no host; send one name or address, and a port if need be.")
    if hdrs.ORIGIN in headers and not all(map(_is_origin, headers.getall(hdrs.ORIGIN))):
        raise BadRequest("The Origin header is no origin; send the one of your page, or none.")
    if headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise WrongContentType("Send the body as it is, without Content-Encoding.", headers=_AS_IT_IS)
    check_charset(" ".join(headers.getall(hdrs.CONTENT_TYPE, ())))


def check_charset(content_type: str) -> None:
    """Refuse every encoding but UTF-8 by its name alone: to look a codec up is to let a stranger choose what runs.

    Some that Python has need a minute for a megabyte. Raises WrongContentType.
    """
    if "=" not in content_type:
        return
    for name in _CHARSET.findall(content_type):
        if name.strip('"').lower() not in _UTF_8:
            raise WrongContentType("Send it in UTF-8, and name no other charset.")


def host_of(request: web.Request) -> str:
    """The name or address that was asked for, without the port; of a request that was checked."""
    found = _HOST.fullmatch(request.host)
    return found["name"].strip("[]") if found else ""


@lru_cache(maxsize=256)  # mostly our own, and no longer than a header may be
def _is_host(text: str) -> bool:
    found = _HOST.fullmatch(text)
    return found is not None and int(found["port"] or 0) < 65536


def _is_origin(text: str) -> bool:
    if text == "null":
        return True
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme) and _is_host(parts.netloc)
