"""What is written to a customer by hand, the conversation in one column, the inbox, and how stuck texts end."""

import re
from datetime import timedelta

import pytest
from console_browser import ISFAHAN, Browser, Desk, Page, hire
from redis.asyncio import Redis
from shops import Client, StandardShop, send_all

from notifier.clock import StillClock
from notifier.domain.calls import CallState
from notifier.domain.events import EventType
from notifier.domain.messages import MessageState
from notifier.service.process import Service
from notifier.simulator import Simulator
from notifier.sms import inbox
from notifier.store import audit
from notifier.store.audit import Act, Wanted
from notifier.store.keys import Keys, partition_of

PHONE = "09121234567"
TALK = "/orders/shop/10025/conversation"


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire(service)
    found = Desk(client, shop, service, clock)
    await found.open()
    await found.event(EventType.PAID)
    await send_all(service, clock)
    return found


async def says(desk: Desk, text: str, number: int = 1) -> None:
    await desk.service.sending.inbox.receive(f"in-{number}", PHONE, text)


async def write(browser: Browser, text: str, at: str = TALK, do: str = "send", once: str = "") -> Page:
    page = await browser.get(TALK)
    found = re.search(r'name="once" value="(\w+)"', page.text)
    return await browser.post(at, text=text, do=do, once=once or (found[1] if found else ""))


async def acts(desk: Desk) -> list[Act]:
    return [entry.act async for _, entry in audit.read(desk.service.reader, Wanted())]


def queued(desk: Desk) -> Keys:
    return Keys(partition_of(PHONE, desk.service.reader.partitions))


@pytest.mark.parametrize("partitions", [1, 3])
async def test_a_text_by_hand_leaves_once_as_it_was_shown(desk: Desk, simulator: Simulator, redis: Redis) -> None:
    page = await write(desk.sara, "سفارش شما فردا ميرسد ,ممنون", do="preview")
    assert "سفارش شما فردا می‌رسد،" in page.words
    assert "۱ صفحه" in page.words
    assert "درست شد" in page.words
    for _ in range(2):  # an impatient second tap
        page = await write(desk.sara, "سفارش شما فردا می‌رسد.", once="abc")
    assert "در صف ارسال" in page.words
    assert await redis.zcard(queued(desk).messages(MessageState.QUEUED)) == 1
    await send_all(desk.service, desk.clock)
    texts = [one.text for one in simulator.messages]
    assert texts.count("سفارش شما فردا می‌رسد.\nشیائومی سیتی") == 1
    assert (await acts(desk)).count(Act.TEXT_WRITTEN) == 1
    assert "سفارش شما فردا می‌رسد." in (await desk.reza.get("/orders/shop/10025")).words


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "متنی نوشته نشده"),
        ("سلام " * 190, "بلندتر از اندازه"),
        ("به ۶۱۰۴-۳۳۷۷-۱۱۱۱-۲۲۲۲ واریز کنید", "مال فروشگاه نیست"),
        ("شبا IR06 0120 0000 0000 1234 5678 90 12", "مال فروشگاه نیست"),
        ("این‌جا بزنید: https://evil.example/pay", "از فروشگاه یا شرکت ارسال"),
        ("evil.example/pay را ببینید", "از فروشگاه یا شرکت ارسال"),
    ],
)
async def test_what_cannot_be_sent_is_said_and_what_was_typed_stays(
    desk: Desk, redis: Redis, text: str, why: str
) -> None:
    page = await write(desk.sara, text)
    assert page.status == 422
    assert why in page.words
    assert text[:30] in page.text
    assert await redis.zcard(queued(desk).messages(MessageState.QUEUED)) == 0


async def test_who_wants_no_texts_gets_none(desk: Desk, redis: Redis) -> None:
    await desk.sara.post("/orders/shop/10025/texts", texts="stop")
    page = await desk.sara.get(TALK)
    assert "نخواسته است پیامک بگیرد" in page.words
    assert "<textarea" not in page.text
    page = await desk.sara.post(TALK, text="سلام، خوبید؟", do="send", once="x")
    assert (page.status, "نخواسته است پیامک بگیرد" in page.words) == (422, True)
    assert await redis.zcard(queued(desk).messages(MessageState.QUEUED)) == 0
    await desk.event(EventType.PREPARING)  # no essential text
    page = await desk.sara._ask("GET", "/orders/shop/10025/write", params={"template": "order_preparing"})
    assert "این متن به او نمی‌رسد" in page.words
    assert (await desk.sara.post("/orders/shop/10025/write", template="order_preparing", once="y")).status == 422


