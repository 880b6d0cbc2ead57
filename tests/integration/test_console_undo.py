"""The desk forgives: slips are taken back, stale cards say so, and nothing is told that is not so."""

import asyncio
import re
from collections.abc import Mapping

import pytest
from console_browser import PASSWORD, Browser, Desk, Page, hire
from msgspec.structs import replace
from redis.asyncio import Redis
from shops import Client, StandardShop

from notifier.clock import StillClock
from notifier.domain.calls import CallState
from notifier.domain.events import EventType
from notifier.domain.messages import MessageState
from notifier.service.process import Service
from notifier.store import keys as names
from notifier.store import schema, work
from notifier.store.audit import Act, Wanted
from notifier.store.audit import read as read_audit
from notifier.store.keys import Keys
from notifier.store.work import UnitOfWork
from scheduler import entries

PHONE = "09121234567"


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire(service)
    found = Desk(client, shop, service, clock)
    await found.open()
    return found


def form_of(page: Page, action: str) -> Mapping[str, str]:
    """The hidden fields of the first form that goes there."""
    found = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', page.text, re.DOTALL)
    assert found, action
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', found[1]))


async def undo(agent: Browser, page: Page, call_id: str) -> Page:
    path = f"/calls/{call_id}/undo"
    return await agent.post(path, **form_of(page, f"/console{path}"))


def the_other(desk: Desk, agent: Browser) -> Browser:
    return desk.reza if agent is desk.sara else desk.sara


async def test_an_outcome_is_taken_back_in_place_and_the_note_comes_again(desk: Desk) -> None:
    call_id = await desk.due_call()
    before, agent = await desk.call(call_id), await desk.whose(call_id)
    page = await agent.post(f"/calls/{call_id}/outcome", outcome="no_answer", note="عصر خانه است")
    assert "بازگردانی" in page.words
    page = await undo(agent, page, call_id)
    assert page.status == 200
    assert "«پاسخ نداد» پس گرفته شد" in page.words
    assert 'data-draft="' in page.text
    assert ">عصر خانه است</textarea>" in page.text
    call = await desk.call(call_id)
    assert (call.state, call.due, call.tried) == (before.state, before.due, {})


async def test_a_call_that_is_over_is_reopened_from_its_card(desk: Desk) -> None:
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    await agent.post(f"/calls/{call_id}/outcome", outcome="reached")
    await desk.tick(hours=3)
    page = await agent.get(f"/calls/{call_id}")
    assert "بازگشایی تماس" in page.words
    await undo(agent, page, call_id)
    assert (await desk.call(call_id)).state is CallState.DUE
    page = await agent.get(f"/calls/{call_id}")
    assert "بازگشایی تماس" not in page.words
    assert "نتیجه پس گرفته شد" in page.words


async def test_two_take_it_back_and_one_is_told_who_did(desk: Desk) -> None:
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    await agent.post(f"/calls/{call_id}/outcome", outcome="reached")
    pages = [await one.get(f"/calls/{call_id}") for one in (desk.sara, desk.reza)]
    answers = await asyncio.gather(
        *(undo(one, page, call_id) for one, page in zip((desk.sara, desk.reza), pages, strict=True))
    )
    assert sorted(page.status for page in answers) == [200, 409]
    loser = next(page for page in answers if page.status == 409)
    assert "نتیجهٔ این تماس را پس گرفت" in loser.words


async def test_who_acted_after_it_is_named_and_nothing_changes(desk: Desk) -> None:
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    other = the_other(desk, agent)
    page = await agent.post(f"/calls/{call_id}/outcome", outcome="busy")
    await other.post(f"/calls/{call_id}/outcome", outcome="reached", note="خودش زنگ زد")
    before = await desk.call(call_id)
    refused = await undo(agent, page, call_id)
    assert refused.status == 409
    assert "نتیجهٔ این تماس را نوشت: صحبت شد" in refused.words
    assert "خودش زنگ زد" in refused.words
    assert await desk.call(call_id) == before


