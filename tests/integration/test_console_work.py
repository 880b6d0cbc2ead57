"""A day's work in the console: calls, deposits, orders, texts that are stuck."""

import asyncio
import re

import pytest
from console_browser import ISFAHAN, Desk, hire
from redis.asyncio import Redis
from shops import Client, StandardShop, send_all

from notifier.clock import StillClock
from notifier.domain.calls import CallState
from notifier.domain.events import EventType
from notifier.domain.messages import MessageState
from notifier.service.process import Service
from notifier.simulator import Simulator
from notifier.store import keys as names


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire(service)
    found = Desk(client, shop, service, clock)
    await found.open()
    return found


async def test_nothing_to_do_is_said(desk: Desk) -> None:
    assert "تماسی در پیش نیست" in (await desk.sara.get("/")).words
    assert "واریزی منتظر نیست" in (await desk.sara.get("/deposits")).words
    assert "هنوز سفارشی نرسیده است" in (await desk.sara.get("/orders")).words


@pytest.mark.parametrize("partitions", [1, 5])
async def test_a_call_from_the_list_to_its_outcome(desk: Desk) -> None:
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    page = await agent.get("/")
    for said in ("هم‌اکنون", "سارا محمدی", "۰۹۱۲ ۱۲۳ ۴۵۶۷", "اطمینان‌بخشی پس از پرداخت", "بگویید", "۱۸٬۵۰۰٬۰۰۰ تومان"):
        assert said in page.words
    assert 'href="tel:09121234567"' in page.text
    page = await agent.post(f"/calls/{call_id}/claim")
    assert "در دست شما تا" in page.words
    page = await agent.post(f"/calls/{call_id}/outcome", outcome="no_answer", note="عصر خانه است")
    assert "تماس بعدی امروز ۱۲:۱۵" in page.words
    call = await desk.call(call_id)
    assert (call.state, call.tried, call.history[-1].note) == (CallState.SCHEDULED, {"no_answer": 1}, "عصر خانه است")
    await desk.tick(hours=2)
    page = await agent.get(f"/calls/{call_id}")
    assert "۱ بار تلاش شده" in page.words
    assert "عصر خانه است" in page.words
    await agent.post(f"/calls/{call_id}/outcome", outcome="reached")
    assert (await desk.call(call_id)).state is CallState.DONE
    refused = await agent.post(f"/calls/{call_id}/outcome", outcome="reached")
    assert refused.status == 409
    assert "به پایان رسیده" in refused.words


@pytest.mark.parametrize("partitions", [1, 5])
async def test_two_want_one_call(desk: Desk) -> None:
    call_id = await desk.due_call()
    await desk.tick(hours=1)  # nobody touched it: it is anyone's
    assert (await desk.call(call_id)).assignee is None
    pages = [await one.get("/") for one in (desk.sara, desk.reza)]
    assert all("بدون مسئول" in page.words and "برداشتن" in page.words for page in pages)
    answers = await asyncio.gather(*(one.post(f"/calls/{call_id}/claim") for one in (desk.sara, desk.reza)))
    assert sorted(page.status for page in answers) == [200, 409]
    loser = next(page for page in answers if page.status == 409)
    holder = (await desk.call(call_id)).assignee
    assert {"sara": "سارا", "reza": "رضا"}[holder] in loser.words
    assert "در دست دارد" in loser.words


async def test_call_me_later_in_two_taps(desk: Desk) -> None:
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    page = await agent.get(f"/calls/{call_id}")
    guesses = dict(re.findall(r'name="quick" value="(\d+)">([^<]+)<', page.text))
    at = next(at for at, label in guesses.items() if label == "فردا ۱۰:۰۰")
    page = await agent.post(f"/calls/{call_id}/outcome", quick=at, kind="callback", note="")
    assert "تماس بعدی فردا ۱۰:۰۰" in page.words
    call = await desk.call(call_id)
    assert (call.due, call.fixed, call.tried) == (int(at), True, {"callback": 1})


