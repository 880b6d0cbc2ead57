"""The page of alerts: when what was told, whether it is over, who took note of it, and where to see to it."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from notifier.console.dependencies import Dependencies
from notifier.console.refusals import Missing
from notifier.console.render import Renderer
from notifier.console.security import FORM, STAFF, require_supervisor
from notifier.sms.alerts import LASTING, AlertLine, OpenAlert, SeenAlert, mark_seen
from notifier.store import audit
from notifier.store import keys as names
from notifier.store.audit import Act
from notifier.store.records import decode, ms

_SHOWN = 100
_LINES = 1000  # that are kept

_ABOUT = {
    "credit_low": ("/console/owner", "هزینه‌ها"),
    "paused": ("/console/messages", "پیامک‌ها"),
    "held": ("/console/messages", "پیامک‌های منتظر"),
    "held_rial_day": ("/console/messages", "پیامک‌های منتظر"),
    "held_number_hour": ("/console/messages", "پیامک‌های منتظر"),
    "held_number_day": ("/console/messages", "پیامک‌های منتظر"),
    "held_number_day_essential": ("/console/messages", "پیامک‌های منتظر"),
    "held_country": ("/console/messages", "پیامک‌های منتظر"),
    "rial_day_nearly": ("/console/owner", "هزینه‌ها"),
    "silence": ("/console/deliveries", "وب‌هوک‌ها"),
    "catch_up": ("/console/deliveries", "وب‌هوک‌ها"),
    "carrier": ("/console/deliveries", "وب‌هوک‌ها"),
    "deposit_unmatched": ("/console/deposits", "واریزها"),
    "templates": ("/console/texts", "متن‌ها"),
    "bot_down": ("/console/me#channels", "راه‌های خبر"),
}
"""By kind of trouble the page on which to see to it, and what that is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """One alert. ``over_at`` (unix ms) is when it ended, ``goes_on`` says that it did not yet and will."""

    id: str
    at: int
    text: str
    over_at: int | None
    over_text: str
    goes_on: bool
    seen: SeenAlert | None
    seen_by: str
    link: tuple[str, str] | None


class AlertPages:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/alerts", self.show), web.post("/alerts/seen", self.seen)]

    async def show(self, request: web.Request) -> web.Response:
        """The latest first."""
        require_supervisor(request)
        return await self._render.page(request, "alerts.html", alerts=await rows(self._deps, most=_SHOWN))

    async def seen(self, request: web.Request) -> web.Response:
        """Somebody took note; the first is written down."""
        require_supervisor(request)
        me, alert = request[STAFF], request[FORM].get("alert", "")[:64]
        known = {row.id for row in await rows(self._deps, most=_LINES)}
        if not alert or alert not in known:
            raise Missing("این هشدار دیگر در فهرست نیست؛ صفحه را تازه کنید.")
        if await mark_seen(self._deps.redis, alert, me.id, self._deps.now()):
            await audit.write(self._deps.redis, self._deps.entry(Act.ALERT_SEEN, me.id, about=alert))
        return web.Response(status=303, headers={"Location": "/console/alerts"})


async def rows(deps: Dependencies, *, most: int) -> list[AlertRow]:
    """The latest alerts, in one round trip."""
    pipeline = deps.redis.pipeline(transaction=False)
    pipeline.lrange(names.ALERTS, 0, _LINES - 1)
    pipeline.hgetall(names.ALERTS_OPEN)
    pipeline.hgetall(names.ALERTS_SEEN)
    raws, open_raws, seen_raws = await pipeline.execute()
    lines = [decode(raw, AlertLine) for raw in raws]
    ended = {line.id: line for line in lines if line.over}
    opened = {one.id for raw in open_raws.values() if not (one := decode(raw, OpenAlert)).over}
    seen: dict[str, SeenAlert] = {key.decode(): decode(raw, SeenAlert) for key, raw in seen_raws.items()}
    people: Any = {one.id: one.name for one in await deps.calling.staff.all()} if seen else {}
    found = []
    for line in [one for one in lines if not one.over][:most]:
        end, noted = ended.get(line.id) if line.id else None, seen.get(line.id)
        found.append(
            AlertRow(
                id=line.id,
                at=ms(line.at),
                text=line.text,
                over_at=ms(end.at) if end else None,
                over_text=end.text if end else "",
                goes_on=line.id in opened and line.kind.partition(":")[0] in LASTING,
                seen=noted,
                seen_by=people.get(noted.by, noted.by) if noted else "",
                link=_ABOUT.get(line.kind.partition(":")[0]),
            )
        )
    return found
