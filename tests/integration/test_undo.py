"""What somebody did to a call is taken back: the outcome, and all that came of it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from call_fixtures import REZA, SARA
from console_browser import Desk, hire
from redis.asyncio import Redis
from shops import Client, StandardShop, send_all

from notifier.clock import StillClock
from notifier.domain.calls import CallState
from notifier.domain.events import EventType
from notifier.domain.messages import MessageState
from notifier.service.process import Service
from notifier.store.audit import Act, Wanted
from notifier.store.audit import read as read_audit
from notifier.store.keys import Keys
from notifier.store.staff import Staff
from scheduler.book import StaleCall
from scheduler.outcomes import Report
from scheduler.rules import Outcome
from scheduler.undoing import NothingToUndo

PHONE = "09121234567"


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire(service)
    return Desk(client, shop, service, clock)


async def report(desk: Desk, call_id: str, outcome: Outcome, by: str = "", **more: Any) -> Any:
    holder = by or (await desk.call(call_id)).assignee
    await desk.service.calling.reporting.report(call_id, Report(by=holder, outcome=outcome, **more))
    return await desk.call(call_id)


async def undo(desk: Desk, call_id: str, by: Staff | None = None) -> Any:
    """By whoever did it, unless somebody else is named."""
    call = await desk.call(call_id)
    who = by or {"sara": SARA, "reza": REZA}[call.undo.by if call.undo else "sara"]
    return await desk.service.calling.undoing.undo(call_id, who)


def as_it_was(call: Any) -> tuple[Any, ...]:
    return call.state, call.due, call.late, call.fixed, call.assignee, call.step, call.rung, call.tried, call.reasons


@pytest.mark.parametrize("partitions", [1, 5])
@pytest.mark.parametrize("outcome", list(Outcome))
async def test_every_outcome_leaves_the_call_as_it_was(desk: Desk, outcome: Outcome) -> None:
    call_id = await desk.due_call()
    before = await desk.call(call_id)
    await report(desk, call_id, outcome, note="یادداشت", at=before.due + 86_400_000 if outcome == "callback" else None)
    await undo(desk, call_id)
    after = await desk.call(call_id)
    assert as_it_was(after) == as_it_was(before)
    assert (after.history[-1].what, after.ended, after.undo) == ("undone", 0, None)
    stored = await desk.service.reader.call(call_id)
    assert stored
    assert await desk.service.redis.hget(stored.keys.open_calls, PHONE) == call_id.encode()
    board = await desk.service.calling.book.assigned_to(before.assignee)
    assert [one.id for one in board] == [call_id]


async def test_what_was_put_off_comes_back(desk: Desk) -> None:
    call_id = await desk.due_call()
    before = await desk.call(call_id)
    later = desk.clock.now().replace(hour=16)
    await desk.service.calling.book.snooze(call_id, before.assignee, later, "")
    await undo(desk, call_id)
    assert as_it_was(await desk.call(call_id)) == as_it_was(before)


async def exhausted(desk: Desk) -> str:
    """A call that ends with its third try, and a text to the customer."""
    call_id = await desk.due_call()
    for _ in range(3):
        await report(desk, call_id, Outcome.NO_ANSWER)
        await desk.tick(hours=2)
    assert (await desk.call(call_id)).state is CallState.EXHAUSTED
    return call_id


async def texts(desk: Desk, redis: Redis) -> dict[str, MessageState]:
    found: dict[str, MessageState] = {}
    for state in MessageState:
        ids: Any = await redis.zrange(Keys(0).messages(state), 0, -1)
        for one in await desk.service.reader.messages([(Keys(0), member.decode()) for member in ids]):
            if one.message.template == "call_exhausted":
                found[one.message.id] = one.state
    return found


async def test_a_text_that_waits_is_taken_back_and_goes_after_the_next_end(
    desk: Desk, redis: Redis, clock: StillClock
) -> None:
    call_id = await exhausted(desk)
    undone = await undo(desk, call_id)
    assert not undone.sent
    assert list((await texts(desk, redis)).values()) == [MessageState.CANCELLED]
    assert (await desk.call(call_id)).tried == {"no_answer": 2}
    await report(desk, call_id, Outcome.NO_ANSWER)
    assert sorted((await texts(desk, redis)).values()) == [MessageState.CANCELLED, MessageState.QUEUED]
    await send_all(desk.service, clock)
    again = await undo(desk, call_id)
    assert again.sent  # nobody can take it back any more
    await report(desk, call_id, Outcome.NO_ANSWER)
    assert len(await texts(desk, redis)) == 2  # nor is it sent twice


@pytest.mark.parametrize("earlier", [False, True])
async def test_do_not_call_is_lifted_unless_it_was_so_before(desk: Desk, redis: Redis, earlier: bool) -> None:
    call_id = await desk.due_call()
    if earlier:
        await redis.hset(Keys(0).do_not_call, PHONE, "1")
    await report(desk, call_id, Outcome.REFUSED)
    assert await redis.hexists(Keys(0).do_not_call, PHONE)
    await undo(desk, call_id)
    assert await redis.hget(Keys(0).do_not_call, PHONE) == (b"1" if earlier else None)


async def test_a_supervisor_is_not_told_of_a_slip(desk: Desk, redis: Redis) -> None:
    call_id = await desk.due_call()
    await report(desk, call_id, Outcome.WRONG_NUMBER)
    assert await redis.hexists(Keys(0).owed, f"boss|{call_id}")
    undone = await undo(desk, call_id)
    assert not undone.told_supervisors
    assert not await redis.hexists(Keys(0).owed, f"boss|{call_id}")
    await report(desk, call_id, Outcome.WRONG_NUMBER)
    await desk.tick()  # and of what was no slip, they are
    assert (await undo(desk, call_id)).told_supervisors


async def test_two_take_it_back_and_one_does(desk: Desk) -> None:
    call_id = await desk.due_call()
    await report(desk, call_id, Outcome.REACHED)
    one, two = await asyncio.gather(undo(desk, call_id, SARA), undo(desk, call_id, REZA), return_exceptions=True)
    refused = [each for each in (one, two) if isinstance(each, StaleCall)]
    assert len(refused) == 1
    assert refused[0].entry.what == "undone"
    call = await desk.call(call_id)
    assert [line.what for line in call.history].count("undone") == 1
    assert call.tried == {}


@pytest.mark.parametrize("act", ["claimed", "reached", "snoozed", "moved"])
async def test_who_acted_meanwhile_is_named(desk: Desk, act: str) -> None:
    call_id = await desk.due_call()
    holder = (await desk.call(call_id)).assignee
    other = REZA if holder == "sara" else SARA
    lines = len((await report(desk, call_id, Outcome.BUSY)).history)
    book, later = desk.service.calling.book, desk.clock.now().replace(hour=17)
    acts: dict[str, Callable[[], Awaitable[Any]]] = {
        "claimed": lambda: book.claim(call_id, other.id),
        "reached": lambda: report(desk, call_id, Outcome.REACHED, by=other.id),
        "snoozed": lambda: book.snooze(call_id, other.id, later, ""),
        "moved": lambda: _moved(desk, call_id, other.id),
    }
    await acts[act]()
    before = await desk.call(call_id)
    me = SARA if holder == "sara" else REZA
    with pytest.raises(StaleCall) as refused:
        await desk.service.calling.undoing.undo(call_id, me, lines=lines)
    assert refused.value.entry.what == act
    assert await desk.call(call_id) == before


async def _moved(desk: Desk, call_id: str, to: str) -> None:
    await desk.open()
    await desk.boss.get("/desk")
    await desk.boss.post("/desk/move", call=call_id, to=to)


async def test_reasons_join_the_call_that_the_customer_has_by_then(desk: Desk) -> None:
    call_id = await desk.due_call()
    await report(desk, call_id, Outcome.REACHED)
    await desk.event(EventType.PAID, "10026")
    stored = await desk.service.reader.call(call_id)
    assert stored
    raw: Any = await desk.service.redis.hget(stored.keys.open_calls, PHONE)
    other = raw.decode()
    assert other != call_id
    undone = await undo(desk, call_id)
    assert undone.call.id == other
    assert [(one.purpose, one.order_id) for one in undone.call.reasons] == [
        ("reassurance", "10026"),
        ("reassurance", "10025"),
    ]
    assert (await desk.call(call_id)).state is CallState.CANCELLED
    assert await desk.service.redis.hget(stored.keys.open_calls, PHONE) == raw
    with pytest.raises((NothingToUndo, StaleCall)):
        await undo(desk, call_id, REZA)


async def test_an_order_that_was_cancelled_needs_no_call(desk: Desk) -> None:
    call_id = await desk.due_call()
    await report(desk, call_id, Outcome.REACHED)
    await desk.event(EventType.CANCELLED)
    with pytest.raises(NothingToUndo):
        await undo(desk, call_id)
    assert (await desk.call(call_id)).state is CallState.DONE


async def test_one_that_is_reopened_days_later_is_due_and_with_who_did_it(desk: Desk) -> None:
    call_id = await desk.due_call()
    await report(desk, call_id, Outcome.REACHED)
    await desk.tick(days=2)
    await undo(desk, call_id, REZA)
    call = await desk.call(call_id)
    assert (call.state, call.assignee, call.due_at) == (CallState.DUE, "reza", desk.clock.now())
    assert call.late > call.due


async def test_figures_and_the_trail_know_of_it(desk: Desk, redis: Redis) -> None:
    call_id = await desk.due_call()
    by = (await report(desk, call_id, Outcome.REACHED)).history[-1].by
    day = Keys(0).day("2026-11-23")
    assert (await redis.hget(day, f"@shop made {by}"), await redis.hget(day, f"@shop reached {by}")) == (b"1", b"1")
    await undo(desk, call_id)
    assert (await redis.hget(day, f"@shop made {by}"), await redis.hget(day, f"@shop reached {by}")) == (b"0", b"0")
    acts = [entry async for _, entry in read_audit(desk.service.reader, Wanted())]
    assert [(one.by, one.about, one.more) for one in acts if one.act is Act.OUTCOME_UNDONE] == [
        (by, "10025", "reached")
    ]
    order = await desk.service.reader.order("shop", "10025")
    assert order
    story = await desk.service.reader.story(order)
    assert (story.timeline[-1].what, story.timeline[-1].extra["by"]) == ("outcome_undone", by)


async def test_a_deposit_that_its_order_was_told_of_is_not_taken_back(desk: Desk) -> None:
    planned = await desk.deposit()
    call_id = planned["calls"][0]["id"]
    await desk.tick()
    await report(desk, call_id, Outcome.REACHED, by="sara", deposit="confirmed")
    with pytest.raises(NothingToUndo):
        await undo(desk, call_id)