async def test_call_me_on_a_day_of_the_jalali_calendar(desk: Desk) -> None:
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    page = await agent.get(f"/calls/{call_id}")
    assert 'value="2026-11-28" aria-label="شنبه ۷ آذر"' in page.text
    assert 'value="2026-11-27" aria-label="جمعه ۶ آذر، تعطیل"' in page.text
    form = {"outcome": "callback", "day": "2026-11-28", "hour": "11", "minute": "30"}
    page = await agent.post(f"/calls/{call_id}/outcome", kind="snooze", **form)
    assert "شنبه ۷ آذر، ۱۱:۳۰" in page.words
    call = await desk.call(call_id)
    assert (f"{call.due_at:%m-%d %H:%M}", call.tried) == ("11-28 11:30", {})  # put off, not tried


@pytest.mark.parametrize(
    "form",
    [
        {"outcome": "sold"},
        {},
        {"outcome": "callback"},
        {"outcome": "callback", "day": "2026-11-22", "hour": "10", "minute": "00"},
        {"outcome": "callback", "day": "2026-13-40", "hour": "10", "minute": "00"},
        {"quick": "9" * 30},
        {"quick": "no time"},
    ],
)
async def test_what_cannot_be_followed_is_refused(desk: Desk, form: dict[str, str]) -> None:
    call_id = await desk.due_call()
    before = await desk.call(call_id)
    agent = await desk.whose(call_id)
    assert (await agent.post(f"/calls/{call_id}/outcome", **form)).status == 422
    assert await desk.call(call_id) == before
    assert (await agent.post("/calls/4711/claim")).status == 404


@pytest.mark.parametrize("partitions", [1, 5])
async def test_a_confirmed_deposit_sends_the_stages(desk: Desk, clock: StillClock, simulator: Simulator) -> None:
    planned = await desk.deposit()
    await desk.event(EventType.PREPARING, customer=ISFAHAN)
    await send_all(desk.service, clock)
    order = await desk.sara.get("/orders/shop/10025")
    assert "پیامک «آماده‌سازی» ارسال نشد" in order.words
    assert "هنوز پرداختی تأیید نشده است" in order.words
    page = await desk.sara.get("/deposits")
    assert "778899" in page.words
    page = await desk.sara.post("/deposits/shop/10025", deposit="confirmed", seen="۱۸٬۵۰۰٬۰۰۰")
    assert "واریز سفارش ۱۰۰۲۵ تأیید شد" in page.words
    assert "واریزی منتظر نیست" in page.words
    await send_all(desk.service, clock)
    told = "\n".join(message.text for message in simulator.messages)
    assert "تأیید شد" in told
    order = await desk.sara.get("/orders/shop/10025")
    assert "واریز تأیید شد" in order.words
    assert "پیامک: آماده‌سازی" in order.words
    call = await desk.call(planned["calls"][0]["id"])
    assert (call.state, call.history[-1].by) == (CallState.DONE, "sara")
    again = await desk.reza.post("/deposits/shop/10025", deposit="rejected")
    assert again.status == 409
    assert "پیش‌تر بررسی شده" in again.words


async def test_a_rejected_deposit_leaves_the_rest_of_the_call(desk: Desk) -> None:
    planned = await desk.deposit()
    await desk.sara.get("/orders/shop/10025")
    await desk.sara.post("/orders/shop/10025/call", purpose="callback", when="hour", once="1")
    await desk.sara.post("/deposits/shop/10025", deposit="rejected")
    order = await desk.sara.get("/orders/shop/10025")
    assert "واریز دیده نشد" in order.words
    assert "به گزارش سارا" in order.words
    call = await desk.call(planned["calls"][0]["id"])
    assert call.is_open
    assert "verify_deposit" not in {reason.purpose for reason in call.reasons}


