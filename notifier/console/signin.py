"""Signing in, in one step or two, and out."""

import asyncio
from functools import cache

import structlog
from aiohttp import web
from msgspec.structs import replace

from notifier.console import passwords, returning, second_factor
from notifier.console.accounts import CODE, allow_guess
from notifier.console.attempts import Attempts, Guesses
from notifier.console.dependencies import Dependencies
from notifier.console.refusals import TooMany
from notifier.console.render import Renderer
from notifier.console.security import COOKIE, SESSION, STAFF, home_of, posted, secure
from notifier.console.sessions import HALFWAY, NoSuchAccount, Proof
from notifier.domain import persian
from notifier.store import audit
from notifier.store.audit import STRANGER, Act
from notifier.store.staff import Staff
from notifier.store.work import UnitOfWork

log = structlog.get_logger()

_STEP = "console_step"
"""The cookie of who has given a password and owes a code."""
_STEP_PATH = "/console/login"
_KNOWN = 7 * 24 * 3600
"""Seconds a browser keeps a session's cookie: longer than the session lasts, so that who comes back is told so."""


class _Changed(Exception):
    """The account is not the one any more whose password was given."""


class _WrongCode(Exception):
    """Neither a code of the app nor a recovery code."""


@cache
def _of_nobody() -> str:
    """A hash that takes as long to try as any, so that nobody can tell by the time who has an account."""
    return passwords.hashed("nobody has this password")


def _matches(password: str, stored: str | None) -> bool:
    return passwords.matches(password, stored or _of_nobody()) and stored is not None


