"""The green button where the shop has an exchange, and recordings for supervisors."""

from aiohttp import web

from notifier.console import call_cards
from notifier.console.dependencies import Dependencies
from notifier.console.refusals import Forbidden, Missing, PageRefusal
from notifier.console.render import Renderer, moment
from notifier.console.security import FORM, NOT_YOURS, SESSION, STAFF, require_supervisor
from notifier.domain import jalali, persian
from notifier.domain.calls import Call
from notifier.domain.dialing import Placing
from notifier.store import audit
from notifier.store.audit import Act
from notifier.store.staff import Staff
from scheduler.book import CallHeld, StaleCall, UnknownCall
from scheduler.dialling import CannotDial, DialRefusal

_OWN_PHONE = "با گوشی خودتان زنگ بزنید"


def extension_of(deps: Dependencies, me: Staff) -> str | None:
    """From where somebody calls; None where there is no exchange, "" where they have no telephone at it."""
    return me.extension if deps.dialling else None


class DialPages:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/calls/{id}/dial", self.dial),
            web.get("/calls/{id}/recordings/{attempt}", self.recording),
        ]

    async def dial(self, request: web.Request) -> web.Response:
        """Take the call and have the exchange ring; the card is next, with what became of it."""
        call, me = await self._theirs(request), request[STAFF]
        said, warns = await self._dialled(request, call.id, me)
        await self._deps.sessions.tell(request[SESSION], said, warns=warns, about=call.id)
        return web.Response(status=303, headers={"Location": f"/console/calls/{call.id}"})

    async def _dialled(self, request: web.Request, call_id: str, me: Staff) -> tuple[str, bool]:
        if self._deps.dialling is None:
            return f"مرکز تلفنی تنظیم نشده است؛ {_OWN_PHONE}.", True
        try:
            form = request[FORM]
            done = await self._deps.dialling.dial(call_id, me, seen=call_cards.lines_seen(form))
        except CannotDial as cannot:
            return _why_not(cannot), True
        except StaleCall as stale:
            return await call_cards.said_of(self._deps, stale.entry, me.id), True
        except CallHeld:
            return "این تماس را همکار دیگری برداشته یا به پایان رسیده است؛ شماره گرفته نشد.", True
        except UnknownCall:
            raise _gone() from None
        match done.placed.placing:
            case Placing.TAKEN:
                extension = persian.digits(done.attempt.extension)
                return f"گوشی داخلی {extension} زنگ می‌خورد؛ بردارید تا مشتری گرفته شود.", False
            case Placing.REFUSED:
                return f"مرکز تلفن نپذیرفت و هیچ گوشی‌ای زنگ نمی‌خورد؛ {_OWN_PHONE}.", True
        return f"پاسخ مرکز تلفن نرسید. اگر گوشی داخلی زنگ نخورد، {_OWN_PHONE}.", True

    async def recording(self, request: web.Request) -> web.Response:
        """On to what was recorded, which is written down."""
        require_supervisor(request)
        call, wanted = await self._theirs(request), request.match_info["attempt"]
        attempt = next((one for one in call.dials if one.id == wanted and one.recording), None)
        if attempt is None:
            raise Missing("صدای ضبط‌شده‌ای از این تماس نداریم.")
        entry = self._deps.entry(Act.RECORDING_OPENED, request[STAFF].id, about=call.id, more=attempt.id)
        await audit.write(self._deps.redis, entry)
        return web.Response(status=303, headers={"Location": attempt.recording, "Referrer-Policy": "no-referrer"})

    async def _theirs(self, request: web.Request) -> Call:
        stored = await self._deps.reader.call(request.match_info["id"])
        if stored is None:
            raise _gone()
        if not request[STAFF].may_make(stored.call):
            raise Forbidden(NOT_YOURS)
        return stored.call


def _why_not(cannot: CannotDial) -> str:
    match cannot.why:
        case DialRefusal.NO_EXTENSION:
            return f"داخلی شما ثبت نشده است؛ از سرپرست بخواهید. تا آن زمان {_OWN_PHONE}."
        case DialRefusal.NO_PHONE:
            return "شماره‌ای از این مشتری نداریم؛ در سفارش فروشگاه ببینید."
    until = jalali.time_of(moment(cannot.until))
    return f"از تماس پیشین هنوز خبری نرسیده است؛ تا ساعت {until} صبر کنید یا {_OWN_PHONE}."


def _gone() -> Missing:
    return Missing("این تماس پیدا نشد؛ شاید پاک شده باشد.")


def extension_given(text: str) -> str:
    """An extension as somebody typed it; "" takes it away. Raises PageRefusal."""
    found = persian.ascii_digits(text).strip()
    if found and not (found.isascii() and found.isdigit() and len(found) <= 15):
        raise PageRefusal("داخلی تنها رقم دارد، حداکثر ۱۵ رقم؛ نمونه: ۲۰۱.")
    return found