async def test_so_many_to_a_customer_in_a_day(desk: Desk) -> None:
    for number in range(5):
        assert "در صف ارسال" in (await write(desk.sara, f"پیام شمارهٔ {number} ما")).words
    assert "سقف پیامک دستی" in (await desk.sara.get(TALK)).words
    desk.clock.turn(timedelta(minutes=5))
    page = await desk.reza.post(TALK, text="یکی دیگر", do="send", once="z")
    assert (page.status, "به این مشتری" in page.words) == (422, True)
    desk.clock.turn(timedelta(days=1, minutes=1))
    assert "سقف پیامک" not in (await desk.sara.get(TALK)).words


async def test_so_many_by_one_of_the_staff_in_an_hour(desk: Desk) -> None:
    for number in range(20):
        phone = f"0912000{number:04}"
        await desk.event(EventType.PAID, f"3{number:04}", customer=ISFAHAN | {"phone": phone})
    at = [f"/orders/shop/3{number:04}/conversation" for number in range(20)]
    for each in at:
        assert (await desk.sara.post(each, text="سلام، در خدمتیم.", do="send", once="a")).status == 200
    page = await desk.sara.post(TALK, text="سلام، در خدمتیم.", do="send", once="a")
    assert (page.status, "در این یک ساعت" in page.words) == (422, True)
    assert (await desk.reza.post(TALK, text="سلام، در خدمتیم.", do="send", once="a")).status == 200


async def test_at_night_it_waits_for_the_morning(desk: Desk, redis: Redis) -> None:
    desk.clock.turn(timedelta(hours=13))
    page = await write(desk.sara, "سفارش شما فردا می‌رسد.")
    assert "فردا ۰۸:۰۰ ارسال می‌شود" in page.words


async def test_only_texts_that_fit_are_offered(desk: Desk) -> None:
    page = await desk.sara.get("/orders/shop/10025")
    assert 'value="payment_succeeded_tehran"' in page.text
    assert 'value="order_cancelled_prepaid"' not in page.text
    assert 'value="payment_failed"' not in page.text
    assert (
        await desk.sara.post("/orders/shop/10025/write", template="order_cancelled_prepaid", once="q")
    ).status == 422
    await desk.event(EventType.CANCELLED)
    page = await desk.sara.get("/orders/shop/10025")
    assert 'value="order_cancelled_prepaid"' in page.text
    assert 'value="payment_succeeded_tehran"' not in page.text


@pytest.mark.parametrize("partitions", [1, 3])
async def test_a_reply_waits_until_it_is_answered(desk: Desk, redis: Redis) -> None:
    await says(desk, "کی می‌رسد؟")
    page = await desk.sara.get("/inbox")
    for said in ("کی می‌رسد؟", "سارا محمدی", "صندوق پیام‌ها ۱ منتظر", "تماس باز او"):
        assert said in page.words
    assert PHONE not in page.text.replace(f"tel:{PHONE}", "")
    ref = inbox.ref(PHONE)
    page = await desk.sara.post(f"/inbox/{ref}", do="assign", to="sara")
    assert "سپرده شد" in page.words
    assert (await desk.reza.post(f"/inbox/{ref}", do="assign", to="reza")).status == 403
    assert (await desk.boss.post(f"/inbox/{ref}", do="assign", to="reza")).status == 200
    talk = await desk.reza.get(f"/inbox/{ref}")
    assert "کی می‌رسد؟" in talk.words
    assert "پرداخت موفق" in talk.words
    assert f'action="/console{TALK}#write"' in talk.text
    desk.clock.turn(timedelta(minutes=5))
    page = await desk.reza.post(TALK, text="فردا پیش از ظهر می‌رسد.", do="send", once="a")
    assert "در صف ارسال" in page.words
    assert "صندوق خالی" in (await desk.sara.get("/inbox")).words
    found = await acts(desk)
    assert found.count(Act.REPLY_ASSIGNED) == 2
    talk = await desk.sara.get(TALK)
    assert talk.words.index("فردا پیش از ظهر") < talk.words.index("کی می‌رسد؟")
    call_id = await redis.hget(queued(desk).open_calls, PHONE)
    if call_id:  # what was answered is no reason to call any more
        assert "callback" not in {one.purpose for one in (await desk.call(call_id.decode())).reasons}


