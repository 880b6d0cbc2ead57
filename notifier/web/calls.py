"""Calls over HTTP: the lists, claiming, reporting and putting off, and each one's calendar."""

import hmac
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from notifier.domain.calls import OPEN, Call, CallState
from notifier.errors import Conflict, NotFound, Unprocessable
from notifier.store.reading import Page, Reader, StoredCall
from notifier.store.records import ms
from notifier.store.staff import Staff
from notifier.web import answers, bodies, queries
from notifier.web.described import Body, DocumentedAnswer, Parameter, describe
from scheduler import ical
from scheduler.book import CallHeld, UnknownCall
from scheduler.calling import Calling
from scheduler.outcomes import Deposit, Report, Satisfaction, UnclearReport
from scheduler.rules import Outcome

T = TypeVar("T")

_FARTHEST = timedelta(days=366)
_ROUNDS = 20
"""Pages looked through at most for calls of one of the staff that are over."""

_By = Annotated[str, Field(min_length=1, max_length=64)]
_Note = Annotated[str, Field(max_length=2000)]


class ClaimBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    by: _By


class SnoozeBody(ClaimBody):
    at: AwareDatetime
    note: _Note = ""


class OutcomeBody(ClaimBody):
    outcome: Outcome
    note: _Note = ""
    at: AwareDatetime | None = None
    deposit: Deposit | None = None
    satisfaction: Satisfaction | None = None
    order_id: Annotated[str, Field(max_length=200)] | None = None