async def test_a_call_at_a_time_of_ones_own(desk: Desk) -> None:
    await desk.event(EventType.REGISTERED)
    page = await desk.sara.get("/orders/shop/10025")
    assert 'name="day" value="2026-11-27" aria-label="جمعه ۶ آذر، تعطیل"' in page.text
    form = {"purpose": "callback", "when": "own", "day": "2026-11-27", "hour": "11", "minute": "30", "once": "1"}
    page = await desk.sara.post("/orders/shop/10025/call", **form)
    assert "تماس برای جمعه ۶ آذر، ۱۱:۳۰ برنامه‌ریزی شد" in page.words  # a day off, if that is what was agreed
    refused = await desk.sara.post("/orders/shop/10025/call", **form | {"day": "2026-11-01", "once": "2"})
    assert refused.status == 422
    assert (await desk.sara.post("/orders/shop/10025/call", purpose="callback", when="own")).status == 422


@pytest.mark.parametrize(
    "query", ["10025", "۱۰۰۲۵", "٠٩١٢١٢٣٤٥٦٧", "+98 912 123 4567", "123456789012345678901234", "۱۲۳۴۵۶۷۸۹", "#10025"]
)
async def test_an_order_is_found_by_what_the_customer_reads_out(desk: Desk, query: str) -> None:
    await desk.event(EventType.PAID)
    await desk.event(EventType.SHIPPED)
    page = await desk.sara._ask("GET", "/orders", params={"q": query})
    assert page.headers.get("Location") == "/console/orders/shop/10025"


async def test_nothing_found_is_said(desk: Desk) -> None:
    page = await desk.sara._ask("GET", "/orders", params={"q": '<script>alert("1")</script>'})
    assert "سفارشی پیدا نشد" in page.words
    assert "<script>alert" not in page.text
    assert (await desk.sara.get("/orders/shop/none")).status == 404


async def test_names_from_shops_cannot_become_markup(desk: Desk) -> None:
    nasty = {"name": '<img src=x onerror="x()">', "phone": "09121234567", "city": "تهران"}
    await desk.event(EventType.PAID, customer=nasty)
    for path in ("/orders", "/orders/shop/10025", "/priority"):
        assert "<img" not in (await desk.sara.get(path)).text


async def test_what_can_be_done_about_an_order(desk: Desk, redis: Redis) -> None:
    await desk.event(EventType.PAID)
    page = await desk.sara.get("/orders/shop/10025")
    assert "تحویل با اولویت" in page.words
    page = await desk.sara.post("/orders/shop/10025/texts", texts="stop")
    assert "پیامک نمی‌خواهد" in page.words
    key = names.Keys(0).opted_out
    assert await redis.sismember(key, "09121234567")
    await desk.sara.post("/orders/shop/10025/texts", texts="start")
    assert not await redis.sismember(key, "09121234567")
    draft = await desk.sara._ask("GET", "/orders/shop/10025/write", params={"template": "payment_succeeded_tehran"})
    once = re.search(r'name="once" value="(\w+)"', draft.text)
    assert once
    form = {"template": "payment_succeeded_tehran", "once": once[1]}
    before = await redis.zcard(names.Keys(0).messages(MessageState.QUEUED))
    await desk.sara.post("/orders/shop/10025/write", **form)
    await desk.sara.post("/orders/shop/10025/write", **form)  # an impatient second tap
    assert await redis.zcard(names.Keys(0).messages(MessageState.QUEUED)) == before + 1
    staff_text = {"template": "call_due", "once": "2"}
    assert (await desk.sara.post("/orders/shop/10025/write", **staff_text)).status == 422


async def test_a_call_is_added_once_and_joins_the_open_one(desk: Desk) -> None:
    planned = (await desk.event(EventType.PAID))["calls"][0]["id"]
    form = {"purpose": "callback", "when": "hour", "once": "1"}
    for _ in range(2):  # an impatient second tap
        page = await desk.sara.post("/orders/shop/10025/call", **form)
    assert "تماس برای امروز ۱۱:۰۰ برنامه‌ریزی شد" in page.words
    reasons = [reason.purpose for reason in (await desk.call(planned)).reasons]
    assert reasons.count("callback") == 1
    assert len(reasons) == 2
    for wrong in ({"purpose": "nothing", "when": "now"}, {"purpose": "callback", "when": "whenever"}):
        assert (await desk.sara.post("/orders/shop/10025/call", **wrong)).status == 422