async def test_done_is_done_unless_they_wrote_again(desk: Desk) -> None:
    await says(desk, "کی می‌رسد؟")
    ref = inbox.ref(PHONE)
    await says(desk, "لطفاً جواب بدهید", 2)
    assert (await desk.sara.post(f"/inbox/{ref}", do="done", read="1")).status == 409
    page = await desk.sara.post(f"/inbox/{ref}", do="done", read="2")
    assert "پایان یافت" in page.words
    assert (await desk.reza.post(f"/inbox/{ref}", do="done", read="2")).status == 404
    assert Act.REPLY_SEEN_TO in await acts(desk)


async def test_a_reply_of_a_stranger_is_answered_too(desk: Desk, simulator: Simulator) -> None:
    await desk.service.sending.inbox.receive("x", "09350001122", "شمارهٔ فروشگاه چند است؟")
    ref = inbox.ref("09350001122")
    assert "سفارشی از این شماره نیست" in (await desk.sara.get(f"/inbox/{ref}")).words
    await desk.sara.post(f"/inbox/{ref}/write", text="سلام، با پشتیبانی تماس بگیرید.", do="send", once="a")
    await send_all(desk.service, desk.clock)
    assert any(one.receptor == "09350001122" for one in simulator.messages)


async def test_what_is_no_question_waits_for_nobody(desk: Desk) -> None:
    await says(desk, "لغو۱۱")
    assert "صندوق خالی" in (await desk.sara.get("/inbox")).words


async def stuck(desk: Desk, redis: Redis, state: MessageState, reason: str = "") -> str:
    """The text about the payment, as if this had become of it."""
    keys = queued(desk)
    (found,) = await redis.zrange(keys.messages(MessageState.ACCEPTED), 0, 0)
    unit = redis.pipeline()
    unit.zrem(keys.messages(MessageState.ACCEPTED), found)
    unit.zadd(keys.messages(state), {found: 1})
    unit.hset(keys.message(found.decode()), mapping={"state": state, "reason": reason})
    await unit.execute()
    return found.decode()


@pytest.mark.parametrize(
    ("state", "reason", "end", "after"),
    [
        (MessageState.UNDELIVERED, "", "arrived", MessageState.DELIVERED),
        (MessageState.UNDELIVERED, "", "given_up", MessageState.UNDELIVERED),
        (MessageState.UNDELIVERED, "", "by_phone", MessageState.UNDELIVERED),
        (MessageState.HELD, "maybe_sent", "arrived", MessageState.DELIVERED),
        (MessageState.HELD, "number_hour", "given_up", MessageState.CANCELLED),
        (MessageState.HELD, "number_hour", "by_phone", MessageState.CANCELLED),
        (MessageState.FAILED, "", "given_up", MessageState.FAILED),
        (MessageState.BLOCKED, "", "by_phone", MessageState.BLOCKED),
    ],
)
async def test_a_stuck_text_ends(
    desk: Desk, redis: Redis, state: MessageState, reason: str, end: str, after: MessageState
) -> None:
    message, keys = await stuck(desk, redis, state, reason), queued(desk)
    page = await desk.sara.get("/messages")
    assert f'value="{end}"' in page.text
    assert len((await desk.sara.get("/messages?as=csv")).text.splitlines()) > 1
    assert "پیامک‌های نیازمند رسیدگی ۱ منتظر" in page.words
    page = await desk.sara.post(f"/messages/0/{message}/end", end=end, state=state)
    assert f"state={state}" in page.text  # where it was pressed
    assert "همه چیز روبه‌راه است" in page.words
    assert "۱ منتظر" not in page.words
    sheet = await desk.sara.get("/messages?as=csv")
    assert len(sheet.text.splitlines()) == 1, "what was seen to is in no list, and so in no sheet"
    assert await redis.hget(keys.message(message), "state") == after.encode()
    (stored,) = await desk.service.reader.messages([(keys, message)])
    assert {"arrived": Act.TEXT_ARRIVED, "given_up": Act.TEXT_GIVEN_UP, "by_phone": Act.TEXT_BY_PHONE}[
        end
    ] in await acts(desk)
    calls = [one for one in CallState if await redis.zcard(keys.calls(one))]
    assert calls
    call_id = await redis.hget(keys.open_calls, PHONE)
    purposes = {one.purpose for one in (await desk.call(call_id.decode())).reasons}
    assert ("undelivered_sms" in purposes) == (end == "by_phone")
    assert stored.message.to == PHONE


