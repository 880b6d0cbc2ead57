"""One's own account: the password, and the second factor."""

from aiohttp import web
from markupsafe import Markup
from msgspec.structs import replace

from notifier.console import second_factor
from notifier.console.accounts import CODE, allow_guess, hashed, prove_password
from notifier.console.attempts import Guesses
from notifier.console.dependencies import Dependencies
from notifier.console.refusals import PageRefusal
from notifier.console.render import Renderer
from notifier.console.security import FORM, SESSION, STAFF, must_have_second_factor
from notifier.console.sessions import stay
from notifier.console.staff_channels import me_page
from notifier.store.audit import Act
from notifier.store.staff import SecondFactor, Staff
from notifier.store.work import UnitOfWork

_CHANGED = "حساب شما در همین میان تغییر کرد؛ صفحه را تازه کنید و دوباره امتحان کنید."


class Me:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render, self._staff = deps, render, deps.calling.staff

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/me", self.me),
            web.post("/me/password", self.own_password),
            web.post("/me/second-factor", self.begin),
            web.get("/me/second-factor", self.enrolment),
            web.post("/me/second-factor/confirm", self.confirm),
            web.post("/me/second-factor/recovery", self.recovery),
            web.post("/me/second-factor/off", self.off),
        ]

    async def me(self, request: web.Request) -> web.Response:
        return await me_page(self._deps, self._render, request)

    async def own_password(self, request: web.Request) -> web.Response:
        """A new password; every browser is signed out."""
        me = request[STAFF]
        await prove_password(request, self._deps)
        password = await hashed(request[FORM].get("new", ""), (me.id, me.name, self._deps.shop_name))

        def changed(one: Staff, unit: UnitOfWork) -> Staff:
            self._require_unchanged(request, one)
            self._deps.entry(Act.PASSWORD_CHANGED, me.id, about=me.id).keep(unit)
            return replace(one, password=password).signed_out()

        await self._staff.change(me.id, changed)
        return web.Response(status=303, headers={"Location": "/console/login"})

    async def begin(self, request: web.Request) -> web.Response:
        """Make a secret for the app; nothing counts until a code of it came back."""
        await prove_password(request, self._deps)
        if request[STAFF].second is not None:
            raise PageRefusal("ورود دومرحله‌ای فعال است؛ برای گوشی تازه نخست غیرفعالش کنید.")
        await self._deps.sessions.enrol(request[SESSION], second_factor.new_secret())
        return _to("/console/me/second-factor")

    async def enrolment(self, request: web.Request) -> web.Response:
        """The picture for the app to read."""
        if not request[SESSION].enrolling:
            return _to("/console/me")
        return await self._enrolment(request)

    async def confirm(self, request: web.Request) -> web.Response:
        """A code proves that the app has the secret: from now on it is asked for, and recovery codes are shown once."""
        me, session, secret = request[STAFF], request[SESSION], request[SESSION].enrolling
        if not secret:
            raise PageRefusal("این کار از صفحهٔ حساب خودتان آغاز می‌شود.")
        await allow_guess(self._deps, CODE, me.id, request.remote or "")
        factor = second_factor.accepted(
            SecondFactor(secret=secret), request[FORM].get("code", ""), self._deps.clock.now()
        )
        if factor is None:
            return await self._enrolment(request, wrong=True)
        codes = second_factor.recovery_codes()
        ready = replace(factor, recovery=second_factor.hashes(codes, me.id))

        def enrolled(one: Staff, unit: UnitOfWork) -> Staff:
            self._require_unchanged(request, one)
            if one.second is not None:
                raise PageRefusal(_CHANGED)
            self._deps.entry(Act.SECOND_FACTOR_ON, me.id, about=me.id).keep(unit)
            after = replace(one, second=ready).signed_out()
            stay(session, after, unit)
            return after

        await self._staff.change(me.id, enrolled)
        await Guesses(self._deps.redis).forget(CODE, me.id)
        return await self._render.page(request, "recovery.html", codes=codes)

    async def recovery(self, request: web.Request) -> web.Response:
        """New recovery codes; the old ones are good no more."""
        me = request[STAFF]
        await prove_password(request, self._deps)
        codes = second_factor.recovery_codes()

        def renewed(one: Staff, unit: UnitOfWork) -> Staff:
            self._require_unchanged(request, one)
            if one.second is None:
                raise PageRefusal("ورود دومرحله‌ای غیرفعال است.")
            self._deps.entry(Act.RECOVERY_RENEWED, me.id, about=me.id).keep(unit)
            return replace(one, second=replace(one.second, recovery=second_factor.hashes(codes, me.id)))

        await self._staff.change(me.id, renewed)
        return await self._render.page(request, "recovery.html", codes=codes)

    async def off(self, request: web.Request) -> web.Response:
        """The password alone is enough again; other browsers are signed out."""
        me, session = request[STAFF], request[SESSION]
        if must_have_second_factor(me, self._deps):
            raise PageRefusal(
                "در این فروشگاه ورود دومرحله‌ای برای شما لازم است. اگر گوشی عوض شده، سرپرست آن را از نو می‌کند."
            )
        await prove_password(request, self._deps)

        def switched(one: Staff, unit: UnitOfWork) -> Staff:
            self._require_unchanged(request, one)
            self._deps.entry(Act.SECOND_FACTOR_OFF, me.id, about=me.id).keep(unit)
            after = replace(one, second=None).signed_out()
            stay(session, after, unit)
            return after

        await self._staff.change(me.id, switched)
        await self._deps.sessions.tell(session, "ورود دومرحله‌ای غیرفعال شد.")
        return _to("/console/me")

    async def _enrolment(self, request: web.Request, *, wrong: bool = False) -> web.Response:
        secret = request[SESSION].enrolling
        text = second_factor.address(secret, staff_id=request[STAFF].id, shop=self._deps.shop_name)
        return await self._render.page(
            request,
            "enrolment.html",
            status=422 if wrong else 200,
            picture=Markup(second_factor.picture(text)),
            secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
            address=text,
            wrong=wrong,
        )

    @staticmethod
    def _require_unchanged(request: web.Request, one: Staff) -> None:
        """What was proved on one account holds for no other. Raises Refused."""
        me = request[STAFF]
        if (one.epoch, one.password, one.active) != (me.epoch, me.password, True):
            raise PageRefusal(_CHANGED)


def _to(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address})