async def test_a_stale_card_says_who_did_what_and_keeps_the_note(desk: Desk) -> None:
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    other = the_other(desk, agent)
    seen = form_of(await agent.get(f"/calls/{call_id}"), f"/console/calls/{call_id}/outcome")
    assert re.fullmatch(r"\d+\.\d+", seen["v"])
    await other.post(f"/calls/{call_id}/outcome", outcome="no_answer")
    page = await agent.post(f"/calls/{call_id}/outcome", **seen, outcome="reached", note="راضی بود")
    assert page.status == 409
    for said in ("دیگری پیش‌دستی کرد", "نتیجهٔ این تماس را نوشت: پاسخ نداد"):
        assert said in page.words
    assert ">راضی بود</textarea>" in page.text
    assert (await desk.call(call_id)).tried == {"no_answer": 1}
    fresh = form_of(page, f"/console/calls/{call_id}/outcome")  # who has seen it may go on
    await agent.post(f"/calls/{call_id}/outcome", **fresh, outcome="reached", note="راضی بود")
    assert (await desk.call(call_id)).state is CallState.DONE


async def test_time_alone_makes_no_card_stale_nor_does_ones_own_claim(desk: Desk) -> None:
    planned = await desk.event(EventType.PAID)
    call_id = planned["calls"][0]["id"]
    await desk.tick()
    agent = await desk.whose(call_id)
    seen = form_of(await agent.get(f"/calls/{call_id}"), f"/console/calls/{call_id}/outcome")
    await desk.tick(minutes=15)
    await agent.post(f"/calls/{call_id}/claim", **seen)
    page = await agent.post(f"/calls/{call_id}/outcome", **seen, outcome="reached")
    assert "ثبت شد: صحبت شد." in page.words


async def test_a_form_that_is_sent_twice_is_recorded_once(desk: Desk) -> None:
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    seen = form_of(await agent.get(f"/calls/{call_id}"), f"/console/calls/{call_id}/outcome")
    answers = await asyncio.gather(
        *(agent.post_bare(f"/calls/{call_id}/outcome", **seen, outcome="no_answer", note="ن") for _ in range(2))
    )
    assert [page.status for page in answers] == [303, 303]
    assert (await desk.call(call_id)).tried == {"no_answer": 1}


@pytest.mark.parametrize("v", ["", "x", "1", "1.2.3", "-1.2", "9" * 40 + ".1", "<b>"])
async def test_a_version_that_is_none_is_refused(desk: Desk, v: str) -> None:
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    assert (await agent.post(f"/calls/{call_id}/outcome", v=v, outcome="reached")).status == 422
    assert (await agent.get(f"/calls/{call_id}/card?v={v.replace('<', '%3C')}")).status == 422
    assert (await desk.call(call_id)).is_open


async def test_do_not_call_asks_once_and_is_lifted_on_the_order(desk: Desk, redis: Redis) -> None:
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    page = await agent.post(f"/calls/{call_id}/outcome", outcome="refused", note="ناراحت بود")
    assert "دیگر با سارا محمدی تماس گرفته نشود؟" in page.words
    assert "ناراحت بود" in page.words
    assert (await desk.call(call_id)).is_open
    sure = form_of(page, f"/console/calls/{call_id}/outcome")
    page = await agent.post(f"/calls/{call_id}/outcome", **sure, outcome="refused")
    assert "ثبت شد: مشتری تماس نمی‌خواهد." in page.words
    assert await redis.hexists(Keys(0).do_not_call, PHONE)
    assert (await desk.call(call_id)).history[-1].note == "ناراحت بود"
    page = await agent.get("/orders/shop/10025")
    assert "ازسرگیری تماس با این مشتری" in page.words
    page = await agent.post("/orders/shop/10025/calls", calls="start")
    assert "از این پس با این مشتری تماس گرفته می‌شود." in page.words
    assert not await redis.hexists(Keys(0).do_not_call, PHONE)
    assert (await agent.post("/orders/shop/10025/calls", calls="start")).status == 409
    await agent.post("/orders/shop/10025/calls", **form_of(page, "/console/orders/shop/10025/calls"))
    assert await redis.hexists(Keys(0).do_not_call, PHONE)  # that too was a slip
    acts = [one.act async for _, one in read_audit(desk.service.reader, Wanted())]
    assert [one for one in acts if one in (Act.CALLS_STOPPED, Act.CALLS_RESUMED)] == [
        Act.CALLS_STOPPED,
        Act.CALLS_RESUMED,
    ]


