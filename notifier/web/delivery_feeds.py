"""Deliveries as a calendar, at addresses that are their own passwords."""

import hmac
from datetime import date

from aiohttp import web

from notifier.errors import NotFound
from notifier.store import door_list
from notifier.store.reading import Reader
from notifier.store.staff import Role, Staff
from notifier.web.described import DocumentedAnswer, describe
from scheduler.calling import Calling
from scheduler.delivery_feed import delivery_feed


class DeliveryFeeds:
    def __init__(self, calling: Calling, reader: Reader) -> None:
        self._calling, self._reader = calling, reader

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/calendar/{staff}/{token}/deliveries.ics", self.today),
            web.get("/calendar/{staff}/{token}/deliveries/{date}.ics", self.of_day),
        ]

    @describe(
        "Today's deliveries as a calendar",
        tag="calls",
        text="For calendar programs. The address is its own password: «حساب من» or `notifier staff feed ID` makes it.",
        answers={200: DocumentedAnswer(text="iCalendar", media="text/calendar")},
        problems=(404, 503),
    )
    async def today(self, request: web.Request) -> web.Response:
        """The agreed times of today."""
        return await self._calendar(self._today(), await self._of(request))

    @describe(
        "A day's deliveries as a calendar",
        tag="calls",
        text="At the same secret address; a courier has today's alone. The day is written as `2026-12-01`.",
        answers={200: DocumentedAnswer(text="iCalendar", media="text/calendar")},
        problems=(404, 503),
    )
    async def of_day(self, request: web.Request) -> web.Response:
        """The agreed times of one day."""
        staff, given = await self._of(request), request.match_info["date"]
        try:
            day = date.fromisoformat(given)
        except ValueError:
            raise NotFound("There is no such day; write it as 2026-12-01.") from None
        if staff.role is Role.COURIER and day != self._today():
            raise NotFound("A courier has the deliveries of today alone.")
        return await self._calendar(day, staff)

    async def _of(self, request: web.Request) -> Staff:
        """Whose address this is. Raises NotFound."""
        staff = await self._calling.staff.get(request.match_info["staff"])
        given = request.match_info["token"].encode(errors="surrogateescape")
        if not (staff and staff.active and staff.feed and hmac.compare_digest(given, staff.feed.encode())):
            raise NotFound(
                "There is no calendar at this address: it was renewed or ended; «حساب من» shows the one that holds."
            )
        return staff

    async def _calendar(self, day: date, staff: Staff) -> web.Response:
        orders = [one for one in (await door_list.read(self._reader, day)).agreed if staff.serves((one.source,))]
        calendar, now = self._calling.book.calendar, self._calling.book.clock.now()
        body = delivery_feed(
            orders, day, now=now, zone=calendar.zone, shop=self._calling.texts.rulebook.shops.main.name
        )
        return web.Response(body=body, content_type="text/calendar", charset="utf-8")

    def _today(self) -> date:
        return self._calling.book.clock.now().astimezone(self._calling.book.calendar.zone).date()