class CallViews:
    """What the API says and does about calls."""

    def __init__(self, calling: Calling, reader: Reader) -> None:
        self._calling, self._reader, self._book = calling, reader, calling.book

    def routes(self) -> list[web.RouteDef]:
        """To be added to /api."""
        return [
            web.get("/calls", self.calls),
            web.get("/calls/{id}", self.call),
            web.post("/calls/{id}/claim", self.claim),
            web.post("/calls/{id}/outcome", self.outcome),
            web.post("/calls/{id}/snooze", self.snooze),
        ]

    @describe(
        "Calls, newest first",
        tag="calls",
        parameters=(
            Parameter(name="state", text="Only those in this state", type=CallState),
            Parameter(name="assignee", text="Only those of this member of staff"),
            *queries.PAGING,
        ),
        answers={200: DocumentedAnswer(text="A page", models=(answers.CallList,))},
        problems=(401, 422, 503),
        security=("token",),
    )
    async def calls(self, request: web.Request) -> web.Response:
        """``?state=`` and ``?assignee=`` narrow the list."""
        state, assignee = queries.choice(request, "state", CallState), request.query.get("assignee")
        everywhere = self._reader.everywhere
        if assignee is None or state not in OPEN:
            sets = [(keys, keys.calls(one)) for keys in everywhere for one in ([state] if state else list(CallState))]
        else:
            sets = [(keys, keys.assigned(assignee)) for keys in everywhere]
        size, after = queries.size(request), queries.cursor(request)
        items: list[answers.CallFacts] = []
        for _ in range(_ROUNDS if assignee is not None else 1):
            page: Page = await self._reader.page(sets, after=after, size=size - len(items))
            items += [
                answers.call(stored)
                for stored in await self._reader.calls(page.members)
                if state in (None, stored.state) and assignee in (None, stored.call.assignee)
            ]
            after = page.end
            if after is None or len(items) == size:
                break
        return answers.json(answers.CallList(items=items, next_cursor=queries.next_cursor(after)))

    @describe(
        "One call with its brief",
        tag="calls",
        answers={200: DocumentedAnswer(text="The call", models=(answers.CallWithBrief,))},
        problems=(401, 404, 503),
        security=("token",),
    )
    async def call(self, request: web.Request) -> web.Response:
        """One call with its brief."""
        call_id = request.match_info["id"]
        stored = await self._reader.call(call_id)
        if stored is None:
            raise NotFound(f"There is no call {call_id!r}.")
        return answers.json(await self._whole(stored))

    @describe(
        "Take a call for a while",
        tag="calls",
        bodies=(Body(models=(ClaimBody,), examples={"usual": {"by": "maryam"}}),),
        answers={200: DocumentedAnswer(text="The call as it now is", models=(answers.CallWithBrief,))},
        problems=(400, 401, 404, 408, 409, 413, 415, 422, 503),
        security=("token",),
    )
    async def claim(self, request: web.Request) -> web.Response:
        """Take a call for a while."""
        call_id, body = request.match_info["id"], await bodies.read(request, ClaimBody)
        await self._known(call_id, body.by)
        return answers.json(await self._whole(await _answered(self._book.claim(call_id, body.by))))

    @describe(
        "Put a call off",
        tag="calls",
        bodies=(Body(models=(SnoozeBody,), examples={"usual": {"by": "maryam", "at": "2026-11-24T10:00:00+03:30"}}),),
        answers={200: DocumentedAnswer(text="The call as it now is", models=(answers.CallWithBrief,))},
        problems=(400, 401, 404, 408, 409, 413, 415, 422, 503),
        security=("token",),
    )
    async def snooze(self, request: web.Request) -> web.Response:
        """Put a call off; the time stands as it is named."""
        call_id, body = request.match_info["id"], await bodies.read(request, SnoozeBody)
        await self._known(call_id, body.by)
        self._in_future(body.at)
        stored = await _answered(self._book.snooze(call_id, body.by, body.at.astimezone(UTC), body.note))
        return answers.json(await self._whole(stored))

    @describe(
        "What came of a call",
        tag="calls",
        bodies=(Body(models=(OutcomeBody,), examples={"usual": {"by": "maryam", "outcome": "no_answer", "note": ""}}),),
        answers={200: DocumentedAnswer(text="The call as it now is", models=(answers.CallReported,))},
        problems=(400, 401, 404, 408, 409, 413, 415, 422, 503),
        security=("token",),
    )
    async def outcome(self, request: web.Request) -> web.Response:
        """What came of a call; the answer has the call, and under ``next`` the one to make now."""
        call_id, body = request.match_info["id"], await bodies.read(request, OutcomeBody)
        me = await self._known(call_id, body.by)
        if body.at is not None:
            if body.outcome is not Outcome.CALLBACK:
                raise Unprocessable(f"at goes with the outcome callback, not with {body.outcome}; leave it out.")
            self._in_future(body.at)
        report = Report(
            by=body.by,
            outcome=body.outcome,
            note=body.note,
            at=ms(body.at) if body.at else None,
            deposit=body.deposit,
            satisfaction=body.satisfaction,
            order_id=body.order_id,
        )
        stored = await _answered(self._calling.reporting.report(call_id, report))
        following = await self._book.next_for(me)
        found = await self._reader.call(following.id) if following else None
        whole, upcoming = await self._whole(stored), await self._whole(found) if found else None
        return answers.json(answers.CallReported.of(whole, next=upcoming))

    @describe(
        "Somebody's calls as a calendar",
        tag="calls",
        text="For calendar programs. The address is its own password: «حساب من» or `notifier staff feed ID` makes it.",
        answers={200: DocumentedAnswer(text="iCalendar", media="text/calendar")},
        problems=(404, 503),
    )
    async def feed(self, request: web.Request) -> web.Response:
        """Somebody's calls as a calendar, at an address that is its own password."""
        staff = await self._calling.staff.get(request.match_info["staff"])
        given = request.match_info["token"].encode(errors="surrogateescape")
        if not (staff and staff.active and staff.feed and hmac.compare_digest(given, staff.feed.encode())):
            raise NotFound(
                "There is no calendar at this address: it was renewed or ended; «حساب من» shows the one that holds."
            )
        calls = await self._book.assigned_to(staff.id)
        briefs = {call.id: await self._brief(call) for call in calls}
        body = ical.feed(
            staff, calls, briefs, now=self._book.clock.now(), shop=self._calling.texts.rulebook.shops.main.name
        )
        return web.Response(body=body, content_type="text/calendar", charset="utf-8")

    async def _whole(self, stored: StoredCall) -> answers.CallWithBrief:
        return answers.CallWithBrief.of(answers.call(stored), brief=await self._brief(stored.call))

    async def _brief(self, call: Call) -> str:
        orders = {}
        for place in {(reason.source, reason.order_id) for reason in call.reasons if reason.order_id}:
            if (order := await self._reader.order(*place)) is not None:
                orders[place] = order
        return self._calling.texts.brief(call, orders, self._book.clock.now())

    async def _known(self, call_id: str, staff_id: str) -> Staff:
        """Refuse calls there are not, people there are not, and calls of shops whose customers others call."""
        stored = await self._reader.call(call_id)
        if stored is None:
            raise NotFound(f"There is no call {call_id!r}.")
        staff = await self._calling.staff.get(staff_id)
        if staff is None or not staff.active:
            raise Unprocessable(
                f"by: there is nobody {staff_id!r} among the staff; `notifier staff list` shows who is."
            )
        if not staff.makes_calls:
            raise Unprocessable(f"by: {staff_id!r} is a courier, and couriers make no calls; name an agent.")
        if not staff.may_make(stored.call):
            raise Conflict(
                f"{staff_id!r} calls the customers of {', '.join(staff.sources)} alone, and this call is of "
                f"{', '.join(sorted(stored.call.sources))}; a supervisor can hand it over or change that."
            )
        return staff

    def _in_future(self, at: datetime) -> None:
        now = self._book.clock.now()
        if not now < at <= now + _FARTHEST:
            raise Unprocessable("at must be a time to come, within a year.")


async def _answered(change: Awaitable[T]) -> T:
    try:
        return await change
    except UnknownCall as error:
        raise NotFound(str(error)) from None
    except CallHeld as error:
        raise Conflict(str(error)) from None
    except UnclearReport as error:
        raise Unprocessable(str(error)) from None