async def test_what_surely_was_not_sent_has_not_arrived(desk: Desk, redis: Redis) -> None:
    message = await stuck(desk, redis, MessageState.HELD, "number_hour")
    assert 'value="arrived"' not in (await desk.sara.get("/messages")).text
    assert (await desk.sara.post(f"/messages/0/{message}/end", end="arrived")).status == 422
    assert (await desk.sara.post(f"/messages/0/{message}/end", end="burnt")).status == 422


async def test_a_call_and_an_order_lead_to_the_conversation(desk: Desk) -> None:
    customer = {"name": "مهسا کریمی", "phone": "09121112233", "city": "تهران"}
    call_id = (await desk.event(EventType.PAID, "10026", customer=customer))["calls"][0]["id"]
    for path in (f"/calls/{call_id}", "/orders/shop/10026"):
        page = await desk.sara.get(path)
        assert (page.status, 'href="/console/orders/shop/10026/conversation"' in page.text) == (200, True), path
    assert (await desk.sara.get("/orders/shop/10026/conversation")).status == 200


@pytest.mark.parametrize("partitions", [1, 3])
async def test_who_has_no_order_is_found_by_phone_after_it_was_seen_to(desk: Desk, simulator: Simulator) -> None:
    stranger = "09351112233"
    assert (await desk.sara.get(f"/conversation?phone={stranger}")).status == 404
    await desk.service.sending.inbox.receive("in-9", stranger, "سلام، ساعت کاری شما چیست؟")
    ref = inbox.ref(stranger)
    assert "ساعت کاری" in (await desk.sara.get(f"/inbox/{ref}")).words
    await desk.sara.post(f"/inbox/{ref}", do="done", read="1")
    assert (await desk.sara.get(f"/inbox/{ref}")).status == 404
    for typed in (stranger, "۰۹۳۵ ۱۱۱ ۲۲۳۳", "+989351112233"):
        page = await desk.sara._ask("GET", "/orders", params={"q": typed})
        assert "گفتگو با این شماره" in page.words, typed
    at = f"/conversation?phone={stranger}"
    assert at in page.text
    page = await desk.sara.get(at)
    assert "سلام، ساعت کاری شما چیست؟" in page.words
    once = re.search(r'name="once" value="(\w+)"', page.text)
    assert once
    page = await desk.sara.post(at, text="تا ساعت ۱۸ هستیم.", do="send", once=once[1])
    assert "در صف ارسال است" in page.words
    assert "تا ساعت ۱۸ هستیم." in page.words
    await send_all(desk.service, desk.clock)
    assert [one.receptor for one in simulator.messages if "ساعت ۱۸" in one.text] == [stranger]
    assert "سفارشی پیدا نشد" in (await desk.sara.get("/orders?q=09350000000")).words


@pytest.mark.parametrize("phone", ["", "abc", "0935", "09350000000", "0" * 500, "<script>"])
async def test_a_phone_that_nobody_spoke_with_has_no_conversation(desk: Desk, phone: str) -> None:
    page = await desk.sara._ask("GET", "/conversation", params={"phone": phone})
    assert page.status == 404
    assert "گفتگویی نبوده است" in page.words
