"""Accounts of everybody, for supervisors."""

import re

from aiohttp import web
from msgspec.structs import replace

from notifier.console import csv_export, labels
from notifier.console.accounts import hashed
from notifier.console.csv_export import Column, Columns
from notifier.console.dependencies import Dependencies
from notifier.console.dialler import extension_given
from notifier.console.flashes import UndoForm
from notifier.console.refusals import AlreadyTaken, Missing, PageRefusal
from notifier.console.render import Renderer
from notifier.console.security import FORM, SESSION, STAFF, posted, require_supervisor
from notifier.domain import persian, phones
from notifier.store.audit import Act
from notifier.store.staff import Role, Staff
from notifier.store.work import UnitOfWork

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


_COLUMNS: Columns[Staff] = (
    Column("نام کاربری", lambda one: one.id),
    Column("نام", lambda one: one.name),
    Column("نقش", lambda one: labels.ROLES[one.role]),
    Column("تلفن", lambda one: one.phone),
    Column("داخلی", lambda one: one.extension),
    Column("حساب", lambda one: "فعال" if one.active else "غیرفعال"),
    Column("فروشگاه‌ها", lambda one: " ".join(one.sources) or "همه"),
    Column("ورود دومرحله‌ای", lambda one: "فعال" if one.second else "غیرفعال"),
)


_SWITCHES = {"off": "on", "on": "off"}
"""What is taken back by what."""

_DONE = {
    "role": "نقش {name} عوض شد.",
    "password": "گذرواژهٔ {name} عوض شد و از همهٔ دستگاه‌ها بیرون آمد.",
    "sign_out": "{name} از همهٔ دستگاه‌ها بیرون آمد.",
    "second_factor": "ورود دومرحله‌ای {name} از نو شد و از همهٔ دستگاه‌ها بیرون آمد.",
    "shops": "فروشگاه‌های {name} عوض شد؛ تماس‌های بعدی با آن سپرده می‌شود.",
    "extension": "داخلی {name} عوض شد.",
    "off": "حساب {name} غیرفعال شد و از همهٔ دستگاه‌ها بیرون آمد.",
    "on": "حساب {name} فعال شد.",
}


