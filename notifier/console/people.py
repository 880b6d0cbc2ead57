"""Accounts: one's own, and for supervisors everybody's."""

import asyncio
import re

from aiohttp import web
from msgspec.structs import replace

from notifier import passwords
from notifier.console import sheets, words
from notifier.console.parts import Parts
from notifier.console.refusals import Missing, Refused
from notifier.console.render import Renderer
from notifier.console.security import FORM, SESSION, STAFF, require_supervisor
from notifier.domain import persian, phones
from notifier.store.staff import Role, Staff

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class People:
    def __init__(self, parts: Parts, render: Renderer) -> None:
        self._parts, self._render, self._staff = parts, render, parts.calling.staff

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/me", self.me),
            web.post("/me/password", self.own_password),
            web.get("/staff", self.everybody),
            web.post("/staff", self.add),
            web.post("/staff/{id}", self.change),
        ]

    async def me(self, request: web.Request) -> web.Response:
        return await self._render.page(request, "me.html")

    async def own_password(self, request: web.Request) -> web.Response:
        """A new password; every other browser is signed out."""
        form, me = request[FORM], request[STAFF]
        if not await asyncio.to_thread(passwords.matches, form.get("old", "")[:1024], me.password):
            raise Refused("گذرواژهٔ کنونی درست نیست.")
        await self._staff.put(replace(me, password=await _hashed(form.get("new", ""))))
        await self._parts.sessions.end_all(me.id)
        return web.Response(status=303, headers={"Location": "/console/login"})

    async def everybody(self, request: web.Request) -> web.StreamResponse:
        require_supervisor(request)
        if sheets.wanted(request):
            head = ("نام کاربری", "نام", "نقش", "تلفن", "حساب")
            return await sheets.sheet(request, self._parts, "staff", head, map(_row, await self._staff.all()))
        return await self._render.page(request, "staff.html", people=await self._staff.all(), roles=list(Role))

    async def add(self, request: web.Request) -> web.Response:
        """A new member of staff."""
        require_supervisor(request)
        form = request[FORM]
        staff_id, name = persian.ascii_digits(form.get("id", "")).strip(), persian.tidy(form.get("name", ""))[:80]
        if not _ID.fullmatch(staff_id):
            raise Refused("نام کاربری فقط حروف لاتین، رقم، نقطه، خط تیره و زیرخط دارد.")
        if not name:
            raise Refused("نام همکار را بنویسید.")
        if await self._staff.get(staff_id):
            raise Refused(f"نام کاربری {staff_id} گرفته شده است؛ نام دیگری انتخاب کنید.")
        await self._staff.put(
            Staff(
                id=staff_id,
                name=name,
                phone=_mobile(form.get("phone", "")),
                role=_role(form),
                password=await _hashed(form.get("password", "")),
            )
        )
        return await self._back(request, f"{name} اکنون می‌تواند وارد شود.")

    async def change(self, request: web.Request) -> web.Response:
        """Another role, a new password, signed out everywhere, or off."""
        require_supervisor(request)
        form, staff = request[FORM], await self._staff.get(request.match_info["id"])
        if staff is None:
            raise Missing("چنین همکاری نیست.")
        do, own = form.get("do"), staff.id == request[STAFF].id
        match do:
            case "role" if not own:
                await self._staff.put(replace(staff, role=_role(form)))
            case "password":
                await self._staff.put(replace(staff, password=await _hashed(form.get("password", ""))))
                await self._parts.sessions.end_all(staff.id)
            case "sign_out":
                await self._parts.sessions.end_all(staff.id)
            case "off" if not own:
                await self._staff.put(replace(staff, active=False))
                await self._parts.sessions.end_all(staff.id)
            case "on":
                await self._staff.put(replace(staff, active=True))
            case _:
                raise Refused("این کار را برای حساب خودتان نمی‌توانید؛ سرپرست دیگری باید انجام دهد.")
        return await self._back(request, "انجام شد.")

    async def _back(self, request: web.Request, told: str) -> web.Response:
        await self._parts.sessions.tell(request[SESSION], told)
        return web.Response(status=303, headers={"Location": "/console/staff"})


def _row(one: Staff) -> sheets.Row:
    return one.id, one.name, words.ROLES[one.role], one.phone, "روشن" if one.active else "خاموش"


def _mobile(text: str) -> str:
    try:
        phone = phones.normalize(text)
    except phones.PhoneError:
        phone = ""
    if not phone or not phones.is_mobile(phone):
        raise Refused("شمارهٔ همراه درست نیست؛ نمونه: ۰۹۱۲۳۴۵۶۷۸۹. یادآوری‌ها به آن پیامک می‌شود.")
    return phone


def _role(form: dict[str, str]) -> Role:
    if form.get("role") not in frozenset(Role):
        raise Refused("نقش همکار را انتخاب کنید.")
    return Role(form["role"])


async def _hashed(password: str) -> str:
    if len(password) > 1024:
        raise Refused("گذرواژه بیش از اندازه بلند است.")
    try:
        return await asyncio.to_thread(passwords.hashed, password)
    except ValueError:
        shortest = persian.digits(passwords.SHORTEST)
        raise Refused(f"گذرواژه دست‌کم {shortest} نویسه می‌خواهد و نباید از گذرواژه‌های رایج باشد.") from None
