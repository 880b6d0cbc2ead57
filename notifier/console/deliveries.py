"""What shops posted and was refused, for supervisors: why, and once more after a fix."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from notifier.console import paging
from notifier.console import scope as scopes
from notifier.console.dependencies import Dependencies
from notifier.console.refusals import Forbidden, Missing, PageRefusal
from notifier.console.render import Renderer
from notifier.console.security import FORM, NOT_YOURS, SESSION, STAFF, require_supervisor
from notifier.errors import NotifierError
from notifier.intake.replaying import ReplayOutcome
from notifier.store import audit
from notifier.store.audit import Act

REASONS: Mapping[int, str] = {
    200: "پذیرفته شد، ولی وضعیت سفارش برای ما ناشناخته بود و خبری به مشتری نرفت.",
    400: "محتوا خوانده نشد: متن JSON نبود.",
    401: "امضا درست نبود یا وقت آن گذشته بود؛ روشن نیست فرستنده خود فروشگاه باشد.",
    409: "این شناسه پیش‌تر با محتوای دیگری آمده بود.",
    413: "محتوا بزرگ‌تر از اندازهٔ مجاز بود و نگه داشته نشد.",
    415: "نوع محتوا JSON اعلام نشده بود.",
    422: "شکل رویداد درست نبود.",
}
_ADVICE: Mapping[int, str] = {
    200: "معنای این وضعیت را در تنظیمات فروشگاه بنویسید و دوباره بررسی کنید.",
    400: "فروشگاه باید درست‌شدهٔ آن را بفرستد.",
    401: "رمز وب‌هوک را در فروشگاه و در تنظیمات با هم بسنجید.",
    409: "با بررسی دوباره، شناسه‌ای جدا می‌گیرد و پذیرفته می‌شود.",
    413: "اندازهٔ مجاز را بیشتر کنید و از فروشگاه بخواهید دوباره بفرستد.",
    415: "فروشگاه باید Content-Type را application/json بفرستد.",
    422: "خطاها را ببینید. پس از رفع اشکال دوباره بررسی کنید، یا فروشگاه درست‌شده را بفرستد.",
}
SHORT: Mapping[int, str] = {
    200: "وضعیت ناشناخته",
    400: "ناخوانا",
    401: "امضای نادرست",
    409: "شناسهٔ تکراری",
    413: "بیش از اندازه بزرگ",
    415: "نوع نادرست",
    422: "شکل نادرست",
}
"""The reasons as buttons say them."""

_WRONG: Mapping[str, str] = {
    "missing": "نیامده است",
    "field required": "نیامده است",
    "valid string": "باید نوشته باشد",
    "valid integer": "باید عدد درست باشد",
    "valid number": "باید عدد باشد",
    "valid datetime": "باید تاریخ و ساعت باشد",
    "valid dictionary": "باید شیء JSON باشد",
    "valid list": "باید فهرست باشد",
    "phone": "شمارهٔ تلفن درست نیست",
    "timezone": "باید منطقهٔ زمانی داشته باشد",
    "at most": "بیش از اندازه بلند است",
    "longer than": "بیش از اندازه بلند است",
    "at least": "کمتر از اندازه است",
    "greater than": "کمتر از اندازه است",
    "less than": "بیش از اندازه است",
    "input should be": "از مقدارهای شناخته‌شده نیست",
    "line break": "نویسه‌های ناروا دارد",
}
"""Words of an error that say what is wrong, the first that fits; the error itself stands behind the fold."""


def wrong(error: Mapping[str, Any]) -> str:
    """One error of a delivery: which field, and what is wrong with it."""
    said = str(error.get("msg", "")).lower()
    why = next((persian for word, persian in _WRONG.items() if word in said), "درست نیست")
    where = ".".join(map(str, error.get("loc", ())))
    return f"«{where}» {why}" if where else f"محتوا {why}"


_BECAME: Mapping[ReplayOutcome, str] = {
    ReplayOutcome.TAKEN: "پذیرفته شد و کارهایش انجام می‌شود.",
    ReplayOutcome.KNOWN: "خبر تازه‌ای در آن نبود؛ از فهرست برداشته شد.",
}
_WHY_NOT: Mapping[ReplayOutcome, str] = {
    ReplayOutcome.REFUSED: "باز هم پذیرفته نشد. تا اشکال آن رفع نشود همین‌جا می‌ماند.",
    ReplayOutcome.UNTRUSTED: "امضای آن درست نبوده است. اگر می‌دانید فرستنده خود فروشگاه بوده، "
    "گزینهٔ اطمینان را علامت بزنید.",
    ReplayOutcome.INCOMPLETE: "محتوای کامل آن نگه داشته نشده است؛ از فروشگاه بخواهید دوباره بفرستد.",
}


class Deliveries:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/deliveries", self.show), web.post("/deliveries/{id}/replay", self.replay)]

    async def show(self, request: web.Request) -> web.Response:
        """The newest first, one status or all."""
        require_supervisor(request)
        asked = request.query.get("status", "")
        status = int(asked) if asked in map(str, REASONS) else None
        await self._deps.rejections.write()
        kept, end = await self._deps.replayer.book.page(status=status, after=paging.after(request), size=paging.SIZE)
        return await self._render.page(
            request,
            "deliveries.html",
            rows=[one for one in kept if scopes.of(request[STAFF]).shows(one.source)],
            asked=asked if status else "",
            reasons=REASONS,
            short=SHORT,
            wrong=wrong,
            todo=_ADVICE,
            fails={one.id: self._deps.replayer.refusal(one) for one in kept},
            end=end,
        )

    async def replay(self, request: web.Request) -> web.Response:
        """Take one again; unsigned ones only where somebody vouches for them."""
        require_supervisor(request)
        kept = await self._deps.replayer.book.get(request.match_info["id"])
        if kept is None:
            raise Missing("این مورد دیگر در فهرست نیست؛ شاید پیش‌تر بررسی شده است.")
        if not scopes.of(request[STAFF]).shows(kept.source):
            raise Forbidden(NOT_YOURS)
        try:
            entry = self._deps.entry(Act.DELIVERY_REPLAYED, request[STAFF].id, about=kept.source, more=kept.id)
            await audit.write(self._deps.redis, entry)
            result = await self._deps.replayer.replay(kept, trust=request[FORM].get("trust") == "yes")
        except NotifierError:
            raise PageRefusal("این بار نشد؛ چند لحظه دیگر دوباره امتحان کنید.") from None
        self._deps.wake()
        told = _BECAME.get(result.became) or f"انجام نشد: {_WHY_NOT[result.became]}"
        await self._deps.sessions.tell(request[SESSION], told)
        asked = request[FORM].get("status", "")
        query = f"?status={asked}" if asked in map(str, REASONS) else ""
        return web.Response(status=303, headers={"Location": f"/console/deliveries{query}"})
