"""Where somebody goes on who has to sign in first: to the page they wanted, kept in a cookie of the sign-in's."""

import re
from urllib.parse import quote, unquote, urlsplit

from aiohttp import web

_COOKIE, _PATH = "console_after", "/console/login"
_SECONDS = 3600
_EXPIRED = "!"
_LONGEST = 500
_PAGE = re.compile(r"/console/(?!/)[^\\\x00-\x20\x7f]*")
_NO_PAGES = ("/console/login", "/console/logout", "/console/live", "/console/static/", "/console/sw.js")


def page_of(address: str) -> str:
    """The page of ours that an address names; "" where it names none."""
    parts = urlsplit(address)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    fits = len(path) <= _LONGEST and _PAGE.fullmatch(path) and ".." not in path and "//" not in parts.path
    return path if fits and not path.startswith(_NO_PAGES) else ""


def remember(request: web.Request, answer: web.Response, *, expired: bool, secure: bool) -> None:
    """Keep where a request was going: its page, or the one that a form of ours was sent from."""
    navigates = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
    if request.method in ("GET", "HEAD"):
        page = page_of(str(request.rel_url)) if navigates else ""
    else:
        page = page_of(_own_referrer(request))
    if page and (page != "/console/" or expired):
        value = (_EXPIRED if expired else "") + quote(page, safe="/")
        answer.set_cookie(_COOKIE, value, path=_PATH, httponly=True, samesite="Lax", secure=secure, max_age=_SECONDS)


def kept(request: web.Request) -> tuple[str, bool]:
    """The page to go on to after signing in, "" for none; and whether somebody was signed in before."""
    value = request.cookies.get(_COOKIE, "")
    expired = value.startswith(_EXPIRED)
    return page_of(unquote(value.removeprefix(_EXPIRED))), expired


def forget(request: web.Request, answer: web.Response) -> None:
    if _COOKIE in request.cookies:
        answer.del_cookie(_COOKIE, path=_PATH)


def _own_referrer(request: web.Request) -> str:
    address = request.headers.get("Referer", "")
    try:
        return address if urlsplit(address).netloc == request.host else ""
    except ValueError:
        return ""
