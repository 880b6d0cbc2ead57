"""Calls over HTTP, from the shop's event to the outcome."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import icalendar
import pytest
from call_fixtures import BOSS, REZA, SARA
from msgspec.structs import replace
from redis.asyncio import Redis
from shops import API_TOKEN, Answer, ApiUser, Client, StandardShop, request

from notifier.clock import StillClock
from notifier.domain.calls import CallRequest, Purpose
from notifier.domain.events import EventType
from notifier.domain.messages import Audience, MessageState
from notifier.practice import standard
from notifier.service.process import Service
from notifier.store.keys import Keys
from notifier.store.reading import StoredMessage


class Desk:
    """The staff at work through the API."""

    def __init__(self, client: Client, shop: StandardShop, service: Service, clock: StillClock) -> None:
        self.client, self.shop, self.service, self.clock = client, shop, service, clock

    async def post(self, call_id: str, action: str, body: Any) -> Answer:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {API_TOKEN}", "Content-Type": "application/json"}
        return await request(self.client, "POST", f"/api/calls/{call_id}/{action}", raw, headers)

    async def event(self, kind: EventType, order: str = "10025", **data: Any) -> Any:
        payload = standard.event(kind, at=self.clock.now(), order_id=order)
        payload["data"] |= data
        answer = await self.shop.post(payload)
        assert answer.status == 202
        return answer.body

    async def paid(self, order: str = "10025") -> Any:
        """A prepaid order; the call in its answer."""
        return (await self.event(EventType.PAID, order))["calls"][0]

    async def transfer(self, order: str = "10025") -> Any:
        """An order whose customer says that they deposited; the call in its answer."""
        payment = {"method": "bank_transfer", "amount": 185_000_000, "currency": "IRR", "reference": "77"}
        customer = {"name": "سارا محمدی", "phone": "09121234567", "city": "اصفهان"}
        return (await self.event(EventType.DEPOSIT_REPORTED, order, payment=payment, customer=customer))["calls"][0]

    async def tick(self, **turn: float) -> int:
        self.clock.turn(timedelta(**turn))
        return await self.service.reminders.tick()

    async def texts(self, audience: Audience = Audience.STAFF) -> list[StoredMessage]:
        reader = self.service.reader
        sets = [(keys, keys.messages(state)) for keys in reader.everywhere for state in MessageState]
        page = await reader.page(sets, after=None, size=500)
        return [one for one in await reader.messages(page.members) if one.message.audience is audience]


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    for one in (SARA, REZA, BOSS):
        await service.staff.put(one)
    return Desk(client, shop, service, clock)


async def test_from_the_payment_to_the_outcome(desk: Desk, api: ApiUser) -> None:
    planned = await desk.paid()
    await desk.tick()
    assert await desk.tick(minutes=15)
    call = (await api.get(f"/calls/{planned['id']}")).body
    assert (call["state"], call["purpose"]) == ("due", "reassurance")
    assert "سارا محمدی" in call["brief"]
    assert "۱۸٬۵۰۰٬۰۰۰ تومان" in call["brief"]
    by = call["assignee"]
    claimed = (await desk.post(call["id"], "claim", {"by": by})).body
    assert (claimed["state"], claimed["assignee"]) == ("claimed", by)
    done = await desk.post(call["id"], "outcome", {"by": by, "outcome": "reached", "note": "راضی بود"})
    assert (done.status, done.body["state"], done.body["next"]) == (200, "done", None)
    assert done.body["history"][-1]["note"] == "راضی بود"
    assert await api.items(f"/calls?state=done&assignee={by}") == [
        {name: value for name, value in done.body.items() if name not in ("brief", "next")}
    ]
    again = await desk.post(call["id"], "outcome", {"by": by, "outcome": "reached"})
    assert (again.status, again.is_problem) == (409, True)


async def test_one_open_call_a_customer(desk: Desk, api: ApiUser) -> None:
    first, second = await desk.paid("10025"), await desk.paid("10026")
    assert first["id"] == second["id"]
    calls = await api.items("/calls")
    assert [reason["order_id"] for reason in calls[0]["reasons"]] == ["10025", "10026"]
    assert len(calls) == 1
    assert [one["id"] for one in (await api.get("/orders/10026")).body["calls"]] == [first["id"]]


async def test_many_orders_of_one_customer_at_once_share_the_call(desk: Desk, api: ApiUser) -> None:
    planned = await asyncio.gather(*(desk.paid(str(number)) for number in range(20000, 20060)))
    assert len({call["id"] for call in planned}) == 1
    calls = await api.items("/calls")
    assert len(calls) == 1
    assert len(calls[0]["reasons"]) == 60


async def test_a_call_follows_its_order(desk: Desk, api: ApiUser) -> None:
    planned = await desk.paid()
    desk.clock.turn(timedelta(minutes=1))
    turned = (await desk.event(EventType.CANCELLED))["calls"][0]
    assert turned["id"] == planned["id"]
    call = (await api.get(f"/calls/{planned['id']}")).body
    assert (call["purpose"], call["state"]) == ("why_cancelled", "scheduled")
    desk.clock.turn(timedelta(minutes=1))
    await desk.event(EventType.REFUNDED)
    assert (await api.get(f"/calls/{planned['id']}")).body["state"] == "cancelled"


async def purposes(desk: Desk, api: ApiUser) -> list[str]:
    """Why customers are still to be called."""
    found = (await api.get("/calls")).body["items"]
    states = ("scheduled", "due", "claimed")
    return sorted(reason["purpose"] for one in found if one["state"] in states for reason in one["reasons"])


async def test_an_order_that_lives_again_is_owed_its_call(desk: Desk, api: ApiUser) -> None:
    await desk.paid()
    await desk.event(EventType.CANCELLED)
    assert await purposes(desk, api) == ["why_cancelled"]
    desk.clock.turn(timedelta(minutes=1))
    (planned,) = (await desk.event(EventType.PAID))["calls"]
    assert planned["purpose"] == "reassurance"
    assert await purposes(desk, api) == ["reassurance"]


async def test_what_was_talked_about_is_not_called_about_again(desk: Desk, api: ApiUser) -> None:
    call = await desk.paid()
    await desk.tick(minutes=30)
    assert (await desk.post(call["id"], "outcome", {"by": "sara", "outcome": "reached"})).status == 200
    await desk.event(EventType.CANCELLED)
    story = (await api.get("/orders/10025")).body["timeline"]
    assert [one["what"] for one in story if one["kind"] == "call_cancelled"] == []
    for _ in range(2):
        desk.clock.turn(timedelta(minutes=1))
        assert (await desk.event(EventType.PAID))["calls"] == []
        assert "reassurance" not in await purposes(desk, api)
        desk.clock.turn(timedelta(minutes=1))
        await desk.event(EventType.CANCELLED)


async def test_a_reason_among_others_is_owed_again_alone(desk: Desk, api: ApiUser) -> None:
    await desk.paid("1")
    await desk.paid("2")
    await desk.event(EventType.CANCELLED, "2")
    assert await purposes(desk, api) == ["reassurance", "why_cancelled"]
    desk.clock.turn(timedelta(minutes=1))
    await desk.event(EventType.PAID, "2")
    assert await purposes(desk, api) == ["reassurance", "reassurance"]


async def test_another_phone_takes_the_call_along(desk: Desk, api: ApiUser) -> None:
    planned = await desk.paid()
    desk.clock.turn(timedelta(minutes=1))
    await desk.event(EventType.PREPARING, customer={"name": "سارا محمدی", "phone": "09351112233", "city": "تهران"})
    calls = {call["phone"]: call["state"] for call in await api.items("/calls")}
    assert calls == {"09121234567": "cancelled", "09351112233": "scheduled"} or calls == {"09351112233": "scheduled"}
    assert planned["id"]


async def test_of_two_who_claim_at_once_one_gets_it(desk: Desk) -> None:
    planned = await desk.paid()
    answers = await asyncio.gather(*(desk.post(planned["id"], "claim", {"by": who.id}) for who in (SARA, REZA)))
    assert sorted(answer.status for answer in answers) == [200, 409]
    refused = next(answer for answer in answers if answer.status == 409)
    assert refused.is_problem
    assert "holds this call" in refused.body["detail"]


@pytest.mark.parametrize("action", ["claim", "outcome", "snooze"])
@pytest.mark.parametrize(
    ("call", "body", "status"),
    [
        ("none", {"by": "sara", "outcome": "reached", "at": "2026-11-24T10:00:00+03:30"}, 404),
        ("it", {"by": "nobody", "outcome": "reached", "at": "2026-11-24T10:00:00+03:30"}, 422),
        ("it", {}, 422),
        ("it", {"by": 7}, 422),
        ("it", [], 422),
        ("it", {"by": "sara", "surprise": 1}, 422),
        ("it", b"{", 400),
        ("it", b"\xff", 400),
    ],
)
async def test_bad_input_is_told_in_a_sentence(desk: Desk, action: str, call: str, body: Any, status: int) -> None:
    planned = await desk.paid()
    if isinstance(body, dict) and "outcome" in body:
        fields = {"claim": ("by",), "outcome": ("by", "outcome"), "snooze": ("by", "at")}[action]
        body = {name: body[name] for name in fields}
    answer = await desk.post(planned["id"] if call == "it" else "1", action, body)
    assert (answer.status, answer.is_problem) == (status, True)


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("outcome", {"by": "sara", "outcome": "happy"}),
        ("outcome", {"by": "sara", "outcome": "callback"}),
        ("outcome", {"by": "sara", "outcome": "callback", "at": "2026-11-23T09:00:00+03:30"}),
        ("outcome", {"by": "sara", "outcome": "callback", "at": "2026-11-24T09:00:00"}),
        ("outcome", {"by": "sara", "outcome": "callback", "at": "soon"}),
        ("outcome", {"by": "sara", "outcome": "reached", "at": "2026-11-24T09:00:00+03:30"}),
        ("outcome", {"by": "sara", "outcome": "reached", "deposit": "confirmed"}),
        ("outcome", {"by": "sara", "outcome": "reached", "deposit": "perhaps"}),
        ("snooze", {"by": "sara"}),
        ("snooze", {"by": "sara", "at": "2026-11-23T09:00:00+03:30"}),
        ("snooze", {"by": "sara", "at": "2036-11-23T09:00:00+03:30"}),
    ],
)
async def test_what_cannot_be_followed_changes_nothing(desk: Desk, api: ApiUser, action: str, body: Any) -> None:
    planned = await desk.paid()
    before = (await api.get(f"/calls/{planned['id']}")).body
    answer = await desk.post(planned["id"], action, body)
    assert (answer.status, answer.is_problem) == (422, True)
    assert (await api.get(f"/calls/{planned['id']}")).body == before


@pytest.mark.parametrize("action", ["claim", "outcome", "snooze"])
async def test_acting_on_calls_wants_a_token_and_json(desk: Desk, action: str) -> None:
    planned = await desk.paid()
    path = f"/api/calls/{planned['id']}/{action}"
    assert (await request(desk.client, "POST", path, b"{}", {"Content-Type": "application/json"})).status == 401
    headers = {"Authorization": f"Bearer {API_TOKEN}", "Content-Type": "text/plain"}
    assert (await request(desk.client, "POST", path, b"{}", headers)).status == 415


async def test_a_time_named_by_the_customer_stands(desk: Desk, api: ApiUser) -> None:
    planned = await desk.paid()
    named = "2026-11-27T21:07:00+03:30"  # a Friday evening
    snoozed = (await desk.post(planned["id"], "snooze", {"by": "sara", "at": named})).body
    assert (snoozed["due_at"], snoozed["fixed"], snoozed["assignee"]) == (named, True, "sara")
    await desk.paid("10026")
    assert (await api.get(f"/calls/{planned['id']}")).body["due_at"] == named
    await desk.tick(days=4, hours=11, minutes=7)
    due = [one for one in await desk.texts() if "۲۱:۰۷" in one.message.text]
    assert [one.message.to for one in due] == [SARA.phone]


async def test_an_unreached_customer_is_told_that_we_tried(desk: Desk, api: ApiUser) -> None:
    planned = await desk.paid()
    for number in range(3):
        answer = await desk.post(planned["id"], "outcome", {"by": "sara", "outcome": "no_answer"})
        assert answer.body["attempts"] == number + 1
    assert answer.body["state"] == "exhausted"
    told = [one for one in await desk.texts(Audience.CUSTOMER) if one.message.template == "call_exhausted"]
    assert [one.message.to for one in told] == ["09121234567"]
    assert "۰۲۱۹۱۰۰۱۲۳۴" in told[0].message.text
    order = (await api.get("/orders/10025")).body
    assert told[0].message.id in [message["id"] for message in order["messages"]]


async def test_who_refuses_is_not_called_again(desk: Desk, api: ApiUser) -> None:
    planned = await desk.paid()
    await desk.post(planned["id"], "outcome", {"by": "sara", "outcome": "refused"})
    desk.clock.turn(timedelta(minutes=1))
    answer = await desk.event(EventType.PAID, "10026")
    assert answer["calls"] == []
    assert {"purpose": "reassurance", "reason": "do_not_call"} in answer["suppressed"]
    assert len(await api.items("/calls")) == 1


async def test_a_wrong_number_goes_to_the_supervisor_and_not_to_a_stranger(desk: Desk) -> None:
    planned = await desk.paid()
    await desk.post(planned["id"], "outcome", {"by": "sara", "outcome": "wrong_number"})
    await desk.tick()
    assert [one.message.to for one in await desk.texts() if "شمارهٔ اشتباه" in one.message.text] == [BOSS.phone]
    assert "call_exhausted" not in [one.message.template for one in await desk.texts(Audience.CUSTOMER)]


@pytest.mark.parametrize(("deposit", "prepaid"), [("confirmed", True), ("rejected", False)])
async def test_a_verified_deposit_unlocks_the_stages(desk: Desk, api: ApiUser, deposit: str, prepaid: bool) -> None:
    planned = await desk.transfer()
    assert planned["purpose"] == "verify_deposit"
    desk.clock.turn(timedelta(minutes=5))
    answer = await desk.post(planned["id"], "outcome", {"by": "sara", "outcome": "reached", "deposit": deposit})
    assert (answer.status, answer.body["state"]) == (200, "done")
    order = (await api.get("/orders/10025")).body
    assert order["prepaid"] is prepaid
    assert f"payment.deposit_{deposit}" in [line["what"] for line in order["timeline"]]
    assert await desk.service.redis.hlen(Keys(0).feedback) == 0


async def test_done_and_next(desk: Desk) -> None:
    first = await desk.paid()
    other = {"name": "علی", "phone": "09351112233", "city": "تهران"}
    second = (await desk.event(EventType.PAID, "10026", customer=other))["calls"][0]
    await desk.tick(minutes=15)
    await desk.post(first["id"], "claim", {"by": "sara"})
    await desk.post(second["id"], "claim", {"by": "sara"})
    await desk.tick(minutes=20)
    done = await desk.post(first["id"], "outcome", {"by": "sara", "outcome": "reached"})
    assert done.body["next"]["id"] == second["id"]
    assert "علی" in done.body["next"]["brief"]


async def test_a_call_of_another_day_is_told_with_its_day(desk: Desk) -> None:
    """An hour alone would be taken for one of today."""
    await desk.paid()
    await desk.tick(minutes=15)
    assert [one.message.text.splitlines()[0] for one in await desk.texts()] == [
        "تماس ساعت ۱۰:۱۵، اطمینان‌بخشی پس از پرداخت"
    ]
    await desk.tick(minutes=24 * 60)
    told = {one.message.text.splitlines()[0].partition(": ")[2] for one in await desk.texts()}
    assert "تماس ساعت ۱۰:۱۵ دیروز، اطمینان‌بخشی پس از پرداخت" in told


async def test_one_reminder_for_several_calls(desk: Desk) -> None:
    await desk.service.staff.put(replace(REZA, active=False))
    for number in range(5):
        other = {"name": "علی", "phone": f"0935111223{number}", "city": "تهران"}
        await desk.event(EventType.PAID, str(number), customer=other)
    await desk.tick()
    texts = [one.message for one in await desk.texts()]
    assert [(text.to, text.template) for text in texts] == [(SARA.phone, "calls_due")]
    assert "۵ تماس" in texts[0].text
    assert "۱ تماس دیگر" in texts[0].text


async def test_a_calendar_at_a_secret_address(desk: Desk, client: Client) -> None:
    await desk.service.staff.put(replace(SARA, feed="s3cret"))
    planned = await desk.paid()
    await desk.post(planned["id"], "claim", {"by": "sara"})
    answer = await client.get("/calendar/sara/s3cret.ics")
    assert (answer.status, answer.content_type) == (200, "text/calendar")
    calendar: Any = icalendar.Calendar.from_ical(await answer.read())
    (event,) = calendar.walk("VEVENT")
    assert str(event["uid"]) == f"call-{planned['id']}@order-notifier"
    assert event.decoded("dtstart").isoformat() == "2026-11-23T06:45:00+00:00"
    assert "سارا محمدی" in str(event["description"])
    for path in ("sara/wrong", "reza/", "nobody/s3cret"):
        assert (await client.get(f"/calendar/{path}.ics")).status == 404


async def test_an_unreadable_call_is_kept_and_stops_nothing(desk: Desk, redis: Redis) -> None:
    planned = await desk.paid()
    await redis.set(Keys(0).call(planned["id"]), b"{broken")
    await desk.tick(minutes=15)
    assert await redis.zscore(Keys(0).calls("unreadable"), planned["id"]) is not None
    assert await redis.get(Keys(0).call(planned["id"])) == b"{broken"
    assert (await desk.paid("10026"))["id"] != planned["id"]


async def test_a_call_planned_beside_the_intake_joins_too(desk: Desk, api: ApiUser) -> None:
    planned = await desk.paid()
    now = desk.clock.now()
    further = CallRequest(
        id="77", purpose=Purpose.UNDELIVERED_SMS, order_id="10025", source="shop", phone="09121234567", name=None,
        due_at=now, created_at=now,
    )  # fmt: skip
    await asyncio.gather(*(desk.service.calling.book.plan(Keys(0), further) for _ in range(3)))
    calls = await api.items("/calls")
    assert [(call["id"], len(call["reasons"])) for call in calls] == [(planned["id"], 2)]