async def test_stopped_texts_are_taken_back_in_place(desk: Desk, redis: Redis) -> None:
    await desk.event(EventType.PAID)
    page = await desk.sara.post("/orders/shop/10025/texts", texts="stop")
    await desk.sara.post("/orders/shop/10025/texts", **form_of(page, "/console/orders/shop/10025/texts"))
    assert not await redis.sismember(Keys(0).opted_out, PHONE)
    assert (await desk.sara.post("/orders/shop/10025/texts", texts="start")).status == 409


async def test_an_account_that_was_switched_off_by_a_slip(desk: Desk) -> None:
    page = await desk.boss.post("/staff/sara", do="off")
    assert "حساب سارا غیرفعال شد" in page.words
    form = form_of(page, "/console/staff/sara")
    assert (await desk.boss.post("/staff/sara", do="off")).status == 409
    page = await desk.boss.post("/staff/sara", **form)
    assert "حساب سارا فعال شد" in page.words
    staff = await desk.service.staff.get("sara")
    assert staff
    assert staff.active
    assert (await desk.boss.post("/staff/sara", **form)).status == 409


async def test_a_call_for_who_wants_none_is_refused_in_words(desk: Desk, redis: Redis) -> None:
    await desk.event(EventType.PAID)
    await desk.sara.post("/orders/shop/10025/calls", calls="stop")
    page = await desk.sara.get("/orders/shop/10025")
    assert "این مشتری خواسته است با او تماس نگیریم. تا تماس" in page.words  # before anybody presses anything
    refused = await desk.sara.post("/orders/shop/10025/call", purpose="callback", when="now", once="1")
    assert refused.status == 422
    assert "پس تماسی برنامه‌ریزی نشد" in refused.words


async def test_a_text_that_would_never_leave_is_refused_in_words(desk: Desk, redis: Redis) -> None:
    answer = await desk.event(EventType.PAID)
    await desk.sara.post("/orders/shop/10025/texts", texts="stop")
    await desk.event(EventType.PACKED)
    page = await desk.sara.get("/orders/shop/10025/write?template=order_packed")
    assert "این متن به او نمی‌رسد" in page.words
    assert "به همین شکل" not in page.words
    before = await redis.zcard(Keys(0).messages(MessageState.QUEUED))
    refused = await desk.sara.post("/orders/shop/10025/write", template="order_packed", once="1")
    assert (refused.status, "پس ارسال نشد" in refused.words) == (422, True)
    assert await redis.zcard(Keys(0).messages(MessageState.QUEUED)) == before
    assert answer


async def test_a_time_without_a_day_is_explained_in_place(desk: Desk) -> None:
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    page = await agent.post(f"/calls/{call_id}/outcome", outcome="callback", hour="10", minute="00", note="بعداً")
    assert page.status == 422
    assert "روز و ساعت تماس را انتخاب کنید" in page.words
    assert ">بعداً</textarea>" in page.text
    assert '<details class="picker" id="picker" open>' in page.text


async def test_a_callback_may_be_anyones(desk: Desk) -> None:
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    guess = re.search(r'name="quick" value="(\d+)">فردا ۱۰:۰۰<', (await agent.get(f"/calls/{call_id}")).text)
    assert guess
    await agent.post(f"/calls/{call_id}/outcome", quick=guess[1], kind="callback", whose="anyone")
    call = await desk.call(call_id)
    assert (call.assignee, call.fixed, call.due) == (None, True, int(guess[1]))
    for one in (desk.sara, desk.reza):
        page = await one.get("/callbacks")
        assert "سارا محمدی" in page.words
        assert "هر کس سر کار بود" in page.words


