"""Signing in and out."""

import asyncio
from functools import cache

import structlog
from aiohttp import web

from notifier import passwords
from notifier.console.attempts import Attempts
from notifier.console.parts import Parts
from notifier.console.refusals import TooMany
from notifier.console.render import Renderer
from notifier.console.security import COOKIE, SESSION, STAFF, posted, secure
from notifier.console.sessions import LIFETIME
from notifier.domain import persian

log = structlog.get_logger()

_LONGEST = 1024  # of a password: hashing more is work for nothing


@cache
def _of_nobody() -> str:
    """A hash that takes as long to try as any, so that nobody can tell by the time who has an account."""
    return passwords.hashed("nobody has this password")


def _matches(password: str, stored: str | None) -> bool:
    return passwords.matches(password, stored or _of_nobody()) and stored is not None


class SignIn:
    def __init__(self, parts: Parts, render: Renderer) -> None:
        self._parts, self._render = parts, render
        self._attempts = Attempts(parts.redis)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/login", self.form),
            web.post("/login", self.sign_in),
            web.post("/logout", self.sign_out),
            web.post("/logout/everywhere", self.sign_out_everywhere),
        ]

    async def form(self, request: web.Request) -> web.Response:
        return await self._form(request)

    async def sign_in(self, request: web.Request) -> web.Response:
        """``username`` and ``password``: on to the calls, or 401, or 429 after too many tries."""
        form = await posted(request)
        username = persian.ascii_digits(str(form.get("username", ""))).strip()[:64]
        password, address = str(form.get("password", "")), request.remote or ""
        if wait := await self._attempts.wait(username, address):
            log.warning("too many sign-ins", action="sign_in_limited", remote=address)
            minutes = persian.digits(-(-wait // 60))
            raise TooMany(
                f"چند بار پشت سر هم با این نام تلاش شده است. {minutes} دقیقهٔ دیگر دوباره امتحان کنید؛ "
                "اگر گذرواژه را فراموش کرده‌اید، سرپرست می‌تواند گذرواژهٔ تازه بدهد.",
                retry_after=wait,
            )
        staff = await self._parts.calling.staff.get(username)
        stored = staff.password if staff and staff.active and staff.password else None
        matches = len(password) <= _LONGEST and await asyncio.to_thread(_matches, password, stored)
        if not (matches and staff):
            # No name that is nobody's: people type their password there.
            log.info("sign-in refused", action="sign_in_refused", staff=staff.id if staff else None, remote=address)
            return await self._form(request, username=username, status=401, wrong=True)
        await self._attempts.forget(username, address)
        if old := request.cookies.get(COOKIE):
            session = await self._parts.sessions.find(old)
            if session:
                await self._parts.sessions.end(session)
        token = await self._parts.sessions.open(staff.id)
        log.info("signed in", action="signed_in", staff=staff.id)
        answer = web.Response(status=303, headers={"Location": "/console/"})
        answer.set_cookie(
            COOKIE, token, path="/console", httponly=True, samesite="Lax", secure=secure(request), max_age=LIFETIME
        )
        return answer

    async def sign_out(self, request: web.Request) -> web.Response:
        await self._parts.sessions.end(request[SESSION])
        return _gone()

    async def sign_out_everywhere(self, request: web.Request) -> web.Response:
        """Every browser of this person."""
        await self._parts.sessions.end_all(request[STAFF].id)
        return _gone()

    async def _form(
        self, request: web.Request, *, username: str = "", status: int = 200, wrong: bool = False
    ) -> web.Response:
        plain = secure(request) and not request.secure
        return await self._render.page(
            request, "login.html", status=status, username=username, wrong=wrong, unsafe=plain
        )


def _gone() -> web.Response:
    answer = web.Response(status=303, headers={"Location": "/console/login"})
    answer.del_cookie(COOKIE, path="/console")
    return answer
