"""Switching the pushes to this very browser on and off, by a script of the page of one's own account."""

from aiohttp import web

from notifier.channels.web_push import notices, subscriptions
from notifier.channels.web_push.notices import PushNotice
from notifier.channels.web_push.subscriptions import PushSubscriptions, UnusableSubscription, digest_of
from notifier.console.dependencies import Dependencies
from notifier.console.refusals import PageRefusal
from notifier.console.render import Renderer
from notifier.console.security import FORM, STAFF
from notifier.domain.decide import derived_id
from notifier.store import work
from notifier.store.audit import Act
from notifier.store.work import UnitOfWork


class PushPages:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps = deps

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/me/push", self.on), web.post("/me/push/off", self.off)]

    async def on(self, request: web.Request) -> web.Response:
        """Push to the browser that asks; the first push says so, and thereby shows that it works."""
        me, now, push = request[STAFF], self._deps.now(), self._deps.config.console.push
        if push is None:
            raise PageRefusal("اعلان روی گوشی در تنظیمات این فروشگاه فعال نیست؛ به مسئول فنی بگویید.")
        try:
            new = subscriptions.read(request[FORM], staff=me, at=now, own=push.services)
        except UnusableSubscription:
            raise PageRefusal("این مرورگر نشانی‌ای برای اعلان داد که پذیرفته نیست.") from None
        book = PushSubscriptions(self._deps.redis)
        known = next((one for one in await book.of(me) if one.endpoint == new.endpoint), None)
        if known is not None and (known.public, known.auth) == (new.public, new.auth):
            return web.Response(status=204)
        unit = UnitOfWork()
        self._deps.entry(Act.PUSH_ON, me.id, about=me.id).keep(unit)
        await book.add(new, unit)
        await self._greet(new.digest, me.id, now)
        return web.Response(status=204)

    async def off(self, request: web.Request) -> web.Response:
        """Push there no more; who has it is nobody else."""
        me, book = request[STAFF], PushSubscriptions(self._deps.redis)
        digest = digest_of(request[FORM].get("endpoint", ""))
        if any(one.digest == digest and one.staff == me.id for one in await book.all()):
            unit = UnitOfWork()
            self._deps.entry(Act.PUSH_OFF, me.id, about=me.id).keep(unit)
            await book.remove(digest, unit)
        return web.Response(status=204)

    async def _greet(self, browser: str, staff_id: str, now: int) -> None:
        unit = UnitOfWork()
        notice = PushNotice(
            id=derived_id("push", browser, str(now)),
            staff=staff_id,
            title="اعلان‌ها فعال شد",
            body="از این پس وقت تماس‌ها روی همین دستگاه هم خبر داده می‌شود.",
            path="/console/",
            at=now,
            left=(browser,),
        )
        notices.queue(unit, self._deps.reader.everywhere[0], notice)
        await work.commit(self._deps.redis, [unit])
