"""The slots of delivery over the API: which there are, and what each has left."""

import re
from collections.abc import Collection
from datetime import date, timedelta

from aiohttp import web

from notifier.errors import Unprocessable
from notifier.intake.agreeing import Agreeing
from notifier.web import answers
from notifier.web.answers import SlotFacts, SlotList
from notifier.web.described import DocumentedAnswer, Parameter, describe

_LONGEST = 62  # days asked for at once
_FARTHEST = timedelta(days=400)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class SlotViews:
    """The list. ``regions`` are all that there are."""

    def __init__(self, agreeing: Agreeing, regions: Collection[str]) -> None:
        self._agreeing, self._regions = agreeing, regions

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/slots", self.slots)]

    @describe(
        "Slots of delivery and the places they have left",
        tag="orders",
        text="Every slot of some days, in order; none on days off. `offered` is whether it may be chosen now: it has a "
        "place left, and is neither too near nor too far. Without `[delivery]` slots the list is empty.",
        parameters=(
            Parameter(name="region", text="A region of `[regions]`", required=True),
            Parameter(
                name="from", text="The first day; today when left out", type={"type": "string", "format": "date"}
            ),
            Parameter(
                name="to",
                text=f"The last day, at most {_LONGEST} days on; when left out the last that is offered",
                type={"type": "string", "format": "date"},
            ),
        ),
        answers={200: DocumentedAnswer(text="The slots", models=(SlotList,))},
        problems=(401, 422, 503),
        security=("token",),
    )
    async def slots(self, request: web.Request) -> web.Response:
        """``?region=`` and a span of days."""
        region = request.query.get("region")
        if region is None or region not in self._regions:
            known = ", ".join(sorted(self._regions))
            raise Unprocessable(f"region must be one of {known}" + (f", not {region!r}." if region else "."))
        timetable = self._agreeing.timetable
        today = self._agreeing.clock.now().astimezone(timetable.zone).date()
        first = _day(request, "from") or today
        last = _day(request, "to") or max(first, today + timedelta(days=timetable.rules.horizon))
        if not today - _FARTHEST <= first <= today + _FARTHEST:
            raise Unprocessable(f"from must be a day within {_FARTHEST.days} days of today, not {first}.")
        if last < first:
            raise Unprocessable(f"to ({last}) is before from ({first}); send a later day.")
        if (last - first).days > _LONGEST:
            raise Unprocessable(f"from and to must be at most {_LONGEST} days apart; ask in several spans.")
        found = await self._agreeing.between(region, first, last)
        return answers.json(
            SlotList(
                items=[
                    SlotFacts(
                        date=one.slot.date,
                        from_=f"{one.slot.start:%H:%M}",
                        to=f"{one.slot.end:%H:%M}",
                        region=one.slot.region,
                        places=one.slot.places,
                        free=one.free,
                        offered=offered,
                    )
                    for one, offered in found
                ]
            )
        )


def _day(request: web.Request, name: str) -> date | None:
    given = request.query.get(name)
    if given is None:
        return None
    try:
        return date.fromisoformat(given if _DAY.fullmatch(given) else "")
    except ValueError:
        raise Unprocessable(f"{name} must be a day such as 2026-12-01 (Gregorian), not {given[:40]!r}.") from None