class People:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render, self._staff = deps, render, deps.calling.staff

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/staff", self.everybody),
            web.post("/staff", self.add),
            web.post("/staff/{id}", self.change),
        ]

    async def everybody(self, request: web.Request) -> web.StreamResponse:
        require_supervisor(request)
        if csv_export.wanted(request):
            return await csv_export.sheet(request, self._deps, "staff", _COLUMNS, await self._staff.all())
        people, shops = await self._staff.all(), self._deps.shops
        return await self._render.page(request, "staff.html", people=people, roles=list(Role), shops=shops)

    async def add(self, request: web.Request) -> web.Response:
        """A new member of staff."""
        require_supervisor(request)
        form = request[FORM]
        staff_id, name = persian.ascii_digits(form.get("id", "")).strip(), persian.tidy(form.get("name", ""))[:80]
        if not _ID.fullmatch(staff_id):
            raise PageRefusal("نام کاربری فقط حروف لاتین، رقم، نقطه، خط تیره و زیرخط دارد.")
        if not name:
            raise PageRefusal("نام همکار را بنویسید.")
        phone, role = _mobile(form.get("phone", "")), _role(form)
        if await self._staff.get(staff_id):
            raise _taken(staff_id)
        password = await hashed(form.get("password", ""), (staff_id, name, self._deps.shop_name))
        entry = self._deps.entry(Act.STAFF_ADDED, request[STAFF].id, about=staff_id, more=role)
        fresh = Staff(id=staff_id, name=name, phone=phone, role=role, password=password)
        if not await self._staff.add(fresh, entry.keep):
            raise _taken(staff_id)
        return await self._back(request, f"{name} اکنون می‌تواند وارد شود.")

    async def change(self, request: web.Request) -> web.Response:
        """Change a person's role or password, sign them out everywhere, end their second factor, switch on or off."""
        require_supervisor(request)
        form, me, staff = request[FORM], request[STAFF], await self._staff.get(request.match_info["id"])
        if staff is None:
            raise Missing("چنین همکاری نیست.")
        do, own = form.get("do"), staff.id == me.id
        if own and do in ("role", "off", "on", "second_factor"):
            raise PageRefusal("این کار را برای حساب خودتان نمی‌توانید؛ سرپرست دیگری باید انجام دهد.")
        role = _role(form) if do == "role" else staff.role
        about = (staff.id, staff.name, self._deps.shop_name)
        password = await hashed(form.get("password", ""), about) if do == "password" else ""
        shops = await self._shops(request) if do == "shops" else ()
        extension = extension_given(form.get("extension", "")) if do == "extension" else ""

        def changed(one: Staff, unit: UnitOfWork) -> Staff:
            if form.get("epoch", str(one.epoch)) != str(one.epoch) or (do in _SWITCHES and one.active == (do == "on")):
                raise AlreadyTaken("این حساب در این میان تغییر کرده است؛ صفحهٔ همکاران را دوباره ببینید.")
            match do:
                case "role":
                    act, more, after = Act.ROLE_CHANGED, f"{one.role} → {role}", replace(one, role=role)
                    if Role.COURIER in (one.role, role):  # what is open in their browsers is not theirs any more
                        after = after.signed_out()
                case "password":
                    act, more, after = Act.PASSWORD_CHANGED, "", replace(one, password=password).signed_out()
                case "sign_out":
                    act, more, after = Act.SIGNED_OUT_EVERYWHERE, "", one.signed_out()
                case "second_factor":
                    act, more, after = Act.SECOND_FACTOR_RESET, "", replace(one, second=None).signed_out()
                case "off":
                    act, more, after = Act.STAFF_OFF, "", replace(one, active=False).signed_out()
                case "on":
                    act, more, after = Act.STAFF_ON, "", replace(one, active=True)
                case "shops":
                    act, more, after = Act.SHOPS_CHANGED, " ".join(shops), replace(one, sources=shops)
                case "extension":
                    act, more, after = Act.EXTENSION_CHANGED, extension, replace(one, extension=extension)
                case _:
                    raise PageRefusal("این تغییر را نمی‌شناسیم؛ صفحه را تازه کنید.")
            self._deps.entry(act, me.id, about=one.id, more=more).keep(unit)
            return after

        after = await self._staff.change(staff.id, changed)
        undo, told = None, _DONE[do or ""].format(name=staff.name)
        if do in _SWITCHES and after is not None:
            undo = UndoForm(f"/console/staff/{staff.id}", {"do": _SWITCHES[do], "epoch": str(after.epoch)})
        if do == "off" and after is not None:
            told = await self._handed_over(after, me.id)
        if do == "role" and role is Role.COURIER and after is not None:
            told = await self._made_courier(after, me.id)
        return await self._back(request, told, undo=undo)

    async def _shops(self, request: web.Request) -> tuple[str, ...]:
        """The sources that are ticked; none where all are. Raises PageRefusal."""
        chosen = [str(one) for one in (await posted(request)).getall("source", [])]
        if set(chosen) - set(self._deps.sources):
            raise PageRefusal("چنین فروشگاهی نیست؛ صفحه را تازه کنید.")
        return tuple(one for one in self._deps.sources if one in chosen) if chosen else ()

    async def _handed_over(self, staff: Staff, by: str) -> str:
        """Have the calls of somebody who left be anybody's at once, and say so."""
        count = await self._deps.calling.handing.to_the_pool(staff.id, by)
        name = persian.tidy(staff.name)
        if not count:
            return f"حساب {name} غیرفعال شد؛ تماس بازی نداشت."
        return f"حساب {name} غیرفعال شد و {persian.digits(count)} تماس باز او بدون مسئول شد؛ همکاران خبردار می‌شوند."

    async def _made_courier(self, staff: Staff, by: str) -> str:
        """Have the calls of somebody who makes none any more be anybody's at once, and say so."""
        count = await self._deps.calling.handing.to_the_pool(staff.id, by)
        told = f"{persian.tidy(staff.name)} اکنون پیک است و از همهٔ دستگاه‌ها بیرون آمد."
        return f"{told} {persian.digits(count)} تماس باز او بدون مسئول شد." if count else told

    async def _back(self, request: web.Request, told: str, *, undo: UndoForm | None = None) -> web.Response:
        await self._deps.sessions.tell(request[SESSION], told, undo=undo)
        return web.Response(status=303, headers={"Location": "/console/staff"})


def _taken(staff_id: str) -> PageRefusal:
    return PageRefusal(f"نام کاربری {staff_id} گرفته شده است؛ نام دیگری انتخاب کنید.")


def _mobile(text: str) -> str:
    try:
        phone = phones.normalize(text)
    except phones.PhoneError:
        phone = ""
    if not phone or not phones.is_mobile(phone):
        raise PageRefusal("شمارهٔ همراه درست نیست؛ نمونه: ۰۹۱۲۳۴۵۶۷۸۹. یادآوری‌ها به آن پیامک می‌شود.")
    return phone


def _role(form: dict[str, str]) -> Role:
    if form.get("role") not in frozenset(Role):
        raise PageRefusal("نقش همکار را انتخاب کنید.")
    return Role(form["role"])