@pytest.mark.parametrize("partitions", [1, 3])
async def test_a_callback_is_listed_however_many_calls_are_planned(desk: Desk, redis: Redis, partitions: int) -> None:
    """Behind hundreds that come earlier, also in a store of before; and no longer once it was made."""
    call_id = await desk.due_call()
    agent, book = await desk.whose(call_id), desk.service.calling.book
    stored = await desk.service.reader.call(call_id)
    assert stored
    call, keys = stored.call, stored.keys
    for number in range(600):
        unit, other = UnitOfWork(), replace(call, id=f"x{number}", phone=f"0912{number:07}", assignee=None, v=1)
        other = replace(other, state=CallState.SCHEDULED, due=call.due + number)
        entries.write(unit, keys, None, other, rules=book.rules, calendar=book.calendar)
        await work.commit(redis, [unit])
    guess = re.search(r'name="quick" value="(\d+)">فردا ۱۰:۰۰<', (await agent.get(f"/calls/{call_id}")).text)
    assert guess
    await agent.post(f"/calls/{call_id}/outcome", quick=guess[1], kind="callback", whose="anyone")
    assert f"/console/calls/{call_id}" in (await desk.reza.get("/callbacks")).text
    for at in range(partitions):
        await redis.delete(Keys(at).promised)
    assert "قراری نیست" in (await desk.reza.get("/callbacks")).words
    await redis.set(names.SCHEMA, 7)
    await schema.bring_up(redis)
    assert f"/console/calls/{call_id}" in (await desk.reza.get("/callbacks")).text
    await desk.reza.post(f"/calls/{call_id}/outcome", outcome="reached")
    assert "قراری نیست" in (await desk.reza.get("/callbacks")).words


async def test_signing_in_leads_back_to_the_call(desk: Desk, redis: Redis) -> None:
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    async for key in redis.scan_iter("n:session*"):
        await redis.delete(key)
    page = await agent.get(f"/calls/{call_id}")
    assert (page.status, page.headers["Location"]) == (303, "/console/login")
    page = await agent.get("/login")
    assert "ورود شما منقضی شده است" in page.words
    page = await agent.post_bare("/login", username="sara", password=PASSWORD)
    assert page.headers["Location"] == f"/console/calls/{call_id}"
    page = await agent.post_bare("/login", username="sara", password=PASSWORD)
    assert page.headers["Location"] == "/console/"  # once


async def test_a_form_after_the_session_is_told_so(desk: Desk, redis: Redis) -> None:
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    async for key in redis.scan_iter("n:session*"):
        await redis.delete(key)
    headers = {"Referer": f"http://{agent.client.host}:{agent.client.port}/console/calls/{call_id}"}
    page = await agent.post_bare(f"/calls/{call_id}/outcome", csrf=agent.csrf, outcome="reached", headers=headers)
    assert page.status == 403
    assert "ورود شما منقضی شده است" in page.words
    assert "ثبت نشد" in page.words
    page = await agent.post_bare("/login", username="sara", password=PASSWORD)
    assert page.headers["Location"] == f"/console/calls/{call_id}"


@pytest.mark.parametrize(
    "value", ["//evil.example", "/console//evil", "https://evil.example/console/", "/console/../x", "/console/\\evil"]
)
async def test_nobody_is_led_elsewhere(desk: Desk, value: str) -> None:
    stranger = Browser(desk.sara.client, cookies={"console_after": value})
    page = await stranger.post_bare("/login", username="sara", password=PASSWORD)
    assert page.headers["Location"] == "/console/"


async def test_a_card_tells_of_what_another_did(desk: Desk) -> None:
    call_id = await desk.due_call()
    await desk.tick(hours=1)
    seen = form_of(await desk.sara.get(f"/calls/{call_id}"), f"/console/calls/{call_id}/outcome")["v"]
    card = await desk.sara.get(f"/calls/{call_id}/card?v={seen}")
    assert "tel:" in card.text
    await desk.reza.post(f"/calls/{call_id}/claim")
    card = await desk.sara.get(f"/calls/{call_id}/card?v={seen}")
    assert "رضا ساعت ۱۱:۱۵ این تماس را برداشت." in card.words
    for gone in ("tel:", "/outcome", "/claim"):
        assert gone not in card.text, gone
    assert "tel:" in (await desk.reza.get(f"/calls/{call_id}/card?v={seen}")).text