class SignIn:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render
        self._attempts = Attempts(deps.redis)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/login", self.form),
            web.post("/login", self.sign_in),
            web.get("/login/code", self.code_form),
            web.post("/login/code", self.code),
            web.post("/logout", self.sign_out),
            web.post("/logout/everywhere", self.sign_out_everywhere),
        ]

    async def form(self, request: web.Request) -> web.Response:
        return await self._form(request)

    async def sign_in(self, request: web.Request) -> web.Response:
        """``username`` and ``password``: on to the calls or to the second step, or 401, or 429 after too many tries."""
        form = await posted(request)
        username = persian.ascii_digits(str(form.get("username", ""))).strip()[:64]
        password, address = str(form.get("password", "")), request.remote or ""
        staff = await self._deps.calling.staff.named(username)
        known = staff.id if staff else STRANGER  # somebody may have typed a password there
        account = username.casefold()  # another way to write a name is no further try
        if wait := await self._attempts.wait(account, address):
            log.warning("too many sign-ins", action="sign_in_limited", username=known, remote=address)
            await self._write_some(Act.SIGN_IN_LIMITED, known, address)
            minutes = persian.digits(-(-wait // 60))
            raise TooMany(
                f"چند بار پشت سر هم با این نام تلاش شده است. {minutes} دقیقهٔ دیگر دوباره امتحان کنید؛ "
                "اگر گذرواژه را فراموش کرده‌اید، سرپرست می‌تواند گذرواژهٔ تازه بدهد.",
                retry_after=wait,
            )
        stored = staff.password if staff and staff.active and staff.password else None
        matches = await asyncio.to_thread(_matches, password, stored)
        if not (matches and staff):
            log.info("sign-in refused", action="sign_in_refused", username=known, remote=address)
            await self._write_some(Act.SIGN_IN_FAILED, known, address)
            return await self._form(request, username=username, status=401, wrong=True)
        await self._attempts.forget(account, address)
        if staff.second is not None:
            answer = _to("/console/login/code")
            _set(request, answer, _STEP, await self._deps.sessions.begin(staff), path=_STEP_PATH, seconds=HALFWAY)
            return answer
        try:
            return await self._enter(request, staff.id, self._unchanged(staff.epoch, address))
        except _Changed:
            await self._write_some(Act.SIGN_IN_FAILED, known, address)
            return await self._form(request, username=username, status=401, wrong=True)

    async def code_form(self, request: web.Request) -> web.Response:
        """The second step, for who has taken the first."""
        if await self._deps.sessions.begun(request.cookies.get(_STEP, "")) is None:
            return _to("/console/login")
        return await self._render.page(request, "code.html", wrong=False)

    async def code(self, request: web.Request) -> web.Response:
        """``code``: of the app, or a recovery code; each is good once."""
        token, address = request.cookies.get(_STEP, ""), request.remote or ""
        begun = await self._deps.sessions.begun(token)
        if begun is None:
            return _to("/console/login")
        staff_id, epoch = begun
        given = str((await posted(request)).get("code", ""))
        await allow_guess(self._deps, CODE, staff_id, address)
        try:
            answer = await self._enter(request, staff_id, self._with_code(epoch, address, given, token))
        except _Changed:
            return _to("/console/login")
        except _WrongCode:
            log.info("code refused", action="sign_in_refused", username=staff_id, remote=address)
            await self._write_some(Act.SIGN_IN_FAILED, staff_id, address)
            return await self._render.page(request, "code.html", status=401, wrong=True)
        await Guesses(self._deps.redis).forget(CODE, staff_id)
        answer.del_cookie(_STEP, path=_STEP_PATH)
        return answer

    async def sign_out(self, request: web.Request) -> web.Response:
        await self._deps.sessions.end(request[SESSION])
        await audit.write(self._deps.redis, self._deps.entry(Act.SIGNED_OUT, request[STAFF].id))
        return _gone()

    async def sign_out_everywhere(self, request: web.Request) -> web.Response:
        """Every browser of this person."""
        me = request[STAFF]

        def ended(staff: Staff, unit: UnitOfWork) -> Staff:
            self._deps.entry(Act.SIGNED_OUT_EVERYWHERE, me.id, about=me.id).keep(unit)
            return staff.signed_out()

        await self._deps.calling.staff.change(me.id, ended)
        return _gone()

    def _unchanged(self, epoch: int, address: str) -> Proof:
        """The account as it was when the password was right, and needing no code."""

        def proof(staff: Staff, unit: UnitOfWork) -> Staff:
            if not staff.active or staff.epoch != epoch or staff.second is not None:
                raise _Changed
            self._deps.entry(Act.SIGNED_IN, staff.id, more=address).keep(unit)
            return staff

        return proof

    def _with_code(self, epoch: int, address: str, given: str, token: str) -> Proof:
        """The account as it was when the password was right, after this code, which is used up by it."""
        now = self._deps.clock.now()

        def proof(staff: Staff, unit: UnitOfWork) -> Staff:
            if not staff.active or staff.epoch != epoch or staff.second is None:
                raise _Changed
            after = second_factor.accepted(staff.second, given, now)
            if after is None:
                after = second_factor.recovered(staff.second, given, staff.id)
                if after is None:
                    raise _WrongCode
                self._deps.entry(Act.RECOVERY_USED, staff.id, about=staff.id).keep(unit)
            self._deps.sessions.complete(token, unit)
            self._deps.entry(Act.SIGNED_IN, staff.id, more=address).keep(unit)
            return replace(staff, second=after)

        return proof

    async def _enter(self, request: web.Request, staff_id: str, proof: Proof) -> web.Response:
        try:
            token = await self._deps.sessions.open(staff_id, proof)
        except NoSuchAccount:
            raise _Changed from None
        if old := request.cookies.get(COOKIE):
            session = await self._deps.sessions.find(old)
            if session:
                await self._deps.sessions.end(session)
        log.info("signed in", action="signed_in", staff=staff_id)
        page, _ = returning.kept(request)
        staff = await self._deps.calling.staff.get(staff_id)
        home = home_of(staff) if staff else "/console/"
        answer = _to(home if home != "/console/" else page or home)
        returning.forget(request, answer)
        _set(request, answer, COOKIE, token, path="/console", seconds=_KNOWN)
        return answer

    async def _write_some(self, act: Act, by: str, address: str) -> None:
        await audit.write_some(self._deps.redis, self._deps.entry(act, by, more=address))

    async def _form(
        self, request: web.Request, *, username: str = "", status: int = 200, wrong: bool = False
    ) -> web.Response:
        plain, (_, expired) = secure(request) and not request.secure, returning.kept(request)
        return await self._render.page(
            request, "login.html", status=status, username=username, wrong=wrong, unsafe=plain, expired=expired
        )


def _set(request: web.Request, answer: web.Response, name: str, token: str, *, path: str, seconds: int) -> None:
    answer.set_cookie(name, token, path=path, httponly=True, samesite="Lax", secure=secure(request), max_age=seconds)


def _to(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address})


def _gone() -> web.Response:
    answer = _to("/console/login")
    answer.del_cookie(COOKIE, path="/console")
    return answer