async def test_sending_again_only_where_it_is_safe(desk: Desk, clock: StillClock, redis: Redis) -> None:
    answer = await desk.event(EventType.PAID)
    message = answer["messages"][0]["id"]
    await send_all(desk.service, clock)
    page = await desk.sara.get("/orders/shop/10025")
    assert "ارسال دوباره یعنی دو پیامک" in page.words
    refused = await desk.sara.post(f"/messages/0/{message}/again")
    assert refused.status == 422
    keys = names.Keys(0)
    state = (await desk.service.reader.messages([(keys, message)]))[0].state
    await redis.hset(keys.message(message), "state", MessageState.HELD)
    await redis.zrem(keys.messages(state), message)
    await redis.zadd(keys.messages(MessageState.HELD), {message: 1})
    page = await desk.sara.get("/messages")
    assert "منتظر تصمیم شما" in page.words
    page = await desk.sara.post(f"/messages/0/{message}/again")
    assert "دوباره در صف" in page.words
    assert (await desk.service.reader.messages([(keys, message)]))[0].state is MessageState.QUEUED


async def test_parked_events_are_shown(desk: Desk) -> None:
    answer = await desk.shop.post(
        {"type": "order.packed", "timestamp": desk.clock.now().isoformat(), "data": {"order_id": "777"}}
    )
    assert answer.body["parked"]
    page = await desk.sara.get("/parked")
    assert "سفارش ۷۷۷" in page.words
    assert "بسته‌بندی شد" in page.words
    assert "هنوز سفارشی" in (await desk.sara.post("/parked/replay")).words


async def test_a_supervisor_moves_calls(desk: Desk) -> None:
    call_id = await desk.due_call()
    holder = (await desk.call(call_id)).assignee
    other = {"sara": "reza", "reza": "sara"}[holder]
    page = await desk.boss.get(f"/desk?who={holder}")
    assert "سر کار" in page.words
    assert call_id in page.text
    assert "۱ تماس به" in (await desk.boss.post("/desk/move", call=call_id, to=other)).words
    assert (await desk.call(call_id)).assignee == other
    await desk.boss.post("/desk/move", call=call_id, to="")
    assert (await desk.call(call_id)).assignee is None
    assert (await desk.boss.post("/desk/move", call=call_id, to="nobody")).status == 422
    assert (await desk.boss.post("/desk/move", to="sara")).status == 422


async def test_texts_with_parts_and_versions(desk: Desk) -> None:
    assert "پرداخت موفق" in (await desk.sara.get("/texts")).words
    page = await desk.sara.get("/texts/payment_succeeded_tehran")
    for said in ("کوتاه‌ترین", "بلندترین", "صفحه", "در کار", "۱۸٬۵۰۰٬۰۰۰ تومان"):
        assert said in page.words
    assert (await desk.sara.get("/texts/none")).status == 404


async def test_news_reaches_an_open_page(desk: Desk) -> None:
    await desk.event(EventType.PAID)
    headers = {"Cookie": f"console={desk.sara.cookies['console']}"}
    async with asyncio.timeout(10), desk.sara.client.get("/console/live", headers=headers) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert await stream.content.readuntil(b"\n\n") == b"event: changed\ndata: look\n\n"
        await desk.tick()
        await desk.tick(hours=1)
        await stream.content.readuntil(b"event: changed\ndata: look\n\n")
    await desk.sara.post("/logout")


async def test_the_console_says_when_the_store_is_away(desk: Desk, redis: Redis) -> None:
    await redis.set("n:staff", "not a hash")  # every look at it is an error of the store
    page = await desk.sara.get("/")
    assert page.status == 503
    assert "پایگاه داده" in page.words


async def test_a_mistake_of_ours_is_a_page_too(desk: Desk, redis: Redis) -> None:
    await desk.event(EventType.PAID)
    await redis.set(names.Keys(0).order("shop", "10025"), "{}")  # a record that cannot be read
    page = await desk.sara.get("/orders/shop/10025")
    assert page.status == 500
    assert "خطایی از ما بود" in page.words
